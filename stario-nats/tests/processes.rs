//! Relays in processes of their own, as the example `chat` is one.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use support::Broker;

mod support;

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    fn start(broker: &Broker) -> Self {
        let test = std::env::current_exe().unwrap();
        let program = test.ancestors().nth(2).unwrap().join("examples/chat");
        assert!(
            program.exists(),
            "the example `chat` is not built: run `cargo test --package stario-nats` without `--test`"
        );
        let mut child = Command::new(program)
            .arg(broker.url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let process = Self { input: child.stdin.take(), child, lines };
        assert_eq!(process.line(), "(connected)");
        process
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(30)).expect("the process has printed nothing")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn processes_receive_what_others_publish_also_when_one_was_killed() {
    let broker = Broker::start();
    let (mut one, mut other) = (Process::start(&broker), Process::start(&broker));
    one.say("hello");
    assert_eq!((one.line(), other.line()), ("hello".to_owned(), "hello".to_owned()));
    other.say("good day");
    assert_eq!((one.line(), other.line()), ("good day".to_owned(), "good day".to_owned()));
    // `Child::kill` is `kill -9`.
    drop(one);
    let mut third = Process::start(&broker);
    third.say("I am new");
    assert_eq!((third.line(), other.line()), ("I am new".to_owned(), "I am new".to_owned()));
    // What was said last is sent before the process ends.
    third.say("and gone");
    drop(third.input.take());
    assert!(third.child.wait().unwrap().success());
    assert_eq!(other.line(), "and gone");
}
