//! The figures that Prometheus reads.

use stario::prelude::*;

stario::app!();

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

/// The value of the one line that begins with `figure` and holds all `labels`.
fn value(figures: &str, figure: &str, labels: &[&str]) -> String {
    let is_it = |line: &&str| line.starts_with(figure) && labels.iter().all(|label| line.contains(label));
    let mut lines = figures.lines().filter(is_it);
    let line = lines.next().unwrap_or_else(|| panic!("no {figure} {labels:?} in {figures}"));
    assert_eq!(lines.next(), None, "{figures}");
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn requests_and_streams_are_counted() {
    let client = TestClient::new(app::new().metrics("/metrics"));
    let figures = || {
        let res = client.get("/metrics").send();
        assert_eq!(res.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        res.text().to_owned()
    };
    client.get("/hello/ada").send();
    client.get("/hello/bob").send();
    client.get("/nowhere").send();
    client.request(http::Method::from_bytes(b"BREW").unwrap(), "/hello/ada").send();
    let mut stream = client.get("/live").open().send();
    stream.next().wait().unwrap();
    let found = figures();
    let hello = ["http_request_method=\"GET\"", "http_route=\"/hello/{name}\"", "status_code=\"200\""];
    assert_eq!(value(&found, "http_server_request_duration_seconds_count", &hello), "2");
    let nowhere = ["http_route=\"\"", "status_code=\"404\""];
    assert_eq!(value(&found, "http_server_request_duration_seconds_count", &nowhere), "1");
    let brew = ["http_request_method=\"_OTHER\"", "status_code=\"405\""];
    assert_eq!(value(&found, "http_server_request_duration_seconds_count", &brew), "1");
    assert_eq!(value(&found, "greetings_total", &[]), "2");
    assert_eq!(value(&found, "stario_open_streams", &["/live"]), "1");
    // The open stream, and the request for the figures itself.
    assert_eq!(value(&found, "http_server_active_requests", &["\"GET\""]), "2");
    drop(stream);
    let found = figures();
    assert_eq!(value(&found, "stario_open_streams", &["/live"]), "0");
    assert_eq!(value(&found, "stario_stream_events_total", &["/live"]), "2");
}
