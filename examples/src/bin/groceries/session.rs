//! Who is there: a name in an encrypted cookie.

use std::fmt;

use stario::cookie::Key;
use stario::http::request;
use stario::prelude::*;
use stario::{EncryptedCookie, ErrorResponse, Redirect, SetCookie, error_response};

use crate::{Page, app, home};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Someone who has signed in. A handler that takes one is for such people alone.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
}

#[dependency]
fn current_user(session: EncryptedCookie<Option<String>>) -> Result<User, SignedOut> {
    let name = session.0.ok_or(SignedOut)?;
    Ok(User { name })
}

#[derive(Debug)]
struct SignedOut;

impl fmt::Display for SignedOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sign in first")
    }
}

impl std::error::Error for SignedOut {}

#[error_response]
impl ErrorResponse for SignedOut {
    fn status(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn response(&self, request: &request::Parts) -> Option<Response> {
        // What a page fetches by an action cannot lead the page elsewhere; an event can.
        if request.headers.contains_key("datastar-request") {
            return Some(event::redirect(login::url()).into_response());
        }
        Some(Redirect::see_other(login::url()).into_response())
    }
}

#[app::query("/login")]
async fn login() -> Html {
    form("", None)
}

#[app::command("/login")]
async fn sign_in(name: FormField<String>, key: State<Key>) -> Response {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 20 {
        let page = form(name, Some("A name has 1 to 20 characters."));
        return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    }
    let session = SetCookie::new("session", name).encrypted(&key).max_age(WEEK);
    (session, Redirect::see_other(home::url())).into_response()
}

#[app::command("/logout")]
pub(crate) async fn logout() -> (SetCookie, Redirect) {
    (SetCookie::removal("session"), Redirect::see_other(login::url()))
}

fn form(name: &str, problem: Option<&str>) -> Html {
    html! {
        <Page title="Sign in">
            <main>
                <h1>"Groceries"</h1>
                <form method="post" action={sign_in::url()}>
                    <input name="name" value={name} placeholder="Who are you?" aria-label="Name" autofocus>
                    <button>"Sign in"</button>
                </form>
                if let Some(problem) = problem { <p role="alert">{problem}</p> }
            </main>
        </Page>
    }
}
