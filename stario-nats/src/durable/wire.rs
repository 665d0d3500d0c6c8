//! What is written to the stream: the subjects, and what stands in the header of each message. The index reads headers alone, so that it
//! never loads the values of commands.

use std::fmt::Write as _;

use async_nats::HeaderMap;
use async_nats::header::HeaderValue;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stario::StoreError;
use stario::durable::{CommandId, CommandState, NewCommand};

use crate::subject;

/// The header with the JSON of this store.
const HEADER: &str = "Stario";

/// What the server says of a message that it sends without its payload.
const SIZE: &str = "Nats-Msg-Size";

/// The longest name that stands in a subject as it is.
const MOST_NAME: usize = 200;

/// The most bytes of a group that are stored as they are. The header of a message takes 64 KiB.
const MOST_GROUP: usize = 500;

/// The subjects of one stream.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    prefix: String,
}

/// What a subject says of its message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    State(CommandId),
    Lane,
}

/// What is stored of a command once, beside its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CommandHead {
    pub(super) id: CommandId,
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) key: Option<String>,
    pub(super) group: Option<String>,
    pub(super) created: i64,
    pub(super) due: i64,
    /// The process that has stored it.
    pub(super) by: u64,
}

/// Where a command stands. One that has no such message waits since it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) phase: CommandState,
    pub(super) attempts: u32,
    pub(super) claims: u32,
    pub(super) due: i64,
    pub(super) changed: i64,
    pub(super) error: Option<String>,
    /// The process that has claimed it last.
    pub(super) by: u64,
}

/// The same, as it is written; without a `state` the command is deleted.
#[derive(Serialize, Deserialize, Default)]
struct WrittenState {
    state: Option<u8>,
    attempts: u32,
    claims: u32,
    due: i64,
    changed: i64,
    error: Option<String>,
    by: u64,
}

/// The commands that are about to be claimed under the limits of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LaneHead {
    pub(super) name: String,
    pub(super) held: Vec<Held>,
}

/// A command counts as one that runs until its state has another revision, or the lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) id: CommandId,
    /// The revision of its state when it was chosen.
    pub(super) revision: u64,
    pub(super) until: i64,
    /// The process that is about to claim it.
    pub(super) by: u64,
}

impl Subjects {
    pub(super) fn new(stream: &str) -> Self {
        Self { prefix: format!("{stream}.") }
    }

    /// All of them.
    pub(super) fn all(&self) -> String {
        format!("{}>", self.prefix)
    }

    /// Where a command is stored: one with a key where all of its name and key are.
    pub(super) fn command(&self, command: &NewCommand) -> String {
        let (prefix, name) = (&self.prefix, token(&command.name));
        match &command.key {
            Some(key) => format!("{prefix}c.{name}.k{}", digest(key)),
            None => format!("{prefix}c.{name}.{}", command.id),
        }
    }

    pub(super) fn state(&self, id: CommandId) -> String {
        format!("{}s.{id}", self.prefix)
    }

    pub(super) fn lane(&self, name: &str) -> String {
        format!("{}l.{}", self.prefix, token(name))
    }

    /// What a message of this subject is; `None` if it is none of this store.
    pub(super) fn kind(&self, subject: &str) -> Option<Kind> {
        match subject.strip_prefix(&self.prefix)?.split_once('.')? {
            ("c", _) => Some(Kind::Command),
            ("s", id) => id.parse().ok().map(Kind::State),
            ("l", _) => Some(Kind::Lane),
            _ => None,
        }
    }
}

fn token(name: &str) -> String {
    let token = subject::token(name);
    if token.len() > MOST_NAME { format!("%{}", digest(name)) } else { token }
}

/// A group as it is stored: a long one is its beginning and a hash.
fn group(group: &str) -> String {
    if group.len() <= MOST_GROUP {
        return group.to_owned();
    }
    // A character has at most four bytes.
    let begin: String = group.chars().take(MOST_GROUP / 8).collect();
    format!("{begin}… {}", digest(group))
}

fn digest(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

impl CommandHead {
    pub(super) fn of(command: &NewCommand, by: u64) -> Self {
        let NewCommand { id, version, created, due, .. } = *command;
        let (name, key) = (command.name.clone(), command.key.clone());
        Self { id, name, version, key, group: command.group.as_deref().map(group), created, due, by }
    }

    pub(super) fn with_payload(self, payload: Bytes) -> NewCommand {
        let Self { id, name, version, key, group, created, due, by: _ } = self;
        NewCommand { id, name, version, key, group, payload: payload.into(), created, due }
    }

    /// What a command is that nobody has claimed yet.
    pub(super) fn first_state(&self) -> State {
        State {
            phase: CommandState::Waiting,
            attempts: 0,
            claims: 0,
            due: self.due,
            changed: self.created,
            error: None,
            by: 0,
        }
    }
}

/// The header of a state; of `None`, that of a command that is deleted.
pub(super) fn write_state(state: Option<&State>) -> Result<HeaderMap, StoreError> {
    let written = state.cloned().map_or_else(WrittenState::default, |state| {
        let State { phase, attempts, claims, due, changed, error, by } = state;
        WrittenState { state: Some(phase.code()), attempts, claims, due, changed, error, by }
    });
    write(&written)
}

pub(super) fn read_state(headers: &HeaderMap) -> Result<Option<State>, StoreError> {
    let WrittenState { state, attempts, claims, due, changed, error, by } = read(headers)?;
    let Some(code) = state else { return Ok(None) };
    let phase = CommandState::from_code(code).ok_or("a state in the stream is unknown")?;
    Ok(Some(State { phase, attempts, claims, due, changed, error, by }))
}

pub(super) fn write(head: &impl Serialize) -> Result<HeaderMap, StoreError> {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, serde_json::to_string(head)?.parse::<HeaderValue>()?);
    Ok(headers)
}

pub(super) fn read<T: DeserializeOwned>(headers: &HeaderMap) -> Result<T, StoreError> {
    let header = headers.get_last(HEADER).ok_or("a message in the stream is not of this store")?;
    Ok(serde_json::from_str(header.as_str())?)
}

/// How many bytes the payload has that was not sent.
pub(super) fn unsent_bytes(headers: &HeaderMap) -> usize {
    headers.get_last(SIZE).and_then(|size| size.as_str().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, key: Option<&str>) -> NewCommand {
        NewCommand {
            id: CommandId::from_bytes([7; 16]),
            name: name.to_owned(),
            version: 1,
            key: key.map(str::to_owned),
            group: Some("\"ö\n\"".to_owned()),
            payload: vec![0, 255],
            created: -1,
            due: i64::MAX,
        }
    }

    #[test]
    fn subjects_tell_what_their_messages_are() {
        let subjects = Subjects::new("commands_shop");
        let plain = command("send mail", None);
        let id = "07".repeat(16);
        assert_eq!(subjects.command(&plain), format!("commands_shop.c.send%20mail.{id}"));
        assert_eq!(subjects.kind(&subjects.command(&plain)), Some(Kind::Command));
        assert_eq!(subjects.kind(&subjects.state(plain.id)), Some(Kind::State(plain.id)));
        assert_eq!(subjects.kind(&subjects.lane("a.b")), Some(Kind::Lane));
        for other in ["commands_shop.s.7", "commands_shop.x.7", "commands_shop.c", "other.c.a.b"] {
            assert_eq!(subjects.kind(other), None, "{other}");
        }
    }

    #[test]
    fn commands_of_one_name_and_key_have_one_subject_and_no_others() {
        let subjects = Subjects::new("commands_shop");
        let subject = |name: &str, key: &str| subjects.command(&command(name, Some(key)));
        assert_eq!(subject("a", "k"), subject("a", "k"));
        assert_ne!(subject("a", "k"), subject("b", "k"));
        assert_ne!(subject("a", "k"), subject("a", "K"));
        let long = |end: char| format!("{}{end}", "é".repeat(300));
        assert_ne!(subject(&long('a'), "k"), subject(&long('b'), "k"));
        assert!(subject(&long('a'), "k").len() < 200);
    }

    #[test]
    fn a_long_group_is_shortened_and_stays_its_own() {
        let short = "g".repeat(MOST_GROUP);
        assert_eq!(group(&short), short);
        let [first, second] = ["a", "b"].map(|end| group(&format!("{}{end}", "ä".repeat(10_000))));
        assert_ne!(first, second);
        assert!(first.len() < MOST_GROUP && first.starts_with('ä'), "{first}");
    }

    #[test]
    fn what_is_written_comes_back() {
        let head = CommandHead::of(&command("ö", Some("k")), 7);
        assert_eq!(read::<CommandHead>(&write(&head).unwrap()).unwrap(), head);
        let state =
            State { error: Some("why,\r\n“ünd”".to_owned()), by: u64::MAX, ..head.first_state() };
        assert_eq!(read_state(&write_state(Some(&state)).unwrap()).unwrap(), Some(state));
        assert_eq!(read_state(&write_state(None).unwrap()).unwrap(), None);
        assert!(read_state(&HeaderMap::new()).is_err());
    }
}
