//! Streams that share events, in any order of joins, losses, events of their own and ends: each decodes, as it arrives, to
//! what was put in. The decoders are those of other authors.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush};
use proptest::prelude::*;

use super::*;
use crate::compress::{Broadcast, Compression, Sequence};

const CODINGS: [ContentCoding; 2] = [ContentCoding::Zstd, ContentCoding::Gzip];

/// What has come of a body.
fn decoded(coding: ContentCoding, body: &[u8]) -> Vec<u8> {
    if coding == ContentCoding::Gzip { inflated(body).0 } else { unpacked(body) }
}

/// What deflate's blocks hold, and what comes behind the last.
fn inflated(body: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some((_, mut body)) = body.split_first_chunk::<10>() else { return (Vec::new(), body) };
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let (mut decoded, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let result = inflate(&mut state, body, &mut piece, MZFlush::None);
        body = &body[result.bytes_consumed..];
        decoded.extend_from_slice(&piece[..result.bytes_written]);
        match result.status {
            Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
            Ok(_) | Err(MZError::Buf) => return (decoded, body),
            Err(error) => panic!("no deflate: {error:?}"),
        }
    }
}

/// What the frames of zstd hold. The decoder gives nothing of a frame before its end, which may be missing.
fn unpacked(body: &[u8]) -> Vec<u8> {
    let unpack = |mut body: &[u8]| {
        let mut decoded = Vec::new();
        while !body.is_empty() {
            ruzstd::decoding::StreamingDecoder::new(&mut body).ok()?.read_to_end(&mut decoded).ok()?;
        }
        Some(decoded)
    };
    unpack(body).or_else(|| unpack(&[body, &[1, 0, 0]].concat())).expect("whole blocks")
}

/// What is sent besides pings: a stream may send those of others, too, to stay in step.
fn without_pings(content: &[u8]) -> String {
    std::str::from_utf8(content).unwrap().replace(":\n\n", "")
}

/// Whether the body has its end, and is whole with it.
fn is_whole(coding: ContentCoding, body: &[u8], content: &[u8]) -> bool {
    let mut decoded = Vec::new();
    if coding == ContentCoding::Gzip {
        // It checks the trailer.
        let is_valid = flate2::bufread::GzDecoder::new(body).read_to_end(&mut decoded).is_ok();
        return is_valid && without_pings(&decoded) == without_pings(content) && inflated(body).1.len() == 8;
    }
    let mut body = body;
    while !body.is_empty() {
        let Ok(mut frame) = ruzstd::decoding::StreamingDecoder::new(&mut body) else { return false };
        if frame.read_to_end(&mut decoded).is_err() {
            return false;
        }
    }
    without_pings(&decoded) == without_pings(content)
}

/// A relay, as its publishers see it.
struct Publisher {
    broadcast: Arc<Broadcast>,
    published: usize,
}

impl Publisher {
    fn new() -> Self {
        Self { broadcast: Broadcast::new(), published: 0 }
    }

    /// An event of about `length` bytes, much of which was there before.
    fn publish(&mut self, length: usize) -> SharedEvent {
        self.published += 1;
        self.broadcast.share(event(self.published, length)).unwrap()
    }
}

fn event(number: usize, length: usize) -> Bytes {
    let row =
        |row: usize| format!("<tr id=\"price-{row}\"><td>{}</td></tr>", (number * 7919 + row * 31) % 1009);
    let rows: String = (0..length / 34).map(row).collect();
    format!("event: datastar-patch-elements\ndata: elements <tbody>{number}{rows}</tbody>\n\n").into()
}

struct Stream {
    encoder: EventEncoder,
    coding: ContentCoding,
    /// What was put in, and what came out.
    content: Vec<u8>,
    body: Vec<u8>,
    /// What it has not sent yet.
    waiting: VecDeque<SharedEvent>,
    /// How many values it has received or lost.
    received: u32,
}

impl Stream {
    fn new(coding: ContentCoding) -> Self {
        let encoder = EventEncoder::new(coding, Compression::new().stream_effort(coding));
        let (content, body) = (Vec::new(), Vec::new());
        Self { encoder, coding, content, body, waiting: VecDeque::new(), received: 0 }
    }

    fn deliver(&mut self, event: &SharedEvent, group: u32) {
        self.received += 1;
        let mut event = event.clone();
        event.set_sequence(Sequence { group, number: self.received });
        self.waiting.push_back(event);
    }

    fn send(&mut self) {
        let Some(event) = self.waiting.pop_front() else { return };
        self.content.extend_from_slice(event.bytes());
        self.encoder.add_shared(&event).unwrap();
    }

    fn send_all(&mut self) {
        while !self.waiting.is_empty() {
            self.send();
        }
    }

    fn own(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
        self.encoder.add_own(bytes).unwrap();
    }

    /// Flushes; returns how many bytes were sent for it.
    fn flush(&mut self) -> usize {
        let bytes = self.encoder.take();
        self.body.extend_from_slice(&bytes);
        bytes.len()
    }

    #[track_caller]
    fn check(&mut self) {
        self.flush();
        assert!(
            self.body.is_empty() || !is_whole(self.coding, &self.body, &self.content),
            "it looks complete"
        );
        let decoded = without_pings(&decoded(self.coding, &self.body));
        let content = without_pings(&self.content);
        assert!(decoded == content, "{}: {} of {} bytes", self.coding, decoded.len(), content.len());
    }

    #[track_caller]
    fn end(mut self) {
        self.encoder.finish();
        self.flush();
        assert!(is_whole(self.coding, &self.body, &self.content), "{}", self.coding);
        let cut = self.body.len() - 1;
        assert!(!is_whole(self.coding, &self.body[..cut], &self.content), "{}", self.coding);
    }
}

/// What happens to some streams.
#[derive(Debug, Clone)]
enum Step {
    Join,
    /// Two relays publish.
    Publish {
        relay: usize,
        length: usize,
    },
    /// A stream sends the next that waits, or all of it.
    Send(usize),
    SendAll(usize),
    AllSend,
    Own(usize, usize),
    Ping(usize),
    AllPing,
    Uncompressed(usize),
    /// A stream loses, or leaves out, the next that waits.
    Lose(usize),
    /// What waits first changes places with what waits next.
    Swap(usize),
    End(usize),
    Cut(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![Just(0_usize), 30..200_usize, 900..1100_usize, 1100..9000_usize];
    let stream = 0..8_usize;
    let step = prop_oneof![
        3 => Just(Step::Join),
        8 => (0..2_usize, length.clone()).prop_map(|(relay, length)| Step::Publish { relay: relay & 1, length }),
        8 => (900..1100_usize).prop_map(|length| Step::Publish { relay: 0, length }),
        6 => stream.clone().prop_map(Step::Send),
        4 => stream.clone().prop_map(Step::SendAll),
        10 => Just(Step::AllSend),
        3 => (stream.clone(), length).prop_map(|(stream, length)| Step::Own(stream, length)),
        1 => stream.clone().prop_map(Step::Ping),
        1 => Just(Step::AllPing),
        1 => stream.clone().prop_map(Step::Uncompressed),
        1 => stream.clone().prop_map(Step::Lose),
        1 => stream.clone().prop_map(Step::Swap),
        1 => stream.clone().prop_map(Step::End),
        1 => stream.prop_map(Step::Cut),
    ];
    proptest::collection::vec(step, 1..120)
}

fn run(coding: ContentCoding, steps: &[Step]) {
    let mut relays = [Publisher::new(), Publisher::new()];
    let mut streams: Vec<Stream> = vec![Stream::new(coding)];
    for step in steps {
        let at = |index: &usize, streams: &Vec<Stream>| index % streams.len().max(1);
        match step {
            Step::Join => streams.push(Stream::new(coding)),
            _ if streams.is_empty() => {}
            Step::Publish { relay, length } => {
                let event = relays[*relay].publish(*length);
                // Some have another subscription, which receives the same.
                streams
                    .iter_mut()
                    .enumerate()
                    .for_each(|(index, it)| it.deliver(&event, u32::try_from(index / 5).unwrap()));
            }
            Step::Send(index) => {
                let index = at(index, &streams);
                streams[index].send();
                streams[index].check();
            }
            Step::SendAll(index) => {
                let index = at(index, &streams);
                streams[index].send_all();
                streams[index].check();
            }
            Step::AllSend => streams.iter_mut().for_each(|stream| {
                stream.send_all();
                stream.check();
            }),
            Step::Own(index, length) => {
                let index = at(index, &streams);
                streams[index].own(&event(7, *length));
                streams[index].check();
            }
            Step::Ping(index) => {
                let index = at(index, &streams);
                ping(&mut streams[index]);
            }
            Step::AllPing => streams.iter_mut().for_each(ping),
            Step::Uncompressed(index) => {
                let index = at(index, &streams);
                let secret = SharedEvent::uncompressed(event(1, 1000)).unwrap();
                streams[index].content.extend_from_slice(secret.bytes());
                streams[index].encoder.add_shared(&secret).unwrap();
                streams[index].flush();
                assert!(
                    streams[index].body.windows(secret.bytes().len()).any(|window| window == secret.bytes())
                );
                streams[index].check();
            }
            Step::Lose(index) => {
                let index = at(index, &streams);
                streams[index].waiting.pop_front();
            }
            Step::Swap(index) => {
                let index = at(index, &streams);
                let waiting = &mut streams[index].waiting;
                if waiting.len() > 1 {
                    let numbers = (waiting[0].sequence(), waiting[1].sequence());
                    waiting.swap(0, 1);
                    waiting[0].set_sequence(numbers.0);
                    waiting[1].set_sequence(numbers.1);
                }
            }
            Step::End(index) => streams.remove(at(index, &streams)).end(),
            Step::Cut(index) => drop(streams.remove(at(index, &streams))),
        }
    }
    streams.into_iter().for_each(Stream::end);
}

fn ping(stream: &mut Stream) {
    let before = stream.flush();
    assert_eq!(before, 0);
    stream.encoder.add_ping().unwrap();
    assert!(stream.flush() > 0, "a ping that is not sent breaks no silence");
    stream.content.extend_from_slice(PING);
    stream.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_stream_decodes_as_it_arrives(steps in steps()) {
        for coding in CODINGS {
            run(coding, &steps);
        }
    }
}

/// How many bytes each of the streams sends for one more event.
fn bytes(publisher: &mut Publisher, streams: &mut [Stream]) -> Vec<usize> {
    let event = publisher.publish(1000);
    for stream in &mut *streams {
        stream.deliver(&event, 0);
    }
    let send = |stream: &mut Stream| {
        stream.send_all();
        stream.flush()
    };
    streams.iter_mut().map(send).collect()
}

#[test]
fn streams_that_send_the_same_share_the_block() {
    for coding in CODINGS {
        let mut publisher = Publisher::new();
        let mut streams: Vec<_> = (0..3).map(|_| Stream::new(coding)).collect();
        bytes(&mut publisher, &mut streams);
        let event = publisher.publish(1000);
        let blocks: Vec<Bytes> = streams
            .iter_mut()
            .map(|stream| {
                stream.deliver(&event, 0);
                stream.send_all();
                stream.encoder.take()
            })
            .collect();
        assert!(blocks.iter().all(|block| block.as_ptr() == blocks[0].as_ptr()), "{coding}");
        assert!(streams.iter().all(|stream| stream.encoder.own.is_none()));
    }
}

#[test]
fn a_stream_that_joins_takes_part_from_the_next_key_block() {
    for coding in CODINGS {
        let mut publisher = Publisher::new();
        let mut streams: Vec<_> = (0..4).map(|_| Stream::new(coding)).collect();
        let alone = bytes(&mut publisher, &mut streams)[0];
        let in_step = *bytes(&mut publisher, &mut streams).iter().max().unwrap();
        assert!(in_step * 3 < alone * 2, "{coding}: {in_step}, {alone}");
        streams.push(Stream::new(coding));
        let counts: Vec<Vec<usize>> = (0..6).map(|_| bytes(&mut publisher, &mut streams)).collect();
        // It sends as many events alone as there are others, less one; then all send a key block.
        let is_alone = |count: &usize| *count * 2 > in_step + alone;
        let joined: Vec<bool> = counts.iter().map(|counts| is_alone(&counts[4])).collect();
        let other: Vec<bool> = counts.iter().map(|counts| is_alone(&counts[0])).collect();
        assert_eq!(joined, [true, true, true, true, false, false], "{coding}");
        assert_eq!(other, [false, false, false, true, false, false], "{coding}");
        streams.iter_mut().for_each(Stream::check);
    }
}

#[test]
fn a_ping_keeps_streams_in_step() {
    for coding in CODINGS {
        let mut publisher = Publisher::new();
        let mut streams: Vec<_> = (0..10).map(|_| Stream::new(coding)).collect();
        bytes(&mut publisher, &mut streams);
        let before = bytes(&mut publisher, &mut streams)[0];
        // The last is not silent for as long as the others.
        streams[..9].iter_mut().for_each(ping);
        let after = bytes(&mut publisher, &mut streams);
        assert!(after.iter().all(|count| *count < before * 3 / 2 + 20), "{coding}: {before}, {after:?}");
        streams[9].content = streams[0].content.clone();
        streams.iter_mut().for_each(Stream::check);
    }
}

#[test]
fn a_stream_that_is_the_only_one_of_its_run_has_one_history() {
    for coding in CODINGS {
        let (mut publisher, mut stream) = (Publisher::new(), vec![Stream::new(coding)]);
        bytes(&mut publisher, &mut stream);
        stream[0].own(&event(1, 1000));
        let own = stream[0].flush();
        assert!(own < 200, "{coding}: {own}");
        let shared = bytes(&mut publisher, &mut stream)[0];
        assert!(shared < 250, "{coding}: {shared}");
        stream[0].check();
    }
}

#[test]
fn a_stream_of_its_own_events_alone_has_a_history() {
    for coding in CODINGS {
        let mut stream = Stream::new(coding);
        let mut send = |number| {
            stream.own(&event(number, 1000));
            stream.flush()
        };
        // It makes an encoder for the second.
        let (first, _, third) = (send(1), send(2), send(3));
        assert!(third * 3 < first * 2, "{coding}: {first}, {third}");
        stream.check();
        stream.end();
    }
}

#[test]
fn a_stream_that_waits_for_the_events_of_a_relay_holds_no_encoder() {
    for coding in CODINGS {
        let (mut publisher, mut streams) = (Publisher::new(), vec![Stream::new(coding), Stream::new(coding)]);
        let has_none = |streams: &[Stream]| streams.iter().all(|stream| stream.encoder.own.is_none());
        for stream in &mut streams {
            stream.own(&event(1, 1000));
        }
        assert!(has_none(&streams));
        bytes(&mut publisher, &mut streams);
        for stream in &mut streams {
            stream.own(&event(2, 1000));
        }
        bytes(&mut publisher, &mut streams);
        assert!(has_none(&streams));
        (0..OWN_ALONE).for_each(|_| streams[0].own(&event(3, 1000)));
        assert!(has_none(&streams));
        streams[0].own(&event(4, 1000));
        assert!(!has_none(&streams));
        bytes(&mut publisher, &mut streams);
        assert!(has_none(&streams));
        streams.iter_mut().for_each(Stream::check);
    }
}

#[test]
fn a_stream_without_any_event_is_whole() {
    for coding in CODINGS {
        Stream::new(coding).end();
    }
}

#[test]
fn beyond_the_runs_of_a_relay_a_stream_compresses_for_itself() {
    let mut publisher = Publisher::new();
    let event = publisher.publish(1000);
    let mut streams: Vec<_> = (0..66).map(|_| Stream::new(ContentCoding::Zstd)).collect();
    for (group, stream) in (0..).zip(&mut streams) {
        stream.deliver(&event, group);
        stream.send_all();
        stream.check();
    }
    let own = streams.iter().filter(|stream| stream.encoder.own.is_some()).count();
    assert_eq!(own, 2);
    // A run lasts as long as it is sent.
    streams.drain(..10);
    let mut stream = Stream::new(ContentCoding::Zstd);
    stream.deliver(&event, 1);
    stream.send_all();
    assert!(stream.encoder.own.is_none());
}
