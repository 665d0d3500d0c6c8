//! 100 clients that send 9.9 MB of a body, and then go on at 300 bytes a second: what is held of their bodies, and when the
//! last of them is gone.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Figure;
use crate::client::{Visitor, ask, connect, get, post};
use crate::process::Server;

const CLIENTS: usize = 100;

const LENGTH: usize = 10_000_000;

const SENT: usize = 9_900_000;

const MEMORY: usize = 256 << 20;

/// Beside the bodies there are the buffers of the connections, of sockets and of what a part is parsed from.
const MOST_GROWTH: f64 = (MEMORY >> 20) as f64 + 64.0;

const MOST_SECONDS: f64 = 90.0;

const MOST_WAIT: f64 = 1000.0;

pub fn measure() -> Vec<Figure> {
    let part = "--x\r\ncontent-disposition: form-data; name=file; filename=f\r\n\r\n";
    let field = "--x\r\ncontent-disposition: form-data; name=field\r\n\r\n";
    let cases = [
        ("`RawBody`", "/raw", ""),
        ("`UploadedFile`", "/upload", part),
        ("`FormField`", "/part", field),
        ("20 bodies on each of 5 connections of HTTP/2, `RawBody`", "", ""),
    ];
    cases.iter().flat_map(|(name, path, begin)| measured(name, path, begin)).collect()
}

fn measured(name: &str, path: &str, begin: &str) -> Vec<Figure> {
    let server = Server::start("stario", &[("STARIO_REQUESTS_BODY_MEMORY_BYTES", &MEMORY.to_string())]);
    for _ in 0..20 {
        ask(&mut connect(server.address), &get("/plain"), "plain text");
    }
    let before = server.resident();
    server.forget_peak();
    let visitor = Visitor::start(server.address);
    let started = Instant::now();
    let answers: Vec<String> = std::thread::scope(|scope| {
        let address = server.address;
        let clients: Vec<_> = if path.is_empty() {
            (0..CLIENTS / 20).map(|_| scope.spawn(move || over_http2(address))).collect()
        } else {
            (0..CLIENTS).map(|_| scope.spawn(move || trickle(address, path, begin))).collect()
        };
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let wait = visitor.stop();
    let growth = server.peak().saturating_sub(before) as f64 / 1024.0;
    let count = |status: &str| answers.iter().filter(|answer| answer.as_str() == status).count();
    let name = format!("100 x 9.9 MB, then 300 B/s, {name}");
    let name = if path.is_empty() {
        name
    } else {
        format!("{name}: {} x 408, {} x 503, {} x reset", count("408"), count("503"), count("none"))
    };
    vec![
        Figure::new(format!("{name}, growth"), growth, MOST_GROWTH, "MiB"),
        Figure::new(format!("{name}, all gone"), seconds, MOST_SECONDS, "s"),
        Figure::new(format!("{name}, slowest GET"), wait, MOST_WAIT, "ms"),
    ]
}

/// Sends as long as the server takes it, and returns the status of the answer.
fn trickle(address: SocketAddr, path: &str, begin: &str) -> String {
    let mut socket = connect(address);
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let head = String::from_utf8(post(path, "multipart/form-data; boundary=x", "")).unwrap();
    let head = head.replace("content-length: 0", &format!("content-length: {LENGTH}"));
    let first = [head.as_bytes(), begin.as_bytes(), &vec![b'a'; SENT]].concat();
    let mut is_taken = socket.write_all(&first).is_ok();
    let mut answer = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if !is_taken {
                    break;
                }
                is_taken = socket.write_all(&[b'a'; 300]).is_ok();
            }
            Err(_) => break,
        }
    }
    crate::client::status(&String::from_utf8_lossy(&answer)).to_owned()
}

/// Sends the same as 20 streams of one connection, until all are answered.
fn over_http2(address: SocketAddr) -> String {
    const STREAMS: usize = 20;
    let mut socket = connect(address);
    let mut client = crate::http2::Client::new(&mut socket);
    for index in 0..STREAMS {
        client.begin(2 * index as u32 + 1, "/raw", true);
    }
    let mut left = [SENT; STREAMS];
    let mut is_open = [true; STREAMS];
    let mut last = Instant::now();
    while is_open.contains(&true) && client.is_connected() {
        for index in (0..STREAMS).filter(|index| is_open[*index]) {
            let id = 2 * index as u32 + 1;
            if left[index] > 0 {
                left[index] -= client.send(id, left[index].min(16_384));
            }
        }
        if last.elapsed() > Duration::from_secs(1) {
            last = Instant::now();
            for index in (0..STREAMS).filter(|index| is_open[*index] && left[*index] == 0) {
                client.send(2 * index as u32 + 1, 300);
            }
        }
        for id in client.read(Duration::from_millis(5)) {
            is_open[id as usize / 2] = false;
        }
    }
    String::new()
}
