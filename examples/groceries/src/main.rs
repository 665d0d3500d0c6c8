//! A shopping list for a household, kept in a database: people sign in, search, add items, tick them off and edit
//! them, and every open browser follows.
//!
//! | file | shows |
//! |---|---|
//! | `main.rs` | how an app is put together, and the frame of its pages |
//! | `database.rs` | migrations, and a transaction as a dependency |
//! | `list.rs` | a page that stays up to date, with search, pages and a form |
//! | `members.rs` | sign-in, and a handler that is for signed-in people alone |
//! | `admin.rs` | a part behind a guard |
//! | `tests.rs` | the pages in tests, each with a database of its own |

mod admin;
mod database;
mod list;
mod members;
#[cfg(test)]
mod tests;

use members::User;
use stario::prelude::*;
use stario::{App, SecurityHeaders, Sessions};
use stario_sqlite::SqliteSessions;

stario::app!();
stario::assets!("static");

/// Gives memory back to the system after a burst of requests, which the C library's does not.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> stario::Result {
    let database = std::env::var("DATABASE_URL").unwrap_or_else(|_| "groceries.db".to_owned());
    let mut app = groceries(&database).await?;
    // Browsers load the Datastar client from its CDN; without a way there, name a file.
    if let Some(file) = std::env::var_os("DATASTAR_FILE") {
        app = app.datastar_file(file)?;
    }
    app.serve().await
}

async fn groceries(database: &str) -> Result<App> {
    let db = database::open(database).await?;
    let closing = db.clone();
    Ok(app::new()
        .state(Sessions::<()>::new(SqliteSessions::new(&db).await?))
        .state(db)
        .state(Relay::<()>::new())
        .on_stop(move |_| async move { closing.close().await })
        .security_headers(SecurityHeaders::new())
        .failure_region("#failure")
        .on_status(StatusCode::NOT_FOUND, |reason, _| problem_page("Not found", reason))
        .on_status(StatusCode::FORBIDDEN, |reason, _| problem_page("Not allowed", reason)))
}

/// The frame of all pages. Those with the script say so when it is missing, and when an action failed.
#[component]
fn Page(title: &str, user: Option<&User>, script: Option<DatastarScript>, children: Children) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>{title}</title>
                <link rel="stylesheet" href={asset!("groceries.css")}>
                {&script}
            </head>
            <body>
                if let Some(user) = user {
                    <header>
                        <a href={list::home::url()}>"Groceries"</a>
                        <form method="post" action={members::sign_out::url()}>
                            if user.is_admin { <a href={admin::members::url()}>"Members"</a> }
                            <span>{&user.name}</span>
                            <button class="quiet">"Sign out"</button>
                        </form>
                    </header>
                }
                <main>{children}</main>
                if script.is_some() {
                    // The style sheet shows this after three seconds, unless Datastar was loaded and hides it.
                    <p class="failure late" role="alert" data-show="false">
                        "The script of this page was not loaded, so its buttons do nothing. Check the connection and reload."
                    </p>
                    // A 4xx puts its sentence here, by `failure_region`; the next action takes it away.
                    <div id="failure" class="failure" role="alert"
                        data-on:datastar-fetch="if (evt.detail.type === 'started') el.textContent = ''"></div>
                    // Other failures are known to the client alone: of the server, which it asks again, and of the network.
                    <p class="failure" role="alert" style="display: none" data-signals:_lost="false" data-show="$_lost"
                        data-on:datastar-fetch="
                            if (['retrying', 'retries-failed', 'error'].includes(evt.detail.type)) $_lost = true;
                            if (['started', 'datastar-patch-elements'].includes(evt.detail.type)) $_lost = false;
                        "
                    >"The server does not answer as it should. Nothing is saved until it does."</p>
                }
            </body>
        </html>
    }
}

fn problem_page(title: &str, reason: &str) -> Html {
    html! { <Page title={title}><h1>{title}</h1><p>{reason}</p></Page> }
}

/// A rule for fields of forms, beside those that garde has.
fn not_blank<C>(text: &str, _: &C) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("Fill this in.")) } else { Ok(()) }
}
