//! Sessions and messages, in a page.

use stario::prelude::*;
use stario::{Flash, Redirect, Session, Sessions};

use super::app;

stario::app!(local);

#[app::query("/", app = local)]
async fn home(session: Session<()>, flash: Flash) -> Response {
    let Some(user) = session.user() else { return Redirect::see_other("/login").into_response() };
    html! {
        for message in flash.take() { <p role="status">{message}</p> }
        <h1>{user}</h1>
        <button data-on:click={"@post('/leave')"}>"Leave"</button>
    }
    .into_response()
}

#[app::query("/login", app = local)]
async fn login(flash: Flash) -> Html {
    html! {
        for message in flash.take() { <p role="status">{message}</p> }
        <form method="post"><input name="name"><button>"Sign in"</button></form>
    }
}

#[app::command("/login", app = local)]
async fn sign_in(name: FormField<String>, session: Session<()>, flash: Flash) -> Result<Redirect> {
    session.log_in(&*name, |()| ()).await?;
    flash.push("Welcome.")?;
    Ok(Redirect::see_other("/"))
}

#[app::command("/leave", app = local)]
async fn leave(session: Session<()>, flash: Flash) -> Result<event::Redirect> {
    session.log_out().await?;
    flash.push("Come back soon.")?;
    Ok(event::redirect("/login"))
}

#[test]
fn a_page_has_a_session_and_shows_a_message_once() {
    let app = local::new().state(Sessions::<()>::in_memory());
    let client = TestClient::new(app);
    let mut page = client.page("/");
    page.fill("[name=name]", "Ada");
    page.click("button");
    assert_eq!((page.text("h1"), page.text("[role=status]")), ("Ada".to_owned(), "Welcome.".to_owned()));
    page.goto("/");
    assert_eq!((page.text("h1"), page.count("[role=status]")), ("Ada".to_owned(), 0));
    page.click("button");
    assert_eq!(page.text("[role=status]"), "Come back soon.");
    page.goto("/");
    assert_eq!(page.url(), "/login");
}
