//! What only meets in a browser, and the check compares: ids, signals, actions. A program of its own, because what is out
//! of sight anywhere in a program makes warnings of problems.
//!
//! Each module is an app with one kind of fault. Names are known in the whole program, so each module has its own.

#![cfg(debug_assertions)]

use stario::App;
use stario::prelude::*;

stario::app!();

/// The problems and warnings of an app, each list one per line. A place is shown by its line, counted from that of `first`.
fn report(first: u32, app: App) -> (String, String) {
    let short = |text: String| {
        let mut parts = text.split(concat!(file!(), ":"));
        let mut short = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let line: u32 = part[..digits].parse().unwrap();
            short.push_str(&format!("+{}{}", line - first, &part[digits..]));
        }
        short
    };
    match app.check() {
        Ok(warnings) => (String::new(), short(warnings.to_string())),
        Err(problems) => (
            short(problems.to_string().replace("the app cannot start:\n  ", "").replace("\n  ", "\n")),
            String::new(),
        ),
    }
}

#[track_caller]
fn has_problems(first: u32, app: App, expected: &[&str]) {
    let expected = if value == fitting { 204 } else { 422 };
                    assert_eq!(status(name, value.clone()), expected, "{name} {value}");
                }
            }
        }
    }
}

mod twice {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[component]
    fn Frame(children: Children) -> Html {
        html! { <div>{children}</div> }
    }

    #[app::query("/", app = local)]
    async fn home(kind: QueryParam<Option<u8>>) -> Html {
        let (is_new, is_old) = (*kind == Some(1), *kind == Some(2));
        html! {
            <body>
                <p id="always"></p>
                <Frame><p id="always"></p></Frame>
                if is_new { <p id="arm"></p> } else { <p id="arm"></p> }
                match *kind { Some(1) => <p id="case"></p>, _ => <p id="case"></p> }
                if is_new { <p id="two"></p> }
                if is_old { <p id="two"></p> }
                for _ in 0..2 { <p id="in-loop"></p> }
                for n in 0..2 {
                    if n == 1 { <p id={("n-", n)}></p> continue; }
                    <p id="left"></p>
                }
                <template><p id="copy"></p></template><p id="copy"></p>
            </body>
        }
    }

    #[test]
    fn an_id_stands_once() {
        has_problems(
            FIRST,
            local::new(),
            &["the id `always` stands twice in what one template shows:\n  +12\n  +13"],
        );
    }

    mod warned {
        use super::*;

        stario::app!(local);

        const FIRST: u32 = line!();

        #[app::query("/", app = local)]
        async fn home(is_new: QueryParam<bool>, is_old: QueryParam<bool>) -> Html {
            html! {
                if *is_new { <p id="maybe-two"></p> }
                if *is_old { <p id="maybe-two"></p> }
                for _ in 0..2 { <p id="in-a-loop"></p> }
            }
        }

        #[test]
        fn what_may_stand_twice_is_a_warning() {
            has_warnings(
                FIRST,
                local::new(),
                &[
                    "the id `maybe-two` stands twice in what one template shows:\n    +5\n    +6",
                    "the id `in-a-loop` stands in a loop, and so may be there more than once: +7",
                ],
            );
        }
    }
}

mod actions {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/live", app = local)]
    async fn live() -> impl Stream<Item = Event> {
        stream! {}
    }

    #[app::query("/row/{id}", app = local)]
    async fn row(id: PathParam<u8>) -> impl Stream<Item = Event> {
        let _ = id;
        stream! {}
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-init={live::action()}>
                <p data-init={live::action().retry(action::Retry::Always)}></p>
                <p data-on-interval="@get('/tick')"></p>
                <p data-on-interval="@get('/tick', {})"></p>
                <p data-init={row::action(1)}></p>
                <p data-init={row::action(2)}></p>
                <button data-on:click={live::action()}>"Again"</button>
                <button data-on:click={live::action()}>"And again"</button>
                <p data-init="@get('/a', {requestCancellation: 'disabled'})"></p>
                <p data-init="@get('/a')"></p>
            </body>
        }
    }

    #[test]
    fn requests_that_begin_together_differ() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "two elements of one template send `data-init live::action()`, and Datastar aborts the first request for the second:\n  +16\n  +17",
                "two elements of one template send `data-on-interval @get('/tick')`, and Datastar aborts the first request for the second:\n  +18\n  +19",
            ],
        );
    }
}

mod without_pages {
    use super::*;

    stario::app!(local);
    stario::app!(outer);

    const FIRST: u32 = line!();

    #[app::command("/", app = local)]
    async fn save(wanted_here: Signal<u8>) -> impl Stream<Item = Event> {
        let _ = wanted_here;
        stream! {
            yield event::remove("#spinner-of-others");
        }
    }

    #[test]
    fn an_app_without_pages_has_warnings() {
        has_warnings(
            FIRST,
            local::new(),
            &[
                "no template has the id `spinner-of-others`, which an event at +6 needs (made elsewhere? `.known_ids([\"spinner-of-others\"])`)",
                "no page declares, binds or patches the signal `wanted_here`, which names::without_pages::save at +2 takes (made elsewhere? `.known_signals([\"wanted_here\"])`)",
            ],
        );
        // Parts bring what they know.
        let part = local::new().known_ids(["#spinner-*"]).known_signals(["wanted_here"]);
        has_warnings(FIRST, outer::new().nest("/part", part), &[]);
    }

    /// The faults of the other modules are not this app's.
    #[test]
    fn an_app_answers_for_its_own_modules() {
        TestClient::new(local::new());
    }
}

mod unusual_places {
    use super::*;

    stario::app!(local);

    fn generic<T: stario::Render>(value: T) -> Html {
        html! { <p id="in-generic">{value}</p> }
    }

    #[allow(dead_code)]
    async fn uncalled() -> Html {
        html! { <p id="in-async">"x"</p> }
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        let closure = |n: u8| html! { <p id="in-closure">{n}</p> };
        html! { <body>{generic(1)}{closure(2)}</body> }
    }

    #[app::command("/", app = local)]
    async fn change() -> impl Stream<Item = Event> {
        stream! {
            yield event::remove("#in-generic");
            yield event::remove("#in-async");
            yield event::remove("#in-closure");
        }
    }

    #[test]
    fn templates_are_found_wherever_they_stand() {
        has_warnings(0, local::new(), &[]);
    }
}
