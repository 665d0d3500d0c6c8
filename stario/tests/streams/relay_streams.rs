//! Streams fed by a relay, on real sockets: what is left of those whose clients leave, and what arrives at the
//! others.

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use stario::Bytes;
use stario::prelude::*;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app;
use crate::support::PATIENCE;
use crate::support::server::{Server, get};

stario::app!(local);

#[app::query("/rooms/{room}", app = local)]
async fn room(room: PathParam<u32>, relay: State<Relay<Event>>) -> impl Stream<Item = Event> {
    let mut updates = relay.subscribe([format!("room.{}", *room), "all".to_owned()]);
    stream! {
        while let Some((subject, event)) = updates.next().await {
            assert_ne!(&*subject, "room.13", "on purpose");
            yield event;
        }
    }
}

/// A server of rooms.
struct Rooms {
    server: Server,
    relay: Relay<Event>,
}

impl Rooms {
    async fn start() -> Self {
        let relay = Relay::new();
        let app = local::new().state(relay.clone()).ping_interval(Duration::ZERO);
        Self { server: Server::start(app).await, relay }
    }

    async fn open(&self, room: u32) -> TcpStream {
        let socket = self.server.send(get(&format!("/rooms/{room}"), "")).await;
        self.until_subscribed(&format!("room.{room}"), 1).await;
        socket
    }

    /// Waits until so many streams are open, or left.
    async fn until_subscribed(&self, subject: &str, count: usize) {
        let reached = async {
            while self.relay.subscribers(subject) != count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let open = || self.relay.subscribers(subject);
        timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{} streams of {subject}", open()));
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_silent_stream_is_noticed() {
    let rooms = Rooms::start().await;
    drop(rooms.open(1).await);
    let reset = rooms.open(2).await;
    socket2::SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    drop(reset);
    let _stays = rooms.open(3).await;
    rooms.until_subscribed("room.1", 0).await;
    rooms.until_subscribed("room.2", 0).await;
    assert_eq!(rooms.relay.subscribers("room.3"), 1);
}

#[tokio::test]
async fn a_stream_that_panics_leaves_and_does_not_look_complete() {
    let rooms = Rooms::start().await;
    let mut unlucky = rooms.open(13).await;
    rooms.relay.publish("all", Event::new("before"));
    rooms.relay.publish("room.13", Event::new("never sent"));
    let mut received = Vec::new();
    // A connection that is cut may be reset: what came before counts.
    let _ = timeout(PATIENCE, unlucky.read_to_end(&mut received)).await.unwrap();
    let received = String::from_utf8(received).unwrap();
    assert!(received.contains("data: elements before\n\n"), "{received}");
    assert!(!received.ends_with("0\r\n\r\n") && !received.contains("never sent"), "{received}");
    rooms.until_subscribed("room.13", 0).await;
}

#[app::query("/invalid", app = local)]
async fn invalid() -> impl Stream<Item = Event> {
    stream! {
        yield "valid";
        yield json!(["no object"]);
    }
}

#[tokio::test]
async fn what_was_yielded_with_an_invalid_event_is_sent_before_the_cut() {
    let rooms = Rooms::start().await;
    let mut socket = rooms.server.send(get("/invalid", "")).await;
    let mut received = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut received)).await.unwrap();
    let received = String::from_utf8(received).unwrap();
    assert!(received.contains("data: elements valid\n\n"), "{received}");
    assert!(!received.ends_with("0\r\n\r\n"), "{received}");
}

#[tokio::test]
async fn an_event_of_ten_megabytes_arrives_whole_and_so_does_the_next() {
    let rooms = Rooms::start().await;
    let mut socket = rooms.open(1).await;
    let large = "x".repeat(10 << 20);
    rooms.relay.publish("room.1", Event::new(&large));
    rooms.relay.publish("room.1", Event::new("next"));
    let mut received = Vec::new();
    let whole = async {
        while !received.ends_with(b"data: elements next\n\n\r\n") {
            assert_ne!(socket.read_buf(&mut received).await.unwrap(), 0);
        }
    };
    timeout(PATIENCE, whole).await.unwrap();
    assert!(String::from_utf8(received).unwrap().contains(&large));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_of_one_http_2_connection_are_apart() {
    const STREAMS: u32 = 100;
    let rooms = Rooms::start().await;
    let socket = rooms.server.connect().await;
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut bodies = Vec::new();
    for room in 0..STREAMS {
        let uri = format!("http://{}/rooms/{}", rooms.server.address, 100 + room);
        let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
        sender.ready().await.unwrap();
        bodies.push(sender.send_request(request).await.unwrap().into_body());
    }
    rooms.until_subscribed("all", STREAMS as usize).await;
    // One that is not read, and one that is left, hold up nobody.
    let _unread = bodies.pop().unwrap();
    drop(bodies.pop());
    rooms.until_subscribed("all", STREAMS as usize - 1).await;
    let padding = "x".repeat(20_000);
    for number in 0..20 {
        rooms.relay.publish("all", Event::new(format!("all {number} {padding}")));
    }
    let mut readers = JoinSet::new();
    for (mut body, room) in bodies.into_iter().zip(100..) {
        rooms.relay.publish(format!("room.{room}"), Event::new(format!("end of {room}")));
        readers.spawn(async move {
            let end = format!("data: elements end of {room}\n\n");
            let mut received = String::new();
            while !received.ends_with(&end) {
                let frame = timeout(PATIENCE, body.frame()).await.unwrap().unwrap().unwrap();
                received.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
            }
            let mut from = 0;
            for number in 0..20 {
                let at = received[from..].find(&format!("data: elements all {number} "));
                from += at.unwrap_or_else(|| panic!("{room} missed {number}"));
            }
            assert_eq!(received.matches("event: ").count(), 21, "{room}");
        });
    }
    while let Some(read) = readers.join_next().await {
        read.unwrap();
    }
}
