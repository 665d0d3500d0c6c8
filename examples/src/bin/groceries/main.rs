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
use stario::{App, SecurityHeaders};

stario::app!();
stario::assets!("src/bin/groceries/static");

/// Gives memory back to the system after a burst of requests, which the C library's does not.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
                <link rel="stylesheet" href={asset!("groceries.css")}>
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

/// Renders the list once, for everyone who is here.
fn publish_items(list: &ShoppingList, changes: &Relay<Event>) {
    // One at a time, or an older rendering could be published after a newer one.
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
    use stario::testing::Page;

    use super::*;

    fn client() -> TestClient {
        TestClient::new(groceries().state(Key::generate()))
    }

    /// The page of somebody who has signed in.
    fn sign_in(client: &TestClient, name: &str) -> Page {
        let mut page = client.page("/");
        // The list sends strangers to the login.
        page.fill("[name=name]", name);
        page.click("button");
        assert_eq!(page.text("header form"), format!("{name} Sign out"));
        page
    }

    #[test]
    fn nothing_is_wrong_with_the_app() {
        let warnings = groceries().state(Key::generate()).check().unwrap();
        assert!(warnings.is_empty(), "{warnings}");
    }

    #[test]
    fn what_one_adds_all_see() {
        let client = client();
        let (mut ada, mut grace) = (sign_in(&client, "Ada"), sign_in(&client, "Grace"));
        ada.fill("[aria-label=Item]", " Tea ");
        ada.press("[aria-label=Item]", "Enter");
        assert_eq!(ada.value("[aria-label=Item]"), "");
        assert_eq!(grace.texts("#items li"), ["Tea Ada"]);

        grace.click("#items button");
        assert_eq!((ada.count("#items .done"), grace.count("#items .done")), (1, 1));
        assert_eq!(ada.attr("#items button", "aria-pressed").as_deref(), Some("true"));
    }

    #[test]
    fn an_item_without_a_title_is_a_problem() {
        let mut page = sign_in(&client(), "Ada");
        page.fill("[aria-label=Item]", " ");
        page.click("main form:first-child button");
        assert_eq!(
            (page.text("#problem"), page.count("#items li")),
            ("Please say what it is.".to_owned(), 0)
        );
        page.fill("[aria-label=Item]", "Tea");
        page.click("main form:first-child button");
        assert_eq!((page.text("#problem"), page.count("#items li")), (String::new(), 1));
    }

    #[test]
    fn a_file_is_imported_in_the_background() {
        let client = client();
        let mut page = sign_in(&client, "Ada");
        page.upload("[type=file]", "a.txt", "Milk\n\nBread");
        page.click("form[enctype] button");
        client.drain_blocking();
        assert_eq!(page.texts("#items button"), ["Milk", "Bread"]);
        assert_eq!(page.text("#progress"), "2 of 2");
    }

    #[test]
    fn each_selector_of_the_style_sheet_matches_something() {
        let client = client();
        let mut page = sign_in(&client, "Ada");
        page.upload("[type=file]", "a.txt", "Milk");
        page.click("form[enctype] button");
        client.drain_blocking();
        page.click("#items button");
        for (selectors, _) in
            include_str!("static/groceries.css").split('}').filter_map(|rule| rule.split_once('{'))
        {
            for selector in selectors.split(',') {
                // Only a browser knows `:hover` and `::before`.
                let element = selector.split(':').next().unwrap_or_default().trim();
                assert!(page.count(element) > 0, "{element}");
            }
        }
    }

    #[test]
    fn strangers_are_sent_to_the_login() {
        let client = client();
        let mut page = sign_in(&client, "Ada");
        page.set_cookie("session", "made-up");
        // An action cannot be redirected; the page is.
        page.fill("[aria-label=Item]", "Tea");
        page.click("main form:first-child button");
        assert_eq!((page.url(), page.title()), ("/login".to_owned(), "Sign in".to_owned()));

        page.fill("[name=name]", " ");
        page.click("button");
        assert_eq!(page.status(), 422);
        assert_eq!(page.text("[role=alert]"), "A name has 1 to 20 characters.");
    }

    #[test]
    fn an_item_that_is_not_there_is_not_found() {
        let client = client().keep_cookies();
        client.post("/login").field("name", "Ada").send();
        assert_eq!(client.post(tick::url(7)).send().status(), 404);
        assert_eq!(client.get("/nothing").send().find("h1")[0].text(), "There is nothing here");
    }
}
