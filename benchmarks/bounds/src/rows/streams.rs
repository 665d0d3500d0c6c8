//! Idle event streams that were opened with large requests: what the server holds for each, over raw hyper that has dropped the
//! same request.

use std::net::TcpStream;

use crate::Figure;
use crate::client::{ask, connect, get, post};
use crate::process::Server;

const STREAMS: usize = 300;

const MOST_OVER_HYPER: f64 = 15.0;

pub fn measure() -> Vec<Figure> {
    let values = |bytes: usize| format!("{{\"name\":\"x\",\"z\":[{}0]}}", "[0],".repeat(bytes / 4));
    let query = format!("?datastar={}", values(60_000).replace('"', "%22"));
    let body = |count: usize| {
        format!(
            "{{\"name\":\"x\",\"z\":\"{}\",\"y\":[{}0]}}",
            "x".repeat(2_000_000 - count),
            "0,".repeat(count / 2)
        )
    };
    // Fewer names and values than are accepted.
    let body = body(120_000);
    let cases = [
        ("`stream!`, 60 KB in the query", get(&format!("/stream{query}"))),
        ("`Writer`, 60 KB in the query", get(&format!("/writer{query}"))),
        ("`stream!`, 2 MB in the body", post("/stream", "application/json", &body)),
        ("`Writer`, 2 MB in the body", post("/writer", "application/json", &body)),
    ];
    cases.map(|(name, request)| measured(name, &request)).into()
}

fn measured(name: &str, request: &[u8]) -> Figure {
    let (stario, hyper) = (held("stario", request), held("hyper", request));
    let name = format!("{name}: {stario:.1} KiB, hyper {hyper:.1} KiB, over it");
    Figure::new(name, stario - hyper, MOST_OVER_HYPER, "KiB")
}

/// The KiB that the server holds for each stream.
fn held(server: &str, request: &[u8]) -> f64 {
    let variables = [("STARIO_REQUESTS_MAX_SIGNALS_BYTES", "16777216")];
    let server = Server::start(server, &variables);
    let open = |_| -> TcpStream {
        let mut socket = connect(server.address);
        let response = ask(&mut socket, request, "idle</p>");
        assert!(response.contains("idle</p>"), "{response}");
        socket
    };
    // Memory that only the first connections need is not counted.
    let first: Vec<_> = (0..10).map(open).collect();
    let before = server.resident();
    let streams: Vec<_> = (0..STREAMS).map(open).collect();
    let growth = server.resident().saturating_sub(before) as f64;
    drop((first, streams));
    growth / STREAMS as f64
}
