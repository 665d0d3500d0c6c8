//! Cookies and redirects: kept and followed as by a browser.

use stario::prelude::*;
use stario::{Redirect, SetCookie};

use super::app;

stario::app!(local);

#[app::query("/", app = local)]
async fn home(name: Cookie<Option<String>>) -> Response {
    match name.0 {
        Some(name) => html! {
            <h1>{name}</h1>
            <button data-on:click={"@post('/leave')"}>"Leave"</button>
            <a href="https://example.com/help">"Help"</a>
        }
        .into_response(),
        None => Redirect::see_other("/login").into_response(),
    }
}

#[app::query("/login", app = local)]
async fn login() -> Html {
    html! { <form method="post"><input name="name"><button>"Sign in"</button></form> }
}

#[app::command("/login", app = local)]
async fn sign_in(name: FormField<String>) -> Response {
    if name.is_empty() {
        return (StatusCode::UNPROCESSABLE_ENTITY, html! { <p role="alert">"Who?"</p> }).into_response();
    }
    let cookies = (SetCookie::new("name", name.0), SetCookie::new("narrow", "1").path("/admin"));
    (cookies.0, (cookies.1, Redirect::see_other("/"))).into_response()
}

#[app::command("/leave", app = local)]
async fn leave() -> (SetCookie, event::Redirect) {
    (SetCookie::removal("name"), event::redirect("/"))
}

#[app::query("/admin/seen", app = local)]
async fn seen(cookie: Headers<String>) -> String {
    cookie.join("|")
}

#[app::query("/circle", app = local)]
async fn circle() -> Redirect {
    Redirect::see_other("/circle")
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

#[test]
fn somebody_signs_in_and_out() {
    let mut page = client().page("/");
    assert_eq!(page.url(), "/login");
    page.click("button");
    assert_eq!((page.status().as_u16(), page.text("[role=alert]")), (422, "Who?".to_owned()));
    page.goto("/login");
    page.fill("[name=name]", "Ada");
    page.click("button");
    assert_eq!(
        (page.url(), page.text("h1"), page.cookie("name")),
        ("/".to_owned(), "Ada".to_owned(), Some("Ada".to_owned()))
    );
    page.click("button");
    assert_eq!((page.url(), page.cookie("name")), ("/login".to_owned(), None));
    page.set_cookie("name", "Grace");
    page.goto("/");
    assert_eq!(page.text("h1"), "Grace");
}

#[test]
fn a_client_shares_its_cookies_with_its_pages() {
    let client = client().keep_cookies();
    client.post("/login").field("name", "Ada").send();
    assert_eq!(client.page("/").text("h1"), "Ada");
    assert_eq!(client.get("/admin/seen").send().text(), "narrow=1; name=Ada");
    assert_eq!(client.get("/admin/seen").cookie("name", "Eve").send().text(), "name=Eve; narrow=1");
    client.clone().post("/leave").send();
    assert_eq!(client.page("/").url(), "/login");
    assert_eq!(client.get("/admin/seen").send().text(), "narrow=1");
    // Without a jar nothing is kept.
    let client = self::client();
    client.post("/login").field("name", "Ada").send();
    assert_eq!(client.get("/").send().status(), 303);
}

#[test]
fn a_response_is_searched() {
    let res = client().get("/login").send();
    assert_eq!(res.find("form button").len(), 1);
    let [input] = &res.find("input")[..] else { panic!("{}", res.text()) };
    assert_eq!(
        (input.attr("name"), input.attr("id"), input.html()),
        (Some("name"), None, r#"<input name="name">"#)
    );
}

#[test]
fn another_site_is_not_opened() {
    let mut page = client().page("/login");
    page.fill("[name=name]", "Ada");
    page.click("button");
    page.click("a");
    assert_eq!(page.url(), "https://example.com/help");
    let message = super::failure(move || {
        page.text("h1");
    });
    assert_eq!(message, "the page went to another site, https://example.com/help");
    let message = super::failure(|| {
        client().page("/circle");
    });
    assert_eq!(message, "GET /circle: the app redirects without an end, at last to http://localhost/circle");
}
