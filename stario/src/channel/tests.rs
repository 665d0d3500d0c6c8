use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Poll, Wake};

use super::reader::ChannelReader;
use super::*;

/// Whether it is done, without waiting.
fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn read(reader: &mut ChannelReader) -> Option<Bytes> {
    match Pin::new(&mut *reader).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => Some(frame.unwrap().unwrap().bytes),
        Poll::Pending => None,
    }
}

fn channel(limit: usize) -> Arc<Channel> {
    Arc::new(Channel::new(&CancellationToken::new(), Connection::new(None), limit))
}

#[tokio::test]
async fn a_write_waits_for_room_and_what_is_ready_goes_out_together() {
    let channel = channel(10);
    channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap();
    let mut reader = ChannelReader::new(Arc::clone(&channel));
    let (first, second, third) = (Bytes::from("12345"), Bytes::from("67890"), Bytes::from("x"));
    for data in [&first, &second] {
        assert!(matches!(poll(pin!(channel.write(data, WriteKind::Bytes))), Some(Ok(()))));
    }
    let mut waits = pin!(channel.write(&third, WriteKind::Bytes));
    assert!(poll(waits.as_mut()).is_none());
    assert_eq!(read(&mut reader).unwrap(), "1234567890");
    assert!(matches!(poll(waits.as_mut()), Some(Ok(()))));
    assert_eq!(read(&mut reader).unwrap(), "x");
    assert!(read(&mut reader).is_none());
}

#[tokio::test]
async fn a_write_larger_than_the_buffer_waits_until_it_is_empty() {
    let channel = channel(10);
    channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap();
    let mut reader = ChannelReader::new(Arc::clone(&channel));
    let (small, large) = (Bytes::from("x"), Bytes::from("y".repeat(100)));
    assert!(poll(pin!(channel.write(&small, WriteKind::Bytes))).is_some());
    let mut waits = pin!(channel.write(&large, WriteKind::Bytes));
    assert!(poll(waits.as_mut()).is_none());
    assert_eq!(read(&mut reader).unwrap(), small);
    assert!(poll(waits.as_mut()).is_some());
    assert_eq!(read(&mut reader).unwrap(), large);
}

#[tokio::test]
async fn a_response_that_began_with_an_event_is_one_of_events() {
    let ctx = &mut Context::from_waker(Waker::noop());
    for (first, second) in
        [(WriteKind::Event(None), WriteKind::Bytes), (WriteKind::Bytes, WriteKind::Event(None))]
    {
        let channel = channel(100);
        let (begins_with_event, data) = (first.is_event(), Bytes::from("x"));
        for kind in [first, second] {
            // Raw bytes may not be followed by events; what was sent before stands.
            let _ = poll(pin!(channel.write(&data, kind)));
        }
        let Poll::Ready(Ok(opened)) = channel.poll_head(ctx) else { panic!("no head") };
        assert_eq!(matches!(opened, reader::WrittenResponse::Events(..)), begins_with_event);
    }
}

#[tokio::test]
async fn nobody_waits_for_a_client_who_leaves() {
    let channel = channel(1);
    channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap();
    let reader = ChannelReader::new(Arc::clone(&channel));
    let data = Bytes::from("x");
    assert!(poll(pin!(channel.write(&data, WriteKind::Bytes))).is_some());
    let mut waits = pin!(channel.write(&data, WriteKind::Bytes));
    assert!(poll(waits.as_mut()).is_none());
    drop(reader);
    assert!(matches!(poll(waits.as_mut()), Some(Ok(()))));
    assert!(channel.ended().is_cancelled());
}

#[tokio::test]
async fn a_body_that_is_too_short_does_not_end() {
    // HTTP/1 would notice by itself, HTTP/2 would not.
    let channel = channel(10);
    channel.change_headers(|headers| drop(headers.insert(CONTENT_LENGTH, 5.into()))).unwrap();
    assert!(matches!(poll(pin!(channel.write(&Bytes::from("1234"), WriteKind::Bytes))), Some(Ok(()))));
    let mut reader = ChannelReader::new(Arc::clone(&channel));
    assert!(matches!(channel.end(None), Err(WriteError::Length { declared: 5, written: 4 })));
    assert_eq!(read(&mut reader).unwrap(), "1234");
    let ctx = &mut Context::from_waker(Waker::noop());
    assert!(matches!(Pin::new(&mut reader).poll_frame(ctx), Poll::Ready(Some(Err(_)))));
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_end_cuts_the_response() {
    let channel = channel(1);
    channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap();
    let mut reader = ChannelReader::new(Arc::clone(&channel));
    assert_eq!(channel.conclude(Err(NoResponse)), None);
    let ctx = &mut Context::from_waker(Waker::noop());
    assert!(matches!(Pin::new(&mut reader).poll_frame(ctx), Poll::Ready(Some(Err(_)))));
    let channel = self::channel(1);
    assert_eq!(channel.conclude(Err(NoResponse)), None);
    assert!(matches!(channel.poll_head(ctx), Poll::Ready(Err(NoResponse))));
}

/// A waker that looks, when it is woken and when it is dropped, whether the channel is locked.
struct Foreign {
    channel: Arc<Channel>,
    uses: Arc<Uses>,
}

#[derive(Default)]
struct Uses {
    unlocked: AtomicUsize,
    locked: AtomicUsize,
}

impl Foreign {
    fn note(&self) {
        let is_locked = self.channel.state.try_lock().is_err();
        let uses = if is_locked { &self.uses.locked } else { &self.uses.unlocked };
        uses.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.note();
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.note();
    }
}

#[tokio::test]
async fn readers_are_woken_and_dropped_without_the_lock() {
    let data = Bytes::from("x");
    let acts: [fn(&Channel, &Bytes); 6] = [
        |channel, _| channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap(),
        |channel, data| assert!(poll(pin!(channel.write(data, WriteKind::Bytes))).is_some()),
        |channel, data| channel.end(Some(data.clone())).unwrap(),
        |channel, _| channel.respond(Response::default(), None).unwrap(),
        |channel, _| drop(channel.conclude(Err(NoResponse))),
        |channel, _| channel.leave(),
    ];
    for act in acts {
        let (channel, uses) = (channel(1), Arc::new(Uses::default()));
        let foreign =
            || Waker::from(Arc::new(Foreign { channel: Arc::clone(&channel), uses: Arc::clone(&uses) }));
        // The second takes the place of the first.
        for _ in 0..2 {
            assert!(channel.poll_head(&mut Context::from_waker(&foreign())).is_pending());
        }
        assert_eq!((uses.unlocked.load(Ordering::Relaxed), uses.locked.load(Ordering::Relaxed)), (1, 0));
        act(&channel, &data);
        assert!(uses.unlocked.load(Ordering::Relaxed) > 1);
        assert_eq!(uses.locked.load(Ordering::Relaxed), 0);
    }
    // The same while bytes are awaited.
    let (channel, uses) = (channel(1), Arc::new(Uses::default()));
    channel.begin(StatusCode::OK, WriteKind::Bytes).unwrap();
    let mut reader = ChannelReader::new(Arc::clone(&channel));
    for _ in 0..2 {
        let foreign =
            Waker::from(Arc::new(Foreign { channel: Arc::clone(&channel), uses: Arc::clone(&uses) }));
        assert!(Pin::new(&mut reader).poll_frame(&mut Context::from_waker(&foreign)).is_pending());
    }
    assert!(poll(pin!(channel.write(&data, WriteKind::Bytes))).is_some());
    assert!(uses.unlocked.load(Ordering::Relaxed) > 1);
    assert_eq!(uses.locked.load(Ordering::Relaxed), 0);
}
