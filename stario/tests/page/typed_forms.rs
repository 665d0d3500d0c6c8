//! A form as a page shows it, sent by a browser alone and by Datastar.

// The page takes its parts by value, so that a handler is short.
#![allow(clippy::needless_pass_by_value)]

use garde::Validate;
use stario::action::ContentType;
use stario::prelude::*;

use super::app;

stario::app!(local);

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Small,
    Large,
}

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct SignUp {
    #[garde(email)]
    email: String,
    #[form(secret)]
    #[garde(length(min = 8))]
    password: String,
    plan: Plan,
    #[serde(default)]
    news: bool,
}

fn form(form: &Form<SignUp>) -> Html {
    html! {
        <form id="signup" method="post" action={sign_up::url()} novalidate
            data-on:submit={sign_up::action().content_type(ContentType::Form)}>
            let email = form.field(SignUp::email());
            <label>"E-mail "<input type="email" {..email.input()}></label>{email.message()}
            let password = form.field(SignUp::password());
            <label>"Password "<input type="password" {..password.input()}></label>{password.message()}
            let plan = form.field(SignUp::plan());
            <label>"Plan "<select {..plan.control()}>
                <option value="">"Choose one"</option>
                <option {..plan.option("small")}>"Small"</option>
                <option {..plan.option("large")}>"Large"</option>
            </select></label>{plan.message()}
            <label><input type="checkbox" {..form.field(SignUp::news()).checkbox()}>" Send me news"</label>
            <button>"Sign up"</button>
        </form>
    }
}

fn page(form: Html) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en"><head><title>"Sign up"</title></head><body><h1>"Sign up"</h1>{form}</body></html>
    }
}

#[app::query("/signup", app = local)]
async fn sign_up_page() -> Html {
    page(form(&Form::empty()))
}

#[app::command("/signup", app = local)]
async fn sign_up(mut sent: Form<SignUp>) -> Response {
    if sent.value().is_some_and(|new| new.email == "ada@example.com") {
        sent.reject(SignUp::email(), "This address has an account already.");
    }
    let Some(new) = sent.value() else { return sent.refusal(form(&sent), page) };
    let plan = if let Plan::Large = new.plan { "large" } else { "small" };
    sent.redirect(welcome::url().plan(plan).news(new.news))
}

#[app::query("/welcome", app = local)]
async fn welcome(plan: QueryParam<String>, #[default(false)] news: QueryParam<bool>) -> Html {
    page(html! { <p>{plan} if *news { ", with news" }</p> })
}

/// The form without Datastar's attribute, as a browser alone sends it.
#[app::query("/plain", app = local)]
async fn plain() -> Html {
    page(html! {
        <form id="plain" method="post" action={sign_up::url()} novalidate>
            <input name="email"><input name="password"><input name="plan"><input type="checkbox" name="news" value="true">
            <button>"Sign up"</button>
        </form>
    })
}

const ALL: [&str; 3] =
    ["This is not an e-mail address.", "Write at least 8 characters.", "Choose one of these: small, large."];

#[test]
fn datastar_gets_the_form_with_its_problems() {
    let mut page = TestClient::new(local::new()).page("/signup");
    assert_eq!(page.count("[aria-invalid]"), 0);
    page.fill("[name=email]", "ada");
    page.fill("[name=password]", "short");
    page.click("button");
    assert_eq!(page.texts(".problem"), [ALL[0], ALL[1], "Fill this in."]);
    assert_eq!(page.value("[name=email]"), "ada");
    let described = page.attr("[name=email]", "aria-describedby");
    assert_eq!(described.as_deref(), Some("email-problem"));
    assert_eq!(page.text("#email-problem"), ALL[0]);
    assert_eq!(page.attr("[name=email]", "autofocus").as_deref(), Some(""));
    assert_eq!(page.attr("[name=plan]", "autofocus"), None);

    page.fill("[name=email]", "ada@example.com");
    page.fill("[name=password]", "long enough");
    page.select("[name=plan]", "large");
    page.check("[name=news]");
    page.click("button");
    assert_eq!(page.texts(".problem"), ["This address has an account already."]);
    assert!(page.is_checked("[name=news]"));

    page.fill("[name=email]", "bob@example.com");
    page.click("button");
    assert_eq!(page.url(), "/welcome?plan=large&news=true");
}

#[test]
fn a_browser_alone_gets_a_page() {
    let client = TestClient::new(local::new());
    let mut page = client.page("/plain");
    page.fill("[name=email]", "ada");
    page.fill("[name=plan]", "huge");
    page.click("button");
    assert_eq!((page.status().as_u16(), page.text("h1")), (422, "Sign up".to_owned()));
    assert_eq!(page.texts(".problem"), ALL);
    assert_eq!((page.value("[name=email]"), page.value("[name=password]")), ("ada".into(), String::new()));
    let res = client
        .post("/signup")
        .field("email", "a@b.example")
        .field("password", "long enough")
        .field("plan", "small")
        .send();
    assert_eq!((res.status().as_u16(), res.header("location")), (303, "/welcome?plan=small&news=false"));
}
