//! A client with one connection, which is kept.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

pub struct Client {
    socket: TcpStream,
    /// The bytes that arrived and are not part of a response yet.
    bytes: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).unwrap(), bytes: Vec::new() }
    }

    /// Sends a request and returns the body of its response.
    pub fn ask(&mut self, request: &str) -> Vec<u8> {
        let head = self.open(request).to_ascii_lowercase();
        match head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
            Some(length) => {
                let length = length.trim().parse().unwrap();
                while self.bytes.len() < length {
                    self.read();
                }
                self.bytes.drain(..length).collect()
            }
            None => self.chunks(),
        }
    }

    /// Sends a request, and returns the head of its response when that has arrived.
    pub fn open(&mut self, request: &str) -> String {
        self.socket.write_all(request.as_bytes()).unwrap();
        let head = String::from_utf8(self.until(b"\r\n\r\n")).unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{request:?}: {head}");
        head
    }

    /// Reads one event, which is the last in its chunk.
    pub fn event(&mut self) {
        self.until(b"\n\n\r\n");
    }

    /// Reads a chunked body.
    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.until(b"\r\n")).unwrap();
            let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
            while self.bytes.len() < length + 2 {
                self.read();
            }
            body.extend(self.bytes.drain(..length));
            self.bytes.drain(..2);
            if length == 0 {
                return body;
            }
        }
    }

    /// Reads up to `end`, inclusive.
    fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(start) = self.bytes.windows(end.len()).position(|window| window == end) {
                return self.bytes.drain(..start + end.len()).collect();
            }
            self.read();
        }
    }

    fn read(&mut self) {
        let mut piece = [0; 16384];
        let length = self.socket.read(&mut piece).unwrap();
        assert!(length > 0, "the server has closed the connection");
        self.bytes.extend_from_slice(&piece[..length]);
    }
}
