//! Chat rooms, in one process or in several: who is here, what was said while a tab was hidden, and an import that survives a crash.
//!
//! | file | shows |
//! |---|---|
//! | `main.rs` | how one program is put together for one process and, with `NATS_URL`, for several |
//! | `visitor.rs` | a session with a name in it, as a dependency |
//! | `room.rs` | a stream that resumes, presence, and a durable command |
//! | `messages.rs` | the messages in the database |
//! | `tests.rs` | the pages in tests |
//! | `cluster` | a script that starts three processes behind nginx, with NATS |
//! | `deploy` | a unit for systemd with a site for nginx; an image, and three containers of it behind `HAProxy` |
//! | `tests/deploy.rs` | these files and the script, with the programs that they are for |
//!
//! Sessions, messages and imports must not be missing, so they are in one database. Messages from other processes, and who is there, go over NATS: a process
//! can do without them for a while. So a process serves while NATS is away. The database is a file, so all processes are on one machine. For several
//! machines, take `nats.sessions` in the place of `SqliteSessions` and `nats.queue` in that of `SqliteQueue`, and a database for messages that all machines
//! reach; then each request with a session needs NATS.

mod messages;
mod room;
#[cfg(test)]
mod tests;
mod visitor;

use std::time::Duration;

use messages::{Messages, News};
use stario::prelude::*;
use stario::{App, ProxyHeader, SecurityHeaders, Sessions};
use stario_nats::Nats;
use stario_nats::async_nats::ConnectOptions;
use stario_sqlite::{SqliteQueue, SqliteSessions};
use visitor::{Profile, Visitor};

stario::app!();
stario::assets!("static");

/// Gives memory back to the system after a burst of requests, which the C library's does not.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How many messages of all rooms are kept for pages that come back. A page that has missed more than 1,024 of its room's is sent the list.
const KEPT: usize = 10_000;

/// How long a start waits for NATS.
const NATS_PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> stario::Result {
    let database = std::env::var("DATABASE_URL").unwrap_or_else(|_| "rooms.db".to_owned());
    let nats = match std::env::var("NATS_URL") {
        Ok(url) => Some(connect(url).await?),
        Err(_) => None,
    };
    let mut app = rooms(&database, nats.as_ref()).await?;
    // Browsers load the Datastar client from its CDN; without a way there, name a file.
    if let Some(file) = std::env::var_os("DATASTAR_FILE") {
        app = app.datastar_file(file)?;
    }
    app.serve().await
}

/// Connects to NATS. A server that is away is looked for until it is there, and keeps no process from starting.
async fn connect(url: String) -> Result<Nats> {
    Ok(Nats::with_options(url, ConnectOptions::new().retry_on_initial_connect()).await?)
}

/// The app. Without NATS, the one process knows all that is said and everyone who is here.
async fn rooms(database: &str, nats: Option<&Nats>) -> Result<App> {
    // A proxy on this machine, unless others are named.
    let proxies = std::env::var("TRUSTED_PROXIES").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let db = stario_sqlite::open(database).await?;
    let queue = SqliteQueue::new(&db).await?;
    let closing = (queue.clone(), db.clone());
    let app = app::new()
        .state(Sessions::<Profile>::new(SqliteSessions::new(&db).await?))
        .durable(queue)
        .state(Messages::new(db).await?)
        .on_stop(move |_| async move {
            closing.0.close().await;
            closing.1.close().await;
        })
        .liveness("/health/live")
        .readiness("/health/ready", |_| async { Ok(()) })
        .trust_proxies(ProxyHeader::XForwardedFor, proxies.split(',').map(str::trim))
        .security_headers(SecurityHeaders::new())
        .failure_region("#failure");
    let Some(nats) = nats else {
        return Ok(app.state(Relay::<News>::new().history(KEPT)).state(Presence::<Visitor>::new()));
    };
    let news = Relay::<News>::over(nats.relay("rooms")).history(KEPT);
    // From here on, nothing that another process publishes is missed. While NATS is away the process serves, and is not ready.
    if let Ok(ready) = tokio::time::timeout(NATS_PATIENCE, nats.ready()).await {
        ready?;
    }
    let flushed = nats.clone();
    Ok(app
        .state(news)
        .state(Presence::<Visitor>::over(nats.presence("people")))
        .ready_when(nats.readiness())
        .on_stop(move |_| async move { flushed.flush().await }))
}

/// The frame of all pages.
#[component]
fn Page(title: &str, script: Option<DatastarScript>, children: Children) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>{title}</title>
                <link rel="stylesheet" href={asset!("rooms.css")}>
                {&script}
            </head>
            <body>
                {children}
                if script.is_some() {
                    // The style sheet shows this after three seconds, unless Datastar was loaded and hides it.
                    <p class="failure late" role="alert" data-show="false">
                        "The script of this page was not loaded, so nothing can be said here. Check the connection and reload."
                    </p>
                    // A 4xx puts its sentence here, by `failure_region`; the next action takes it away.
                    <div id="failure" class="failure" role="alert"
                        data-on:datastar-fetch="if (evt.detail.type === 'started') el.textContent = ''"></div>
                }
            </body>
        </html>
    }
}
