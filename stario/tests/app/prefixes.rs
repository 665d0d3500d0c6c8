//! Where links lead that no handler builds: in layers, hooks, pages of errors, mounted services; in tests and
//! in tasks, which no app runs.

use std::sync::{Arc, Barrier, Mutex};

use stario::prelude::*;
use stario::{App, AppHandle};
use tower::ServiceExt as _;
use tower::util::MapResponseLayer;

use crate::app;

stario::app!(local);
stario::app!(admin);

#[app::query("/", app = local)]
async fn home() {}

#[app::query("/users/{id}", app = admin)]
async fn user(id: PathParam<u32>) -> u32 {
    *id
}

#[app::query("/link", app = admin)]
async fn own_link() -> String {
    link()
}

#[app::query("/panics", app = local)]
async fn panics() {
    panic!("as it is meant to");
}

#[app::query("/overloaded", app = local)]
async fn fails() -> Result {
    Err("no detail")?
}

fn link() -> String {
    user::url(7).to_string()
}

/// An app that has the others' handlers under `prefix`.
fn nested(prefix: &str) -> App {
    local::new().nest(prefix, admin::new())
}

/// What each of two apps with different prefixes comes to, whichever was made last.
fn of_both(make: impl Fn(App) -> App, ask: impl Fn(&TestClient) -> String) {
    let clients = ["/a", "/b"].map(|prefix| (prefix, TestClient::new(make(nested(prefix)))));
    for (prefix, client) in &clients {
        assert_eq!(ask(client), format!("{prefix}/users/7"));
    }
}

#[test]
fn a_prefix_in_unicode_is_escaped_in_links() {
    let client = TestClient::new(nested("/caf\u{e9}"));
    for path in ["/caf\u{e9}/link", "/caf%C3%A9/link", "/caf%c3%a9/link"] {
        assert_eq!(client.get(path).send().text(), "/caf%C3%A9/users/7");
    }
}

#[test]
fn layers_know_their_app() {
    let with_link = || MapResponseLayer::new(|res: Response| ([("x-link", link())], res).into_response());
    let ask =
        |path: &'static str| move |client: &TestClient| client.get(path).send().header("x-link").to_owned();
    of_both(|app| app.layer(with_link()), ask("/"));
    of_both(|app| app.layer(with_link()), ask("/nowhere"));
    of_both(|app| app.layer_at("/panics", with_link()), ask("/panics"));
}

#[test]
fn pages_of_errors_know_their_app() {
    let ask = |path: &'static str| move |client: &TestClient| client.get(path).send().text().to_owned();
    for (status, path) in [(404, "/nowhere"), (500, "/panics"), (500, "/overloaded")] {
        of_both(|app| app.on_status(status, |_, _| link()), ask(path));
    }
}

#[test]
fn mounted_services_know_their_app() {
    let service = || {
        axum::Router::new().fallback(async || {
            tokio::task::yield_now().await;
            link()
        })
    };
    of_both(|app| app.mount("/axum", service()), |client| client.get("/axum/x").send().text().to_owned());
}

#[test]
fn hooks_know_their_app() {
    let said = Arc::new(Mutex::new(String::new()));
    let hook = |said: &Arc<Mutex<String>>| {
        let said = Arc::clone(said);
        async move |_: AppHandle| {
            tokio::task::yield_now().await;
            *said.lock().unwrap() = link();
        }
    };
    of_both(
        |app| {
            let (start, stop) = (hook(&said), hook(&said));
            let start = async move |app| {
                start(app).await;
                Ok(())
            };
            app.on_start(start).on_stop(stop)
        },
        |client| {
            client.start_blocking();
            let started = std::mem::take(&mut *said.lock().unwrap());
            client.clone().stop_blocking();
            assert_eq!(*said.lock().unwrap(), started);
            started
        },
    );
}

/// Tests run side by side, each on a thread of its own.
#[test]
fn a_thread_builds_the_links_of_the_app_that_it_made_last() {
    let all_are_made = Barrier::new(2);
    std::thread::scope(|scope| {
        for prefix in ["/a", "/b"] {
            let all_are_made = &all_are_made;
            scope.spawn(move || {
                let client = TestClient::new(nested(prefix));
                all_are_made.wait();
                assert_eq!(link(), format!("{prefix}/users/7"));
                assert_eq!(client.get(link()).send().text(), "7");
            });
        }
    });
}

#[test]
fn links_know_their_prefix_as_soon_as_it_is_given() {
    let app = nested("/early");
    assert_eq!(link(), "/early/users/7");
    let app = admin::new().nest("/outer", app);
    assert_eq!(home::url().as_str(), "/outer");
    drop(app);
}

/// One that no app runs has the links of the app that was made last; one that is told has its own.
#[test]
fn a_task_can_be_told_its_app() {
    let told = Arc::new(Mutex::new(String::new()));
    of_both(
        |app| {
            let told = Arc::clone(&told);
            app.on_start(async move |app: AppHandle| {
                let task = tokio::spawn(async move { app.links(link) });
                *told.lock().unwrap() = task.await?;
                Ok(())
            })
        },
        |client| {
            client.start_blocking();
            std::mem::take(&mut *told.lock().unwrap())
        },
    );
}

/// A router that leaves the prefix on hands over paths as links have them.
#[tokio::test]
async fn an_app_inside_axum_has_its_prefix_from_its_own_nesting() {
    let service = nested("/shop").into_service().unwrap();
    let router = axum::Router::new().route_service("/shop/{*path}", service);
    let request = http::Request::get(own_link::url().as_str()).body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let text = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    assert_eq!(text, "/shop/users/7");
}
