//! One browser: it reads its stream to the end, and checks that it has received everything.

use std::io::Read as _;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::chunks::Chunks;

pub struct Client {
    socket: TcpStream,
    coding: String,
    /// The texts of all events that the stream is to bring, one behind the other.
    expected: Arc<[u8]>,
}

impl Client {
    /// Opens a stream, and returns when its head is there: then its subscription has begun.
    pub async fn open(address: &str, coding: &str, expected: Arc<[u8]>) -> Result<Self> {
        let mut socket = TcpStream::connect(address).await?;
        let request = format!("GET /live HTTP/1.1\r\nhost: localhost\r\naccept-encoding: {coding}\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        let head = String::from_utf8(head)?;
        if !head.starts_with("HTTP/1.1 200") || (coding != "identity") != head.contains("content-encoding") {
            return Err(head.into());
        }
        Ok(Self { socket, coding: coding.to_owned(), expected })
    }

    /// Reads the stream to its end; returns how many bytes its body has had, and how many it is without compression.
    pub async fn read(mut self) -> Result<(usize, usize)> {
        let mut body = Vec::new();
        let mut is_same = true;
        let mut received = 0;
        let mut chunks = Chunks::default();
        let mut piece = [0; 4096];
        while !chunks.is_ended {
            let count = self.socket.read(&mut piece).await?;
            if count == 0 {
                return Err("the connection has ended before its stream".into());
            }
            chunks.take(&piece[..count], |bytes| {
                if self.coding == "identity" {
                    // Not kept: those of all streams would be gigabytes.
                    is_same &= self.expected[received..].starts_with(bytes);
                } else {
                    body.extend_from_slice(bytes);
                }
                received += bytes.len();
            });
        }
        let mut decoded = Vec::new();
        match &*self.coding {
            "identity" => is_same &= received == self.expected.len(),
            "zstd" => _ = zstd::stream::read::Decoder::new(&body[..])?.read_to_end(&mut decoded)?,
            "gzip" => _ = flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut decoded)?,
            _ => return Ok((received, self.expected.len())),
        }
        if !is_same || (self.coding != "identity" && decoded != *self.expected) {
            return Err(format!("{} of {} bytes, or others", decoded.len(), self.expected.len()).into());
        }
        Ok((received, self.expected.len()))
    }
}

/// The body of a short response.
pub async fn ask(address: &str, path: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    socket.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or("no head")?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(response.into());
    }
    Ok(body.to_owned())
}
