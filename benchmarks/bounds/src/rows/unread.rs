//! 20 connections of HTTP/2 that ask for 100 pages of 2 MB each, and read nothing: what the server holds, and whether it answers
//! another client meanwhile.

use std::time::{Duration, Instant};

use crate::Figure;
use crate::client::{ask, connect, get};
use crate::http2::Client;
use crate::process::Server;

const CONNECTIONS: usize = 20;

const STREAMS: u32 = 100;

const MOST_RESIDENT: f64 = 100.0;

const MOST_WAIT: f64 = 1000.0;

pub fn measure() -> Vec<Figure> {
    [("/page", "pages of 2 MB"), ("/later", "pages of 2 MB after a pause")]
        .iter()
        .flat_map(|(path, name)| measured(path, name))
        .collect()
}

fn measured(path: &str, name: &str) -> [Figure; 3] {
    let server = Server::start("stario", &[]);
    // How large the pages are is known from their first.
    ask(&mut connect(server.address), &get(path), "xxx");
    let mut sockets: Vec<_> = (0..CONNECTIONS).map(|_| connect(server.address)).collect();
    for socket in &mut sockets {
        let mut client = Client::new(socket);
        (0..STREAMS).for_each(|index| client.begin(2 * index + 1, path, false));
        client.flush();
    }
    let mut slowest = Duration::ZERO;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        let asked = Instant::now();
        let mut socket = connect(server.address);
        ask(&mut socket, &get("/plain"), "plain text");
        slowest = slowest.max(asked.elapsed());
        let asked = Instant::now();
        let mut socket = connect(server.address);
        let mut client = Client::new(&mut socket);
        client.begin(1, "/plain", false);
        while client.is_connected() && client.read(Duration::from_millis(5)).is_empty() {}
        slowest = slowest.max(asked.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    let peak = server.peak() as f64 / 1024.0;
    drop(sockets);
    std::thread::sleep(Duration::from_secs(2));
    let after = server.resident() as f64 / 1024.0;
    let name = format!("20 x 100 {name} over HTTP/2, unread");
    [
        Figure::new(format!("{name}, resident at most"), peak, MOST_RESIDENT, "MiB"),
        Figure::new(format!("{name}, another client"), slowest.as_secs_f64() * 1000.0, MOST_WAIT, "ms"),
        Figure::new(format!("{name}, resident 2 s after they left"), after, MOST_RESIDENT, "MiB"),
    ]
}
