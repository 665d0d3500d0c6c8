//! Requests over HTTP/2, as frames on a socket.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const WINDOW: u8 = 8;

/// The end of a stream in `DATA` and `HEADERS`, an answer in `SETTINGS`.
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A client that reads only when it is told to.
pub struct Client<'s> {
    socket: &'s mut TcpStream,
    /// Bytes that are not sent yet.
    output: Vec<u8>,
    input: Vec<u8>,
    /// How much may be sent: on the connection, at first on each stream, and on each.
    window: usize,
    first_window: usize,
    windows: HashMap<u32, usize>,
    is_connected: bool,
}

impl<'s> Client<'s> {
    pub fn new(socket: &'s mut TcpStream) -> Self {
        let mut output = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        output.extend(frame(SETTINGS, 0, 0, &[]));
        let windows = HashMap::new();
        let (window, first_window) = (65_535, 65_535);
        Self { socket, output, input: Vec::new(), window, first_window, windows, is_connected: true }
    }

    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Begins a request with or without a body.
    pub fn begin(&mut self, stream: u32, path: &str, has_body: bool) {
        // GET or POST http://localhost, of HPACK's static table.
        let mut head = vec![if has_body { 0x83 } else { 0x82 }, 0x86, 0x41, 9];
        head.extend(b"localhost");
        head.extend([0x04, u8::try_from(path.len()).unwrap()]);
        head.extend(path.as_bytes());
        let flags = END_HEADERS | if has_body { 0 } else { END_STREAM };
        self.output.extend(frame(HEADERS, flags, stream, &head));
    }

    /// Sends as many bytes of a body as the server takes now, and `most` at most; returns how many.
    pub fn send(&mut self, stream: u32, most: usize) -> usize {
        let first = self.first_window;
        let window = self.windows.entry(stream).or_insert(first);
        let count = most.min(*window).min(self.window);
        if count > 0 && self.output.len() < 1 << 20 {
            *window -= count;
            self.window -= count;
            self.output.extend(frame(DATA, 0, stream, &vec![b'a'; count]));
            return count;
        }
        0
    }

    pub fn flush(&mut self) {
        let output = std::mem::take(&mut self.output);
        self.is_connected &= self.socket.write_all(&output).is_ok();
    }

    /// Sends what waits, reads for as long as something comes within `time`, and returns the streams that have ended.
    pub fn read(&mut self, time: Duration) -> Vec<u32> {
        self.flush();
        let began = Instant::now();
        let mut ended = Vec::new();
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut buffer = [0; 16_384];
        while ended.is_empty() && began.elapsed() < time {
            match self.socket.read(&mut buffer) {
                Ok(count @ 1..) => self.input.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Ok(0) | Err(_) => self.is_connected = false,
            }
            if !self.is_connected {
                break;
            }
            while let Some((kind, flags, stream, payload)) = self.next_frame() {
                let number = || u32::from_be_bytes(payload[..4].try_into().unwrap()) as usize;
                match kind {
                    WINDOW if stream == 0 => self.window += number(),
                    WINDOW => {
                        let first = self.first_window;
                        *self.windows.entry(stream).or_insert(first) += number();
                    }
                    SETTINGS if flags & ACK == 0 => {
                        for setting in payload.chunks_exact(6).filter(|setting| setting[..2] == [0, 4]) {
                            let first = u32::from_be_bytes(setting[2..].try_into().unwrap()) as usize;
                            for window in self.windows.values_mut() {
                                *window = (*window + first).saturating_sub(self.first_window);
                            }
                            self.first_window = first;
                        }
                        self.output.extend(frame(SETTINGS, ACK, 0, &[]));
                    }
                    RESET => ended.push(stream),
                    DATA | HEADERS if flags & END_STREAM > 0 => ended.push(stream),
                    GO_AWAY => self.is_connected = false,
                    _ => {}
                }
            }
        }
        ended
    }

    fn next_frame(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let head = self.input.get(..9)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        let payload = self.input.get(9..9 + length)?.to_vec();
        self.input.drain(..9 + length);
        Some((kind, flags, stream, payload))
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
