//! The pages in tests. Each test has a database of its own, in a file that goes when the test ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use broker::Broker;
use stario::testing::Page;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{App, Nats, TestClient, rooms};

#[path = "../../../stario-nats/tests/support/broker.rs"]
mod broker;

/// The pool of a database outlives the test's own requests, so it needs a runtime that lasts.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const MESSAGE: &str = "[aria-label=Message]";

fn app(directory: &Path, nats: Option<&Nats>) -> App {
    let database = format!("sqlite:{}", directory.join("rooms.db").display());
    RUNTIME.block_on(rooms(&database, nats)).unwrap()
}

/// One process, and its database.
fn alone() -> (TestClient, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (TestClient::new(app(directory.path(), None)), directory)
}

/// The page of somebody who has entered the room.
fn enter(client: &TestClient, name: &str) -> Page {
    let mut page = client.page("/");
    page.fill("[name=name]", name);
    page.fill("[name=room]", "tea");
    page.click("button");
    assert_eq!(page.text("header span"), format!("You are {name}"));
    page
}

fn say(page: &mut Page, text: &str) {
    page.fill(MESSAGE, text);
    page.press(MESSAGE, "Enter");
    assert_eq!(page.value(MESSAGE), "");
}

/// Waits until the page shows these messages. The database answers in its own time.
#[track_caller]
fn wait_for(page: &mut Page, messages: &[&str]) {
    page.wait_until(|page| page.texts("#messages li") == messages);
}

#[track_caller]
fn wait_for_people(page: &mut Page, people: &[&str]) {
    page.wait_until(|page| page.texts("#people li") == people);
}

#[test]
fn nothing_is_wrong_with_the_app() {
    let warnings = app(tempfile::tempdir().unwrap().path(), None).check().unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}

#[test]
fn who_is_in_a_room_reads_what_is_said_there() {
    let (client, _directory) = alone();
    let mut ada = enter(&client, "Ada");
    say(&mut ada, "Is anybody here?");
    wait_for(&mut ada, &["Ada Is anybody here?"]);
    let mut grace = enter(&client, "Grace");
    wait_for(&mut grace, &["Ada Is anybody here?"]);
    wait_for_people(&mut grace, &["Ada", "Grace"]);
    say(&mut grace, "<b>I am.</b>");
    wait_for(&mut ada, &["Ada Is anybody here?", "Grace <b>I am.</b>"]);
    drop(grace);
    wait_for_people(&mut ada, &["Ada"]);
}

#[test]
fn nobody_is_in_a_room_without_a_name() {
    let (client, _directory) = alone();
    assert_eq!(client.page("/rooms/tea").text("h1"), "Rooms");
    let mut page = client.page("/");
    page.fill("[name=name]", " ");
    page.fill("[name=room]", "tea room");
    page.click("button");
    assert_eq!(page.count("[aria-invalid]"), 2);
}

#[test]
fn nothing_is_not_said() {
    let (client, _directory) = alone();
    let mut ada = enter(&client, "Ada");
    ada.press(MESSAGE, "Enter");
    assert_eq!(ada.text("#failure"), "Please say something, in at most 500 characters.");
}

#[test]
fn an_import_is_said_line_by_line() {
    let (client, _directory) = alone();
    let mut ada = enter(&client, "Ada");
    ada.click("summary");
    ada.upload("[name=lines]", "lines.txt", "one\n\ntwo\n");
    ada.submit("details form");
    client.drain_blocking();
    wait_for(&mut ada, &["Ada one", "Ada two"]);
}

/// The settings of a deploy, one on each line, without comments.
fn settings(file: &str) -> impl Iterator<Item = &str> {
    file.lines().map(str::trim).filter(|line| !line.starts_with('#'))
}

#[test]
fn the_files_of_a_deploy_ask_for_paths_that_the_app_has_and_leave_it_time_to_stop() {
    let (client, _directory) = alone();
    let probed = settings(include_str!("../deploy/haproxy.cfg"))
        .find_map(|line| line.strip_prefix("option httpchk GET "))
        .expect("a check");
    assert_eq!(client.get(probed).send().text(), "ready");

    // Detached commands have 20 seconds; then the presence and two hooks have 5 each.
    let stop = 20 + 3 * 5;
    let times = [
        (include_str!("../deploy/rooms@.service"), "TimeoutStopSec="),
        (include_str!("../deploy/compose.yaml"), "stop_grace_period: "),
    ];
    for (file, name) in times {
        let time = settings(file).find_map(|line| line.strip_prefix(name)).expect("a time");
        let seconds: u64 = time.trim_end_matches('s').parse().expect("seconds");
        assert!(seconds > stop, "{name}{time}");
    }
}

/// A connection of one process.
fn connect(broker: &Broker) -> Nats {
    RUNTIME.block_on(crate::connect(broker.url())).unwrap()
}

#[test]
fn two_processes_have_the_same_rooms() {
    let (broker, directory) = (Broker::start(), tempfile::tempdir().unwrap());
    let [first, second] = [0, 1].map(|_| TestClient::new(app(directory.path(), Some(&connect(&broker)))));
    let (mut ada, mut grace) = (enter(&first, "Ada"), enter(&second, "Grace"));
    wait_for_people(&mut ada, &["Ada", "Grace"]);
    wait_for_people(&mut grace, &["Ada", "Grace"]);
    say(&mut ada, "Hello, there.");
    wait_for(&mut grace, &["Ada Hello, there."]);
    say(&mut grace, "Hello, here.");
    wait_for(&mut ada, &["Ada Hello, there.", "Grace Hello, here."]);
    drop(ada);
    wait_for_people(&mut grace, &["Grace"]);
}

/// A way to the broker on which what a process sends waits while the gate is locked.
fn gated(broker: &Broker) -> (String, Arc<Mutex<()>>) {
    let (listener, server) = (TcpListener::bind(("127.0.0.1", 0)).unwrap(), broker.port);
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let gate = Arc::new(Mutex::new(()));
    let locked = Arc::clone(&gate);
    std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
        let (mut answers, mut answered) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut answers, &mut answered));
        let mut sent = [0; 4096];
        while let Ok(length @ 1..) = client.read(&mut sent) {
            let _open = locked.lock();
            if server.write_all(&sent[..length]).is_err() {
                break;
            }
        }
    });
    (url, gate)
}

#[test]
fn a_message_that_a_page_has_from_the_database_is_not_shown_again_when_it_follows_from_another_process() {
    let (broker, directory) = (Broker::start(), tempfile::tempdir().unwrap());
    let (url, gate) = gated(&broker);
    let behind_gate = RUNTIME.block_on(crate::connect(url)).unwrap();
    let first = TestClient::new(app(directory.path(), Some(&connect(&broker))));
    let second = TestClient::new(app(directory.path(), Some(&behind_gate)));
    let (mut ada, mut ben) = (enter(&second, "Ada"), enter(&first, "Ben"));
    say(&mut ada, "one");
    wait_for(&mut ben, &["Ada one"]);
    let is_locked = gate.lock();
    // It is in the database that both share, and on its way to the first process.
    say(&mut ada, "two");
    let mut grace = enter(&first, "Grace");
    wait_for(&mut grace, &["Ada one", "Ada two"]);
    drop(is_locked);
    wait_for(&mut ben, &["Ada one", "Ada two"]);
    // Grace's page asks for what has followed its list, as one does that was hidden.
    grace.reconnect();
    say(&mut ada, "three");
    wait_for(&mut grace, &["Ada one", "Ada two", "Ada three"]);
}

#[test]
fn a_process_that_starts_while_nats_is_away_serves_and_joins_the_others_later() {
    let (mut broker, directory) = (Broker::start(), tempfile::tempdir().unwrap());
    let first = TestClient::new(app(directory.path(), Some(&connect(&broker))));
    let mut ada = enter(&first, "Ada");
    broker.kill();
    let second = TestClient::new(app(directory.path(), Some(&connect(&broker))));
    let mut grace = enter(&second, "Grace");
    say(&mut grace, "Hello, here.");
    wait_for(&mut grace, &["Grace Hello, here."]);
    let refused = second.get("/health/ready").send();
    assert_eq!(refused.status(), 503);
    broker.restart();
    wait_for_people(&mut ada, &["Ada", "Grace"]);
    wait_for(&mut ada, &["Grace Hello, here."]);
    say(&mut grace, "Hello, there.");
    wait_for(&mut ada, &["Grace Hello, here.", "Grace Hello, there."]);
    // The second process publishes what waited before it is ready.
    let until = Instant::now() + Duration::from_secs(20);
    while second.get("/health/ready").send().status() != 200 {
        assert!(Instant::now() < until, "it does not become ready");
        std::thread::sleep(Duration::from_millis(10));
    }
}
