//! The one who asks.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

pub struct Client {
    socket: TcpStream,
    /// What has come and was not looked at.
    bytes: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).unwrap(), bytes: Vec::new() }
    }

    /// Sends a request and reads its response.
    pub fn ask(&mut self, request: &str) {
        let head = self.begin(request);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        match length {
            Some(length) => {
                let length: usize = length.trim().parse().unwrap();
                while self.bytes.len() < length {
                    self.read();
                }
                self.bytes.drain(..length);
            }
            None if head.starts_with("HTTP/1.1 204") => {}
            None => {
                self.until(b"\r\n0\r\n\r\n");
            }
        }
    }

    /// Sends a request whose response does not end.
    pub fn open(&mut self, request: &str) {
        self.begin(request);
    }

    /// Reads one event, in a chunk of its own.
    pub fn event(&mut self) {
        self.until(b"\n\n\r\n");
    }

    fn begin(&mut self, request: &str) -> String {
        self.socket.write_all(request.as_bytes()).unwrap();
        let head = String::from_utf8(self.until(b"\r\n\r\n")).unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{request:?}: {head}");
        head
    }

    /// What comes up to `end`, with it.
    fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(start) = self.bytes.windows(end.len()).position(|window| window == end) {
                return self.bytes.drain(..start + end.len()).collect();
            }
            self.read();
        }
    }

    fn read(&mut self) {
        let mut piece = [0; 65536];
        let length = self.socket.read(&mut piece).unwrap();
        assert!(length > 0, "the server has closed the connection");
        self.bytes.extend_from_slice(&piece[..length]);
    }
}
