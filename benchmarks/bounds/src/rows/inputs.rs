//! 9 MB in 1.3 million values: how much memory they take while they are answered, and how long a visitor waits beside them. And as
//! many values as are accepted, from 100 clients at once.

use crate::Figure;
use crate::client::{Visitor, ask, connect, post, status};
use crate::process::Server;

const LENGTH: usize = 9_000_000;

const MOST_GROWTH: f64 = 64.0;

/// Of all clients together, whose bodies alone have 60 MB.
const MOST_GROWTH_BY_CROWD: f64 = 256.0;

const CROWD: usize = 100;

const MOST_WAIT: f64 = 100.0;

pub fn measure() -> Vec<Figure> {
    let json = filled("{\"name\":\"x\",\"z\":[", "{\"\":0},", "0]}");
    let few = filled("{\"name\":\"x\",\"z\":[", &format!("\"{}\",", "x".repeat(1000)), "0]}");
    // As many names and values as are accepted, in the shapes that take most memory: an object counts as four.
    let nested = |open: &str, close: &str, times| {
        let one = format!("{}0{},", open.repeat(100), close.repeat(100));
        format!("{{\"name\":\"x\",\"z\":[{}0]}}", one.repeat(times))
    };
    let (objects, lists) = (nested("{\"\":", "}", 199), nested("[", "]", 980));
    let fields = filled("name=x&", "a=0&", "z=0");
    let text = filled("name=", "%7B%22+", "");
    let (as_json, as_form) = ("application/json", "application/x-www-form-urlencoded");
    let cases = [
        ("1.3 M values, `Signal<String>`", post("/signal", as_json, &json)),
        ("1.3 M values, `Signals<Value>`", post("/signals", as_json, &json)),
        ("1.3 M values, `JsonBody<Value>`", post("/json", as_json, &json)),
        ("1.3 M values, `JsonOrForm<Value>`", post("/either", as_json, &json)),
        ("1.3 M values in a field, `FormBody`", post("/form", as_form, &format!("name={json}"))),
        ("2.2 M fields, `FormBody`", post("/form", as_form, &fields)),
        ("2.2 M fields, `FormField`", post("/fields", as_form, &fields)),
        ("1 encoded field, `FormBody`", post("/form", as_form, &text)),
        ("1 encoded field, `FormField`", post("/fields", as_form, &text)),
        ("9,000 texts, `Signal<String>`", post("/signal", as_json, &few)),
        ("9,000 texts, `Signals<Value>`", post("/signals", as_json, &few)),
        ("9,000 texts, `JsonBody<Value>`", post("/json", as_json, &few)),
        ("98,000 nested lists, `Signals<Value>`", post("/signals", as_json, &lists)),
        ("98,000 nested lists, `JsonBody<Value>`", post("/json", as_json, &lists)),
        ("19,900 nested objects, `Signals<Value>`", post("/signals", as_json, &objects)),
        ("19,900 nested objects, `JsonBody<Value>`", post("/json", as_json, &objects)),
    ];
    let few_clients = cases
        .iter()
        .flat_map(|(name, request)| [1, 2].map(|count| measured(name, request, count, MOST_GROWTH)));
    let crowd = cases[cases.len() - 4..]
        .iter()
        .map(|(name, request)| measured(name, request, CROWD, MOST_GROWTH_BY_CROWD));
    few_clients.chain(crowd).flatten().collect()
}

/// A text of about [`LENGTH`] bytes.
fn filled(begin: &str, part: &str, end: &str) -> String {
    format!("{begin}{}{end}", part.repeat(LENGTH / part.len()))
}

/// Sends the request so many times at once.
fn measured(name: &str, request: &[u8], count: usize, most_growth: f64) -> [Figure; 2] {
    let server = Server::start("stario", &[("STARIO_REQUESTS_MAX_SIGNALS_BYTES", "16777216")]);
    // Memory that only the first requests need is not counted.
    for _ in 0..20 {
        ask(
            &mut connect(server.address),
            &post("/signal", "application/json", "{\"name\":\"first\"}"),
            "first",
        );
    }
    let before = server.resident();
    server.forget_peak();
    let visitor = Visitor::start(server.address);
    let mut statuses = std::thread::scope(|scope| {
        let send = || status(&ask(&mut connect(server.address), request, "\r\n\r\n")).to_owned();
        let clients: Vec<_> = (0..count).map(|_| scope.spawn(send)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let wait = visitor.stop();
    statuses.dedup();
    let growth = server.peak().saturating_sub(before) as f64 / 1024.0;
    let name = format!("{count} x {name}: {}", statuses.join(" "));
    [
        Figure::new(format!("{name}, growth"), growth, most_growth, "MiB"),
        Figure::new(format!("{name}, slowest GET"), wait, MOST_WAIT, "ms"),
    ]
}
