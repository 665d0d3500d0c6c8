//! The figures that Prometheus reads.

use stario::prelude::*;
use stario::{AppHandle, MemoryQueue};

stario::app!();
stario::app!(jobs);

#[app::query("/hello/{name}")]
async fn hello(name: PathParam<String>) -> String {
    metrics::counter!("greetings_total").increment(1);
    name.0
}

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        yield json!({ "a": 1 });
        yield json!({ "a": 2 });
        std::future::pending::<()>().await;
    }
}

/// The value of the one line of `figures` that begins with `figure` and holds all `labels`.
fn value(figures: &str, figure: &str, labels: &[&str]) -> Option<String> {
    let is_it = |line: &&str| line.starts_with(figure) && labels.iter().all(|label| line.contains(label));
    let mut lines = figures.lines().filter(is_it);
    let line = lines.next()?;
    assert_eq!(lines.next(), None, "{figures}");
    line.rsplit(' ').next().map(str::to_owned)
}

#[test]
fn requests_and_streams_are_counted() {
    let client = TestClient::new(app::new().metrics("/metrics"));
    // What has ended is counted when its body is dropped, which nobody is told.
    let check = |figure: &str, labels: &[&str], expected: &str| {
        let started = std::time::Instant::now();
        loop {
            let res = client.get("/metrics").send();
            assert_eq!(res.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
            if value(res.text(), figure, labels).as_deref() == Some(expected) {
                return;
            }
            assert!(
                started.elapsed().as_secs() < 60,
                "{figure} {labels:?} is not {expected}: {}",
                res.text()
            );
        }
    };
    client.get("/hello/ada").send();
    client.get("/hello/bob").send();
    client.get("/nowhere").send();
    client.request(http::Method::from_bytes(b"BREW").unwrap(), "/hello/ada").send();
    let mut stream = client.get("/live").open().send();
    stream.next().wait().unwrap();
    let duration = "http_server_request_duration_seconds_count";
    let hello = ["http_request_method=\"GET\"", "http_route=\"/hello/{name}\"", "status_code=\"200\""];
    check(duration, &hello, "2");
    check(duration, &["http_route=\"\"", "status_code=\"404\""], "1");
    check(duration, &["http_request_method=\"_OTHER\"", "status_code=\"405\""], "1");
    check("greetings_total", &[], "2");
    check("stario_open_streams", &["/live"], "1");
    // The open stream, and the request for the figures itself.
    check("http_server_active_requests", &["\"GET\""], "2");
    drop(stream);
    check("stario_open_streams", &["/live"], "0");
    check("stario_stream_events_total", &["/live"], "2");
}

#[app::detached_command("/mail/{address}", app = jobs, durable = "mail", attempts = 1)]
async fn mail(address: PathParam<String>) -> Result {
    if *address == "nobody" {
        return Err("there is no such address".into());
    }
    Ok(())
}

#[app::command("/prune", app = jobs)]
async fn prune(handle: AppHandle) -> Result {
    handle.durable().prune_dead(Duration::ZERO).await?;
    Ok(())
}

#[test]
fn durable_commands_and_their_runs_are_counted() {
    let client = TestClient::new(jobs::new().durable(MemoryQueue::new()).metrics("/metrics"));
    let commands = || {
        let res = client.get("/metrics").send();
        ["waiting", "running", "dead"].map(|state| {
            let labels = ["command=\"mail\"", &format!("state=\"{state}\"")];
            value(res.text(), "stario_durable_commands", &labels).unwrap_or_default()
        })
    };
    for address in ["ada", "bob", "nobody"] {
        assert_eq!(client.post(format!("/mail/{address}")).send().status(), 204);
    }
    assert_eq!(commands(), ["3", "0", "0"]);
    client.drain_blocking();
    assert_eq!(commands(), ["0", "0", "1"]);
    let res = client.get("/metrics").send();
    for (outcome, count) in [("finished", "2"), ("dead", "1")] {
        let labels = ["command=\"mail\"", &format!("outcome=\"{outcome}\"")];
        assert_eq!(value(res.text(), "stario_durable_runs_total", &labels).as_deref(), Some(count));
    }
    assert_eq!(client.post("/prune").send().status(), 204);
    assert_eq!(commands(), ["0", "0", "0"]);
}
