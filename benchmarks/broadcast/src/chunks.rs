//! The framing of a response body whose length nobody knows.

/// Reads the chunks of a body (RFC 9112, section 7.1).
#[derive(Default)]
pub struct Chunks {
    line: Vec<u8>,
    /// The bytes of the chunk that are still to come, and the line end behind it.
    left: usize,
    pub is_ended: bool,
}

impl Chunks {
    /// Takes bytes of the connection, and hands on those of the body.
    pub fn take(&mut self, mut bytes: &[u8], mut data: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.left > 2 {
                let count = bytes.len().min(self.left - 2);
                data(&bytes[..count]);
                self.left -= count;
                bytes = &bytes[count..];
            } else if self.left > 0 {
                self.left -= 1;
                bytes = &bytes[1..];
            } else {
                self.line.push(bytes[0]);
                bytes = &bytes[1..];
                if let Some(line) = self.line.strip_suffix(b"\r\n") {
                    let length =
                        std::str::from_utf8(line).ok().and_then(|it| usize::from_str_radix(it, 16).ok());
                    let length = length.expect("the length of a chunk");
                    self.is_ended = length == 0;
                    self.left = length + 2;
                    self.line.clear();
                }
            }
        }
    }
}
