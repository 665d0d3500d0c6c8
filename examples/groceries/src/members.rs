//! Members sign in with a name and a password. The first member manages the others.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use garde::Validate;
use stario::http::request;
use stario::prelude::*;
use stario::{ErrorResponse, Redirect, Session, error_response};
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx;
use tokio::sync::Semaphore;

use crate::database::Change;
use crate::{Page, app, list, not_blank};

/// A member who has signed in. A handler that takes one answers only to members.
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
        // Datastar follows a redirect in the background, and the page stays. An event leads the page itself to the login.
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
    let password = password.clone();
    let known = sqlx::query_as("SELECT id, password_hash FROM member WHERE name = ?").bind(name.trim());
    let known: Option<(i64, String)> = known.fetch_optional(&*db).await?;
    let id = if let Some((id, hash)) = known {
        let verified = hashing(move || Argon2::default().verify_password(password.as_bytes(), &*hash));
        verified.await?.is_ok().then_some(id)
    } else {
        let hash = hashing(move || Argon2::default().hash_password(password.as_bytes())).await??;
        // The first member becomes the admin. Of two who choose one name at the same time, the second has no row.
        let insert = "INSERT INTO member (name, password_hash, is_admin) \
            VALUES (?, ?, NOT EXISTS (SELECT * FROM member)) ON CONFLICT (name) DO NOTHING RETURNING id";
        let insert = sqlx::query_scalar(insert).bind(name.trim()).bind(hash.to_string());
        let id = insert.fetch_optional(change.connection().await?).await?;
        change.commit().await?;
        id
    };
    let Some(id) = id else {
        form.reject(Login::password(), "That is not the password of this name.");
        return Ok(form.refusal(login_page(&form), |page| page));
    };
    session.log_in(id, |()| ()).await?;
    Ok(form.redirect(list::home::url()))
}

/// How many passwords are hashed at once: each takes 19 MiB and a core, for long on purpose. Others wait.
static HASHES: Semaphore = Semaphore::const_new(4);

/// Hashes on a thread for blocking work. The thread keeps the permit, because it works on when the client leaves.
pub(crate) async fn hashing<T: Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let permit = HASHES.acquire().await?;
    Ok(tokio::task::spawn_blocking(move || (hash(), permit).0).await?)
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
