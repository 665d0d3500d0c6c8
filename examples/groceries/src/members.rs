//! Who is there: people sign in with a name and a password, and the first who does looks after the list.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use garde::Validate;
use stario::http::request;
use stario::prelude::*;
use stario::{ErrorResponse, Redirect, Session, error_response};
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx;

use crate::database::Change;
use crate::{Page, app, list, not_blank};

/// Somebody who has signed in. A handler that takes one is for such people alone.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) is_admin: bool,
}

#[dependency]
async fn user(session: Session<()>, db: State<SqlitePool>) -> Result<User> {
    let member = sqlx::query_as("SELECT name, is_admin FROM member WHERE id = ?").bind(session.user());
    let (name, is_admin) = member.fetch_optional(&*db).await?.ok_or(SignedOut)?;
    Ok(User { name, is_admin })
}

#[derive(Debug, thiserror::Error)]
#[error("sign in first")]
struct SignedOut;

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

#[derive(Form, Validate)]
struct Login {
    #[garde(custom(not_blank), length(chars, max = 20))]
    name: String,
    #[form(secret)]
    #[garde(length(chars, min = 8, max = 100))]
    password: String,
}

#[app::query("/login")]
pub(crate) async fn login() -> Html {
    login_page(&Form::empty())
}

/// Signs in. A name that nobody has is a new member's.
#[app::command("/login", rate_limit = "20/minute")]
async fn sign_in(
    mut form: Form<Login>,
    session: Session<()>,
    db: State<SqlitePool>,
    mut change: Change,
) -> Result<Response> {
    let Some(Login { name, password }) = form.value() else {
        return Ok(form.refusal(login_page(&form), |page| page));
    };
    let known = sqlx::query_as("SELECT id, password_hash FROM member WHERE name = ?").bind(name.trim());
    let known: Option<(i64, String)> = known.fetch_optional(&*db).await?;
    let id = match known {
        Some((id, hash)) if is_password(password.clone(), hash.clone()).await? => id,
        Some(_) => {
            form.reject(Login::password(), "That is not the password of this name.");
            return Ok(form.refusal(login_page(&form), |page| page));
        }
        None => {
            // The first member looks after the list.
            let insert = "INSERT INTO member (name, password_hash, is_admin) \
                VALUES (?, ?, NOT EXISTS (SELECT * FROM member))";
            let insert = sqlx::query(insert).bind(name.trim()).bind(hash(password.clone()).await?);
            let id = insert.execute(change.connection().await?).await?.last_insert_rowid();
            change.commit().await?;
            id
        }
    };
    session.log_in(id, |()| ()).await?;
    Ok(form.redirect(list::home::url()))
}

/// Takes long on purpose, so a worker thread must not do it.
async fn hash(password: String) -> Result<String> {
    let hash = move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    Ok(tokio::task::spawn_blocking(hash).await??)
}

async fn is_password(password: String, hash: String) -> Result<bool> {
    let verify = move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
    Ok(tokio::task::spawn_blocking(verify).await?)
}

#[app::command("/logout")]
pub(crate) async fn sign_out(session: Session<()>) -> Result<Redirect> {
    session.log_out().await?;
    Ok(Redirect::see_other(login::url()))
}

fn login_page(form: &Form<Login>) -> Html {
    html! {
        <Page title="Sign in">
            <h1>"Groceries"</h1>
            <form class="fields" method="post" action={sign_in::url()}>
                let name = form.field(Login::name());
                <label>"Name"<input autocomplete="username" autofocus {..name.input()}></label>{name.message()}
                let password = form.field(Login::password());
                <label>"Password"<input type="password" autocomplete="current-password" {..password.input()}></label>
                {password.message()}
                <button>"Sign in"</button>
                <p>"New here? Choose a name and a password."</p>
            </form>
        </Page>
    }
}
