//! What an open, compressed event stream costs: memory, bytes and work per event.
//!
//! `compression-benchmarks zstd 1 15` opens 1,000 encoders of level 1 with a window of 2^15 bytes, writes
//! 500 events of about 1 KiB to each, flushed one by one, and prints what a stream holds after 50 of them and
//! in the end. Run it once per setting: a process does not give back all of what it took.
//!
//! A number of streams after that opens as many, for counting instructions in less time:
//! `valgrind --tool=callgrind --toggle-collect='*benchmarks::encode' compression-benchmarks zstd 1 15 20`
//! counts those of 20 times 500 events.

use async_compression::Level;
use async_compression::brotli::EncoderParams;
use async_compression::codecs::{BrotliEncoder, EncodeV2, ZstdEncoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};
use async_compression::zstd::CParameter;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

const STREAMS: usize = 1_000;
/// When it is said what a stream holds.
const EVENTS: [usize; 2] = [50, 500];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [codec, level, window, streams @ ..] = &arguments[..] else {
        panic!("usage: compression-benchmarks zstd|br|gzip LEVEL WINDOW [STREAMS]");
    };
    let streams = streams.first().map_or(STREAMS, |streams| streams.parse().expect("a number of streams"));
    let level: i32 = level.parse().expect("a level");
    let window: u32 = window.parse().expect("the logarithm of a window's size");
    let before = resident();
    let mut encoders: Vec<Encoder> = (0..streams).map(|_| encoder(codec, level, window)).collect();
    let mut written = 0;
    for round in 0..EVENTS[1] {
        for (stream, encoder) in encoders.iter_mut().enumerate() {
            let event = event(stream, round);
            written += encode(encoder, event.as_bytes()).len();
        }
        let rounds = round + 1;
        if EVENTS.contains(&rounds) {
            let events = streams * rounds;
            println!(
                "{codec} level {level} window {window}, {rounds} events: {} KiB per stream, {} of {} bytes per event",
                (resident() - before) / 1024 / streams,
                written / events,
                event(0, 0).len(),
            );
        }
    }
}

enum Encoder {
    Gzip(Deflate),
    Other(Box<dyn EncodeV2>),
}

fn encoder(codec: &str, level: i32, window: u32) -> Encoder {
    match codec {
        "zstd" => {
            Encoder::Other(Box::new(ZstdEncoder::new_with_params(level, &[CParameter::window_log(window)])))
        }
        "br" => Encoder::Other(Box::new(BrotliEncoder::new(
            EncoderParams::default().quality(Level::Precise(level)).window_size(window as i32).text_mode(),
        ))),
        "gzip" => Encoder::Gzip(Deflate::new_with_config(DeflateConfig {
            level,
            window_bits: 16 + window as i32,
            mem_level: memory(window),
            ..DeflateConfig::default()
        })),
        _ => panic!("`{codec}` is none of zstd, br, gzip"),
    }
}

/// zlib's `memLevel`, as stario chooses it.
fn memory(window: u32) -> i32 {
    (window as i32 - 7).clamp(6, 8)
}

/// A row of a table that changes, of about 1 KiB: much of it was said before, some was not.
fn event(stream: usize, round: usize) -> String {
    let mut event = String::from("event: datastar-patch-elements\ndata: elements <tbody id=\"prices\">");
    for row in 0..12 {
        // Numbers without a pattern that a window could find.
        let seed = ((stream * 31 + round) * 17 + row) as u64;
        let number = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        event +=
            &format!("<tr id=\"price-{row}\"><td class=\"name\">Instrument {row}</td><td>{number}</td></tr>");
    }
    event + "</tbody>\n\n"
}

#[inline(never)]
fn encode(encoder: &mut Encoder, event: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 2 * event.len() + 1024];
    let encoder = match encoder {
        Encoder::Other(encoder) => encoder,
        Encoder::Gzip(encoder) => {
            let before = encoder.total_out();
            encoder.compress(event, &mut buffer, DeflateFlush::SyncFlush).expect("it encodes");
            buffer.truncate((encoder.total_out() - before) as usize);
            return buffer;
        }
    };
    let mut output = WriteBuffer::new_initialized(&mut buffer);
    let mut input = PartialBuffer::new(event);
    while !input.unwritten().is_empty() {
        encoder.encode(&mut input, &mut output).expect("it encodes");
    }
    while !encoder.flush(&mut output).expect("it flushes") {}
    output.written().to_vec()
}

/// The bytes of memory that this process holds.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number of pages") * 4096
}
