//! A shopping list for a household: people sign in, add items, tick them off and import files, and every open
//! browser follows.
//!
//! It shows what most apps need: sessions, a form with errors, a list that is live, an upload that is worked off
//! in the background, and tests of all that.

mod list;
mod session;

use list::ShoppingList;
use session::{User, logout};
use stario::cookie::Key;
use stario::prelude::*;
use stario::{App, SecurityHeaders, Text};

stario::app!();

/// The app, but for the key of its cookies.
fn groceries() -> App {
    app::new()
        .state(ShoppingList::default())
        .state(Relay::<Event>::new())
        .security_headers(SecurityHeaders::new())
        .on_status(StatusCode::NOT_FOUND, |_, _| {
            html! { <Page title="Not found"><h1>"There is nothing here"</h1></Page> }
        })
}

#[tokio::main]
async fn main() -> stario::Result {
    // A key from the configuration would keep people signed in over restarts.
    let mut app = groceries().state(Key::generate());
    // Browsers load the Datastar client from its CDN; without a way there, name a file.
    if let Some(file) = std::env::var_os("DATASTAR_FILE") {
        app = app.datastar_file(file)?;
    }
    app.serve().await
}

#[component]
fn Page(title: &str, script: Option<DatastarScript>, children: Children) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>{title}</title>
                <link rel="stylesheet" href={style::url()}>
                {script}
            </head>
            <body>{children}</body>
        </html>
    }
}

/// What the page knows: the item that is being written.
#[derive(Signals, Default)]
struct Draft {
    title: String,
}

/// The list as it is now, and the stream that keeps it so.
#[app::query("/")]
async fn home(user: User, list: State<ShoppingList>, datastar: DatastarScript) -> Html {
    html! {
        <Page title="Groceries" script={datastar}>
            <header>
                <h1>"Groceries"</h1>
                <form method="post" action={logout::url()}>{user.name} <button>"Sign out"</button></form>
            </header>
            <main data-signals={Draft::default()} data-init={live::action().retry(action::Retry::Always)}>
                <form data-on:submit={add::action()}>
                    <input data-bind={Draft::title()} placeholder="What do we need?" aria-label="Item" autofocus>
                    <button>"Add"</button>
                </form>
                {problem(None)}
                {items(&list)}
                <form enctype="multipart/form-data" data-on:submit={import::action().content_type(action::ContentType::Form)}>
                    <input type="file" name="file" accept=".txt,.csv" aria-label="A file with an item per line" required>
                    <button>"Import"</button>
                </form>
                {progress(0, 0)}
            </main>
        </Page>
    }
}

/// Stays open while the page does.
#[app::query("/live")]
async fn live(
    _user: User,
    list: State<ShoppingList>,
    changes: State<Relay<Event>>,
) -> impl Stream<Item = Event> {
    // Before the first rendering: a change in between is pushed, not lost.
    let mut changes = changes.subscribe("list.*");
    stream! {
        yield items(&list);
        while let Some((_, change)) = changes.next().await {
            yield change;
        }
    }
}

/// Adds an item, or says why not; then the input is empty again.
#[app::command("/items")]
async fn add(
    user: User,
    title: Signal<String>,
    list: State<ShoppingList>,
    changes: State<Relay<Event>>,
) -> impl Stream<Item = Event> {
    stream! {
        match list.add(&title, &user.name) {
            Err(reason) => yield problem(Some(reason)),
            Ok(()) => {
                publish_items(&list, &changes);
                yield problem(None);
                yield Draft::title().is("");
            }
        }
    }
}

/// Ticks an item off, or takes the tick back.
#[app::command("/items/{id}")]
async fn tick(
    _user: User,
    id: PathParam<u32>,
    list: State<ShoppingList>,
    changes: State<Relay<Event>>,
) -> Result<()> {
    if !list.tick(*id) {
        return Err(stario::Error::new(StatusCode::NOT_FOUND, "the list has no such item"));
    }
    publish_items(&list, &changes);
    Ok(())
}

/// The lines that one file may add.
const LONGEST_IMPORT: usize = 500;

/// Adds an item per line of a file. The browser has its answer before this begins.
#[app::detached_command("/import", body_limit = 1024 * 1024)]
async fn import(
    user: User,
    file: UploadedFile,
    list: State<ShoppingList>,
    changes: State<Relay<Event>>,
    log: Logger,
) -> Result<()> {
    let content = file.bytes().await?;
    let lines = std::str::from_utf8(&content)?.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<&str> = lines.take(LONGEST_IMPORT).collect();
    for (done, line) in (1..).zip(&lines) {
        if let Err(reason) = list.add(line, &user.name) {
            log.with("line", done).warn(reason);
        }
        changes.publish("list.progress", Event::new(progress(done, lines.len())));
        // Others are to be served meanwhile.
        tokio::task::yield_now().await;
    }
    publish_items(&list, &changes);
    Ok(())
}

#[app::query("/groceries.css")]
async fn style() -> ([(&'static str, &'static str); 1], Text<&'static str>) {
    ([("content-type", "text/css; charset=utf-8")], Text(include_str!("groceries.css")))
}

/// Renders the list once, for everyone who is here.
fn publish_items(list: &ShoppingList, changes: &Relay<Event>) {
    // One at a time, or an older rendering could be published behind a newer one.
    let _turn = list.turn();
    changes.publish("list.items", Event::new(items(list)));
}

fn items(list: &ShoppingList) -> Html {
    html! {
        <ul id="items">
            for item in list.items() {
                <li class:done={item.is_done}>
                    <button data-on:click={tick::action(item.id)} aria-pressed={item.is_done}>{item.title}</button>
                    <small>{item.added_by}</small>
                </li>
            }
        </ul>
    }
}

fn problem(reason: Option<&str>) -> Html {
    html! { <p id="problem" role="alert">{reason}</p> }
}

fn progress(done: usize, total: usize) -> Html {
    html! {
        <p id="progress" role="status">
            if total > 0 { <progress value={done} max={total}></progress> " "{done}" of "{total} }
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client, and the cookie of someone who has signed in.
    fn sign_in(name: &str) -> (TestClient, String) {
        let client = TestClient::new(groceries().state(Key::generate()));
        let res = client.post("/login").field("name", name).send();
        assert_eq!((res.status().as_u16(), res.header("location")), (303, "/"));
        let session = res.cookie("session").unwrap().value().to_owned();
        (client, session)
    }

    #[test]
    fn what_one_adds_all_see() {
        let (client, session) = sign_in("Ada");
        let mut live = client.get("/live").cookie("session", &session).open().send();
        assert_eq!(live.next().wait().unwrap().elements(), r#"<ul id="items"></ul>"#);

        let res =
            client.post("/items").cookie("session", &session).signals(&json!({ "title": " Tea " })).send();
        assert_eq!(res.events()[1].signals(), Some(json!({ "title": "" })));
        let seen = live.next().wait().unwrap().elements();
        assert!(seen.contains(">Tea</button><small>Ada</small>"), "{seen}");

        client.post(tick::url(1)).cookie("session", &session).send();
        assert!(live.next().wait().unwrap().elements().contains(r#"class="done""#));
        assert_eq!(client.post(tick::url(7)).cookie("session", &session).send().status(), 404);
    }

    #[test]
    fn an_item_without_a_title_is_a_problem() {
        let (client, session) = sign_in("Ada");
        let res = client.post("/items").cookie("session", &session).signals(&json!({ "title": " " })).send();
        let [event] = &res.events()[..] else { panic!("{}", res.text()) };
        assert!(event.elements().contains("what it is"), "{}", event.elements());
    }

    #[test]
    fn a_file_is_imported_in_the_background() {
        let (client, session) = sign_in("Ada");
        let mut live = client.get("/live").cookie("session", &session).open().send();
        live.next().wait();
        let res =
            client.post("/import").cookie("session", &session).file("file", "a.txt", "Milk\n\nBread").send();
        assert_eq!(res.status(), 204);
        client.drain_blocking();
        for done in ["1 of 2", "2 of 2"] {
            assert!(live.next().wait().unwrap().elements().contains(done));
        }
        let list = live.next().wait().unwrap().elements();
        assert_eq!(list.matches("<li>").count(), 2, "{list}");
    }

    #[test]
    fn strangers_are_sent_to_the_login() {
        let (client, _) = sign_in("Ada");
        assert_eq!(client.get("/").send().header("location"), "/login");
        // An action cannot be redirected; the page is.
        let res = client.post("/items").signals(&json!({ "title": "Tea" })).send();
        assert!(res.events()[0].elements().contains("/login"), "{}", res.text());
        assert_eq!(client.get("/").cookie("session", "made-up").send().status(), 303);

        let res = client.post("/login").field("name", " ").send();
        assert_eq!(res.status(), 422);
        assert!(res.text().contains("role=\"alert\""), "{}", res.text());
    }
}
