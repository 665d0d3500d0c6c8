//! Requests over HTTP/1.1, as bytes on a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(60);

pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// The bytes of a request with a body.
pub fn post(path: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

/// The bytes of a request without a body.
pub fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").into()
}

/// Sends a request, and reads until the response holds `end`. The server may answer before it has read everything.
pub fn ask(socket: &mut TcpStream, request: &[u8], end: &str) -> String {
    let _ = socket.write_all(request);
    let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&response).contains(end) {
        match socket.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => response.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&response).into_owned()
}

/// The status of a response.
pub fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or("none")
}

/// Asks for `/plain` every few milliseconds, each time on a connection of its own.
pub struct Visitor {
    is_done: Arc<AtomicBool>,
    slowest: JoinHandle<Duration>,
}

impl Visitor {
    pub fn start(address: SocketAddr) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let slowest = std::thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                let response = ask(&mut connect(address), &get("/plain"), "plain text");
                assert_eq!(status(&response), "200");
                slowest = slowest.max(started.elapsed());
                std::thread::sleep(Duration::from_millis(2));
            }
            slowest
        });
        Self { is_done, slowest }
    }

    /// The milliseconds that the slowest answer took.
    pub fn stop(self) -> f64 {
        self.is_done.store(true, Ordering::Relaxed);
        self.slowest.join().unwrap().as_secs_f64() * 1000.0
    }
}
