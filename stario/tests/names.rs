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
            short = format!("{short}+{}{}", line - first, &part[digits..]);
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
    let expected = expected.join("\n");
    assert_eq!(report(first, app).0, expected);
}

#[track_caller]
fn has_warnings(first: u32, app: App, expected: &[&str]) {
    assert_eq!(report(first, app), (String::new(), expected.join("\n")));
}

mod targets {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! { <body><ul id="items">for n in 0..3 { <li id={("item-", n)}>{n}{String::new()}</li> }</ul></body> }
    }

    #[app::command("/add", app = local)]
    async fn add(id: Signal<Option<u32>>) -> impl Stream<Item = Event> {
        let id = id.0.unwrap_or_default();
        stream! {
            yield (Mode::Append, "#items", html! { <li>"1"</li> });
            yield (Mode::Append, "#itmes", html! { <li>"2"</li> });
            yield event::remove("#item-7");
            yield event::remove("#entry-7");
            yield event::remove(format!("#item-{id}"));
            yield event::remove(format!("#entry-{id}"));
            yield event::patch(html! { <li>"3"</li> }).selector("main #items, #other > b").mode(Mode::Inner);
            yield html! { <p id="item-9">"one of the page"</p> };
            yield html! { <p id="own-only">"of no page"</p> };
            yield event::remove("#made-by-a-script");
            yield event::remove("#itme-4711"); yield html! { <p id="own-only">"again"</p> };
        }
    }

    #[app::command("/write", app = local)]
    async fn write(w: Writer) -> Result<()> {
        w.remove("#writtne").await?;
        Ok(())
    }

    #[app::query("/written", app = local)]
    async fn written() -> Html {
        html! { <p id="written">"x"</p> }
    }

    #[test]
    fn an_event_needs_a_target() {
        has_problems(
            FIRST,
            local::new().known_signals(["id"]).known_ids(["#made-by-*"]),
            &[
                "no template has the id `itmes`, which an event at +12 needs; did you mean `items` at +4? (made elsewhere? `.known_ids([\"itmes\"])`)",
                "no template has the id `entry-7`, which an event at +14 needs (made elsewhere? `.known_ids([\"entry-7\"])`)",
                "no template has an id that begins with `entry-`, which an event at +16 needs (made elsewhere? `.known_ids([\"entry-*\"])`)",
                "no template has the id `other`, which an event at +17 needs (made elsewhere? `.known_ids([\"other\"])`)",
                "no other template has the id `own-only`, which an event at +19 needs (made elsewhere? `.known_ids([\"own-only\"])`)",
                "no template has the id `itme-4711`, which an event at +21 needs; did you mean `item-..` at +4? (made elsewhere? `.known_ids([\"itme-4711\"])`)",
                "no other template has the id `own-only`, which an event at +21 needs (made elsewhere? `.known_ids([\"own-only\"])`)",
                "no template has the id `writtne`, which an event at +27 needs; did you mean `written` at +33? (made elsewhere? `.known_ids([\"writtne\"])`)",
            ],
        );
    }
}

mod beginnings {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body>
                <ul>for n in 0..3 { <li id={("place-", n)}>{n}</li> }</ul>
                <p id="region"></p>
            </body>
        }
    }

    #[app::command("/move", app = local)]
    async fn shift(id: QueryParam<u8>) -> impl Stream<Item = Event> {
        stream! {
            yield html! { <li id={("place-", *id)}>"1"</li> };
            yield html! { <li id={("palce-", *id)}>"2"</li> };
        }
    }

    #[test]
    fn an_element_with_an_id_of_run_time_needs_another_one() {
        let palce = "no other template has an id that begins with `palce-`, which an event at +16 needs; did you mean `place-..` at +6? (made elsewhere? `.known_ids([\"palce-*\"])`)";
        has_problems(FIRST, local::new().failure_region("#region > b, #place-9"), &[palce]);
        has_problems(
            FIRST,
            local::new().failure_region("#regoin"),
            &[
                palce,
                "no template has the id `regoin`, which `.failure_region(\"#regoin\")` needs; did you mean `region` at +7? (made elsewhere? `.known_ids([\"regoin\"])`)",
            ],
        );
        has_warnings(FIRST, local::new().failure_region("#regoin").known_ids(["palce-*", "regoin"]), &[]);
    }
}

mod signals {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals="{name: '', user: {age: 7}, tags: []}">
                <input data-bind:first-line>
                <b data-text="$nmae"></b>
                <b data-text="$name + $firstLine + $patched"></b>
                <b data-show="$user.age > 7 && $unknown"></b>
                <button data-on:click="$open = !$open">"Menu"</button>
                <nav data-show="$open"></nav>
                <button data-on:click="$lost = true">"x"</button>
                <button data-on:click={save::action()}>"Save"</button>
                <button data-on:click="@post('/by-url')">"Save"</button>
            </body>
        }
    }

    #[app::command("/save", app = local)]
    async fn save(
        nam: Signal<String>,
        open: Signal<Option<bool>>,
        user__age: Signal<u8>,
        user__agee: Signal<u8>,
        #[name("tags.first")] tag: Signal<String>,
    ) -> impl Stream<Item = Event> {
        let _ = (nam, open, user__age, user__agee, tag);
        stream! {
            yield json!({ "patched": 1 });
            yield json!({ "ptached": 1 });
        }
    }

    #[app::command("/by-url", app = local)]
    async fn by_url(missing_by_url: Signal<u8>) {
        let _ = missing_by_url;
    }

    /// No page calls it.
    #[app::command("/api", app = local)]
    async fn of_other_clients(price: Signal<u8>, #[default(1)] page: Signal<u8>) {
        let _ = (price, page);
    }

    #[test]
    fn a_signal_needs_a_page() {
        let app = local::new().known_signals(["unknwon"]);
        has_problems(
            FIRST,
            app,
            &[
                "no page declares, binds or patches the signal `nmae`, which is read at +7; did you mean `name` at +5? (made elsewhere? `.known_signals([\"nmae\"])`)",
                "no page declares, binds or patches the signal `unknown`, which is read at +9 (made elsewhere? `.known_signals([\"unknown\"])`)",
                "no page declares, binds or patches the signal `missing_by_url`, which names::signals::by_url at +34 takes (made elsewhere? `.known_signals([\"missing_by_url\"])`)",
                "no page declares, binds or patches the signal `nam`, which names::signals::save at +19 takes; did you mean `name` at +5? (made elsewhere? `.known_signals([\"nam\"])`)",
                "no page declares, binds or patches the signal `user.agee`, which names::signals::save at +19 takes; did you mean `user.age` at +5? (made elsewhere? `.known_signals([\"user.agee\"])`)",
            ],
        );
        let known = ["nmae", "$unknown", "missing_*", "nam", "user.agee"];
        has_warnings(
            FIRST,
            local::new().known_signals(known),
            &[
                "no page declares, binds or patches the signal `price`, which names::signals::of_other_clients at +40 takes (made elsewhere? `.known_signals([\"price\"])`)",
                "no page declares, binds or patches the signal `page`, which names::signals::of_other_clients at +40 takes (made elsewhere? `.known_signals([\"page\"])`)",
                "nobody declares or reads the signal `lost`, which is set at +12",
                "nobody declares or reads the signal `ptached`, which is set at +30; did you mean `patched` at +8?",
            ],
        );
    }
}

mod kinds {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals={json(&json!({ "is_on": true, "many": ["a"], "both": 1, "text": "" }))} data-signals:amount="7">
                <input data-bind="amount">
                <p data-signals="{both: 'x'}"></p>
                <button data-on:click={save::action()}>"Save"</button>
            </body>
        }
    }

    #[app::command("/save", app = local)]
    async fn save(
        is_on: Signal<u8>,
        many: Signal<String>,
        amount: Signal<Option<String>>,
        both: Signal<String>,
        text: Signal<u32>,
    ) {
        let _ = (is_on, many, amount, both, text);
    }

    #[test]
    fn a_signal_is_taken_as_it_is_declared() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "the signal `is_on` is true or false at +5, and names::kinds::save at +13 takes a number",
                "the signal `many` is a list at +5, and names::kinds::save at +13 takes text",
                "the signal `amount` is a number at +5, and names::kinds::save at +13 takes text",
            ],
        );
    }

    mod refused {
        use super::*;

        stario::app!(local);

        #[app::command("/save", app = local)]
        async fn save(
            #[default(false)] a_bool: Signal<bool>,
            #[default(1)] a_number: Signal<u8>,
            #[default("")] a_text: Signal<String>,
        ) {
            let _ = (a_bool, a_number, a_text);
        }

        /// What the check calls a contradiction is refused, whatever the value.
        #[test]
        fn values_of_another_kind_are_refused() {
            let client = TestClient::new(local::new());
            let status = |name: &str, value: serde_json::Value| {
                let signals: serde_json::Map<_, _> = [(name.to_owned(), value)].into_iter().collect();
                client.post("/save").signals(&signals).send().status().as_u16()
            };
            let values = [("a_bool", json!(true)), ("a_number", json!(1)), ("a_text", json!("a"))];
            for (name, fitting) in &values {
                for (_, value) in values.iter().chain(&[("", json!([1])), ("", json!({ "a": 1 }))]) {
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

        #[component]
        fn Dialog(title: &str) -> Html {
            html! { <div id="dialog"><b id={("of-", title)}>{title}</b></div> }
        }

        #[component]
        fn Row() -> Html {
            html! { <tr id="row"></tr> }
        }

        #[component]
        fn Alone(is_open: bool) -> Html {
            html! { <p>if is_open { <b id="open"></b> }</p> }
        }

        #[app::query("/components", app = local)]
        async fn components(is_new: QueryParam<bool>) -> Html {
            html! {
                <Dialog title="a"/>
                <p><Dialog title="b"/></p>
                if *is_new { <table><tbody><Row/></tbody></table> } else { <table><tbody><Row/></tbody></table> }
                <Alone is_open={*is_new}/><Alone is_open={!*is_new}/>
            }
        }

        #[app::query("/rows", app = local)]
        async fn rows() -> Html {
            html! { <table><tbody>for _ in 0..3 { <Row/> }</tbody></table> }
        }

        #[component]
        fn Ticker() -> Html {
            html! { <p data-init={rows::action()}></p> }
        }

        #[component]
        fn Panel() -> Html {
            html! { <div><Ticker/></div> }
        }

        #[app::query("/panel", app = local)]
        async fn panel() -> Html {
            html! {
                <Panel/>
                <p><Ticker/></p>
            }
        }

        #[app::query("/beside", app = local)]
        async fn beside() -> Html {
            html! {
                <p id="dialog"></p>
                <Dialog title="c"/>
                if true { <Panel/> } else { <Panel/> }
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
                    "the id `dialog` of <Dialog> at +13 stands twice in what one template shows:\n    +29\n    +30",
                    "the id `row` of <Row> at +18 stands twice in what one template shows:\n    +38, in a loop",
                    "<Ticker> at +43 sends `data-init rows::action()`, which is sent twice in what one template shows, and Datastar aborts the first request for the second:\n    +54\n    +55",
                    "the id `dialog` of <Dialog> at +13 stands twice in what one template shows:\n    +62\n    +63",
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

mod typed {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(Signals, Default)]
    #[serde(rename_all = "camelCase")]
    struct Filter {
        search_words: String,
        is_fresh: bool,
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals={Filter::default()}>
                <input data-bind={Filter::search_words()}>
                <b data-text="$searchWord"></b>
                <button data-on:click={find::action()}>"Find"</button>
            </body>
        }
    }

    #[app::command("/find", app = local)]
    async fn find(#[name("searchWords")] words: Signal<String>, #[name("isFresh")] fresh: Signal<u8>) {
        let _ = (words, fresh);
    }

    #[test]
    fn the_fields_of_a_struct_are_signals() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "no page declares, binds or patches the signal `searchWord`, which is read at +14; did you mean `searchWords` at +5? (made elsewhere? `.known_signals([\"searchWord\"])`)",
                "the signal `isFresh` is true or false at +6, and names::typed::find at +20 takes a number",
            ],
        );
    }
}

mod nested {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(Signals, Default)]
    struct Trip {
        #[signals(nested)]
        leg: Leg,
    }

    #[derive(Signals, Default)]
    struct Leg {
        start_at: String,
        km: u32,
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals={Trip::default()}>
                <input data-bind={Trip::leg().start_at()}>
                <b data-text="$leg.start_at.trim() + $leg.start_at.length + $leg.kmm"></b>
                <b data-signals="{spot: {x: 1}, tiers: []}" data-text="$spot.y + $spot.x + $tiers.length"></b>
                <b data-signals="{gap: {own: 2}}" data-text="$gap.wide" data-on:click="$gap.wide = 3"></b>
                <button data-on:click={go::action()}>"Go"</button>
            </body>
        }
    }

    #[app::command("/go", app = local)]
    async fn go(
        leg__km: Signal<bool>,
        leg__kmh: Signal<u32>,
        leg__start_at: Signal<String>,
        leg: Signal<String>,
    ) {
        let _ = (leg__km, leg__kmh, leg__start_at, leg);
    }

    #[test]
    fn nested_signals_are_known_by_their_paths() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "no page declares, binds or patches the signal `leg.kmm`, which is read at +19; did you mean `leg.km` at +11? (made elsewhere? `.known_signals([\"leg.kmm\"])`)",
                "no page declares, binds or patches the signal `spot.y`, which is read at +20; did you mean `spot.x` at +20? (made elsewhere? `.known_signals([\"spot.y\"])`)",
                "the signal `leg.km` is a number at +11, and names::nested::go at +27 takes true or false",
                "no page declares, binds or patches the signal `leg.kmh`, which names::nested::go at +27 takes; did you mean `leg.km` at +11? (made elsewhere? `.known_signals([\"leg.kmh\"])`)",
                "the signal `leg` is an object at +5, and names::nested::go at +27 takes text",
            ],
        );
    }
}

mod typed_reads {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(Signals)]
    struct Shelf {
        width_of_it: u32,
    }

    #[derive(Signals)]
    struct Lamp {
        bright_now: bool,
    }

    #[derive(Signals)]
    struct Plain {
        written_out: u32,
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals="{written_out: 1}">
                <b data-text={Shelf::width_of_it()} data-show={Lamp::bright_now().not()}></b>
                <b data-text={Plain::written_out()} data-on:click={change::action()}></b>
            </body>
        }
    }

    #[app::command("/change", app = local)]
    async fn change() -> SignalPatch {
        Lamp::bright_now().is(true)
    }

    #[test]
    fn the_signals_of_a_struct_need_a_page() {
        has_warnings(
            FIRST,
            local::new(),
            &[
                "no page declares the signals of `Shelf`, of which one is read at +21: `data-signals={Shelf::default()}` does (made elsewhere? `.known_signals([\"width_of_it\"])`)",
            ],
        );
        has_warnings(FIRST, local::new().known_signals(["width_of_it"]), &[]);
    }
}

mod taken_structs {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(Signals)]
    struct Seat {
        row_of_it: u32,
        column_of_it: u32,
        note_of_it: Option<String>,
        #[serde(default)]
        price_of_it: u32,
        #[signals(local)]
        is_shown: bool,
        #[signals(nested)]
        hall_of_it: Hall,
    }

    #[derive(Signals)]
    struct Hall {
        #[signals(fn = "the_name")]
        name_of_it: String,
        floor_of_it: u8,
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body>
                <input data-bind={Seat::row_of_it()}><input data-bind={Seat::hall_of_it().the_name()}>
                <button data-on:click={book::action()}>"Book"</button>
                <b data-text="$hall_of_it.name_of_it + $hall_of_it.floor_of_it"></b>
                <p data-show={Seat::is_shown()}></p>
            </body>
        }
    }

    #[app::command("/book", app = local)]
    async fn book(seat: Signals<Seat>) -> String {
        let Seat { row_of_it, column_of_it, note_of_it, price_of_it, is_shown, hall_of_it } = seat.0;
        let Hall { name_of_it, floor_of_it } = hall_of_it;
        format!(
            "{row_of_it} {column_of_it} {note_of_it:?} {price_of_it} {is_shown} {name_of_it} {floor_of_it}"
        )
    }

    /// A form is bound field by field, and its values are sent in the place of signals, or set by an expression.
    #[derive(Signals)]
    struct Ticket {
        buyer_of_it: String,
        count_of_it: u32,
    }

    #[derive(Signals)]
    struct Payload {
        sent_by_an_action: u32,
    }

    #[app::query("/tickets", app = local)]
    async fn tickets() -> Html {
        html! {
            <input data-bind={Ticket::buyer_of_it()} data-on:click={Ticket::count_of_it().set(2).then(order::action())}>
            <b data-text="$count_of_it" data-on:click={pay::action().payload(json(&json!({ "sent_by_an_action": 1 })))}></b>
            <b data-on:click="@post('/pay/one', {payload: {one_by_an_action: 1}})"></b>
        }
    }

    #[app::command("/order", app = local)]
    async fn order(ticket: Signals<Ticket>) -> String {
        format!("{} {}", ticket.buyer_of_it, ticket.count_of_it)
    }

    #[app::command("/pay", app = local)]
    async fn pay(payload: Signals<Payload>) -> u32 {
        payload.sent_by_an_action
    }

    #[app::command("/pay/one", app = local)]
    async fn pay_one(one_by_an_action: Signal<u32>) -> u32 {
        *one_by_an_action
    }

    #[test]
    fn the_signals_of_a_struct_that_is_taken_need_a_page() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "no page declares, binds or patches the signal `hall_of_it.floor_of_it`, which is read at +28; did you mean `hall_of_it.name_of_it` at +26? (made elsewhere? `.known_signals([\"hall_of_it.floor_of_it\"])`)",
                "no page declares, binds or patches the signal `column_of_it`, which names::taken_structs::book at +34 takes as part of `Seat`: `data-signals={Seat::default()}` declares it (made elsewhere? `.known_signals([\"column_of_it\"])`)",
                "no page declares, binds or patches the signal `hall_of_it.floor_of_it`, which names::taken_structs::book at +34 takes as part of `Seat`: `data-signals={Seat::default()}` declares it (made elsewhere? `.known_signals([\"hall_of_it.floor_of_it\"])`)",
            ],
        );
        // What may be missing is no problem.
        has_warnings(FIRST, local::new().known_signals(["column_of_it", "hall_of_it.floor_of_it"]), &[]);
    }
}

mod locals {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(Signals, Default)]
    struct Panel {
        #[signals(local, fn = "is_wide")]
        wide: bool,
        #[signals(local)]
        tall: u8,
        #[signals(local)]
        only_set: bool,
        #[signals(local)]
        in_javascript: u8,
        #[signals(nested)]
        menu: Menu,
    }

    #[derive(Signals, Default)]
    struct Menu {
        #[signals(local)]
        unfolded: bool,
        #[signals(local)]
        folded: bool,
    }

    #[component]
    fn Toggle(label: &str) -> Html {
        html! { <button data-on:click={Panel::menu().unfolded().toggle()}>{label}</button> }
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals={Panel::default()} data-signals:_page-only="1">
                <Toggle label="x"/> <b data-signals="{_bound: '', person: {_age: 1, _agee: 2}}"></b>
                <p data-show={Panel::is_wide()} data-on:click={Panel::only_set().set(true)} data-text="$_inJavascrpt + $_in_javascript"></p>
                <input data-bind:_bound data-on:click="$person._age = $person._age + 1"> <b data-indicator:_busy></b>
            </body>
        }
    }

    #[test]
    fn a_signal_that_stays_in_the_page_is_read_there() {
        has_warnings(
            FIRST,
            local::new().known_signals(["_inJavascrpt"]),
            &[
                "nothing in a page reads the signal `_pageOnly`, which is declared at +32 and never sent (read elsewhere? `.known_signals([\"_pageOnly\"])`)",
                "nothing in a page reads the signal `person._agee`, which is declared at +33 and never sent (read elsewhere? `.known_signals([\"person\"])`)",
                "nothing in a page reads the signal `_busy`, which is declared at +35 and never sent (read elsewhere? `.known_signals([\"_busy\"])`)",
                "nothing in a page reads the signal `_tall`, which is declared at +7 and never sent (read elsewhere? `.known_signals([\"_tall\"])`)",
                "nothing in a page reads the signal `_only_set`, which is declared at +9 and never sent (read elsewhere? `.known_signals([\"_only_set\"])`)",
                "nothing in a page reads the signal `menu._folded`, which is declared at +21 and never sent (read elsewhere? `.known_signals([\"menu\"])`)",
            ],
        );
    }
}

mod javascript {
    use stario::html::js;

    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body data-signals="{lid: 1}">
                <nav data-show="$drawer"></nav>
                <button data-on:click={js("$drawer = !$drawer")}>"Menu"</button>
                <b data-on:click="$hatch = 1">"Open"</b><b data-text="$hatch"></b>
                <button data-on:click={SignalRef::<u8>::named("lid").set(1).then(js("$lid = $cover"))}>"Lid"</button>
            </body>
        }
    }

    #[test]
    fn signals_in_javascript_are_read() {
        has_problems(
            FIRST,
            local::new(),
            &[
                "no page declares, binds or patches the signal `cover`, which is read at +9 (made elsewhere? `.known_signals([\"cover\"])`)",
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
        tokio::task::yield_now().await;
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

mod forms {
    use super::*;

    stario::app!(local);

    const FIRST: u32 = line!();

    #[derive(serde::Deserialize)]
    struct Entry {
        title: String,
        #[serde(rename = "no")]
        number: Option<u8>,
    }

    #[app::query("/", app = local)]
    async fn home() -> Html {
        html! {
            <body>
                <form method="post" action={sign_in::url()}><input name="nmae"><button name="go">"Go"</button></form>
                <form data-on:submit={import::action().content_type(action::ContentType::Form)}>
                    <input type="file" name="flie">
                    <p><input name="trap-1"></p>
                </form>
                <form method="post" action="/entries"><input name="titel"><input name="no"></form>
                // All that the handler takes is there.
                <form method="post" action={sign_in::url()}><input name="name"><input name="for-a-script"></form>
                // These may take anything.
                <form method="post" action={raw::url()}><input name="x"></form>
                <form method="post" action="/elsewhere"><input name="x"></form>
                <form method="post" action={save_any::url()}><input name="x"></form>
                <form method="post" action={sign_in::url()}><button formaction={raw::url()}>"x"</button><input name="x"></form>
                <form action={sign_in::url()}><input name="x"></form>
                // The browser sends it with another form, or not at all.
                <form method="post" action={sign_in::url()}><input name="x" form="other"><input type="reset" name="y"></form>
            </body>
        }
    }

    #[app::command("/sign-in", app = local)]
    async fn sign_in(name: FormField<String>) {
        let _ = name;
    }

    #[app::command("/import", app = local)]
    async fn import(file: UploadedFile, #[name("trap-2")] trap: FormField<Option<String>>) {
        let _ = (file, trap);
    }

    #[app::command("/entries", app = local)]
    async fn add(entry: stario::FormBody<Entry>) -> String {
        format!("{} {:?}", entry.title, entry.number)
    }

    #[app::command("/raw", app = local)]
    async fn raw(body: stario::RawBody<String>) -> String {
        body.0
    }

    #[app::command("/any", app = local)]
    async fn save_any(fields: stario::FormBody<std::collections::HashMap<String, String>>) {
        let _ = fields;
    }

    #[test]
    fn a_field_of_a_form_is_taken() {
        let known = local::new().known_form_fields(["trap-*"]);
        has_warnings(
            FIRST,
            known,
            &[
                "nobody takes the form field `nmae` at +13, which is sent to names::forms::sign_in at +33; did you mean `name`? (meant so? `.known_form_fields([\"nmae\"])`)",
                "nobody takes the form field `go` at +13, which is sent to names::forms::sign_in at +33 (meant so? `.known_form_fields([\"go\"])`)",
                "nobody takes the form field `flie` at +15, which is sent to names::forms::import at +38; did you mean `file`? (meant so? `.known_form_fields([\"flie\"])`)",
                "nobody takes the form field `titel` at +18, which is sent to names::forms::add at +43; did you mean `title`? (meant so? `.known_form_fields([\"titel\"])`)",
            ],
        );
    }

    #[cfg(feature = "forms")]
    mod typed {
        use garde::Validate;

        use super::*;

        stario::app!(local);

        const FIRST: u32 = line!();

        #[derive(Form, Validate)]
        #[garde(allow_unvalidated)]
        struct SignUp {
            email: String,
            #[form(nested)]
            #[garde(dive)]
            children: Vec<Child>,
        }

        #[derive(Form, Validate)]
        #[garde(allow_unvalidated)]
        struct Child {
            name: String,
        }

        #[app::query("/", app = local)]
        async fn home() -> Html {
            html! {
                <form method="post" action={sign_up::url()}>
                    <input name="emial"><input name="children.0.name"><input name="children.0.nmae">
                </form>
            }
        }

        #[app::command("/sign-up", app = local)]
        async fn sign_up(form: Form<SignUp>) {
            let _ = form.value().map(|it| (&it.email, it.children.first().map(|child| &child.name)));
        }

        #[test]
        fn a_field_of_a_form_is_one_of_its_struct() {
            has_warnings(
                FIRST,
                local::new(),
                &[
                    "nobody takes the form field `emial` at +21, which is sent to names::forms::typed::sign_up at +26; did you mean `email`? (meant so? `.known_form_fields([\"emial\"])`)",
                    "nobody takes the form field `children.0.nmae` at +21, which is sent to names::forms::typed::sign_up at +26 (meant so? `.known_form_fields([\"children.0.nmae\"])`)",
                ],
            );
        }
    }
}
