//! What is stored of a durable command: plain data, with all times in milliseconds since 1970.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names a stored command: 48 bits of time, 16 of a count and 64 random bits, as 32 hexadecimal digits. A later command of the same process
/// has a larger id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(u128);

impl CommandId {
    /// A new one; `None` where the system has no randomness.
    pub(crate) fn new(now: i64) -> Option<Self> {
        static LATEST: AtomicU64 = AtomicU64::new(0);
        let begin = u64::try_from(now).unwrap_or_default() << 16;
        let following = |last: u64| Some(begin.max(last + 1));
        let last = LATEST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, following).unwrap_or_default();
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        let ordered = begin.max(last + 1);
        Some(Self(u128::from(ordered) << 64 | u128::from(u64::from_be_bytes(random))))
    }

    /// The id of these bytes, as a store has kept them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Its bytes, for a store to keep.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A text that is no [`CommandId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCommandId(());

impl fmt::Display for InvalidCommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the id of a stored command is 32 hexadecimal digits")
    }
}

impl std::error::Error for InvalidCommandId {}

impl FromStr for CommandId {
    type Err = InvalidCommandId;

    fn from_str(text: &str) -> Result<Self, InvalidCommandId> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        id.map(Self).ok_or(InvalidCommandId(()))
    }
}

impl Serialize for CommandId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A command that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    /// Names it.
    pub id: CommandId,
    /// The name of its handler's work: `durable = ".."`.
    pub name: String,
    /// The version of its values.
    pub version: u32,
    /// No two stored commands of one name have the same key.
    pub key: Option<String>,
    /// What orders it, or counts it against a limit: commands of one name and one group.
    pub group: Option<String>,
    /// The values of its parameters.
    pub payload: Vec<u8>,
    /// When it was accepted.
    pub created: i64,
    /// When it runs first.
    pub due: i64,
}

/// A command that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// What was stored first; `due` is when it runs next, or the end of the lease of the run.
    pub command: NewCommand,
    /// Where it stands.
    pub state: CommandState,
    /// How often it was begun since it was stored or run again, less what a stop gave back.
    pub attempts: u32,
    /// How often it was claimed. Nothing takes from it, so it tells each run from all others of the command.
    pub claims: u32,
    /// When its state changed last.
    pub changed: i64,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl StoredCommand {
    /// The values of its parameters as JSON, by their names. They may be personal data: show them to nobody who does not need them.
    pub fn values(&self) -> &str {
        super::payload::json_of(&self.command.payload).unwrap_or("{}")
    }
}

/// A stored command as it is listed: without the values of its parameters, which may be large, and personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCommand {
    /// Names it.
    pub id: CommandId,
    /// The name of its handler's work: `durable = ".."`.
    pub name: String,
    /// The version of its values.
    pub version: u32,
    /// No two stored commands of one name have the same key.
    pub key: Option<String>,
    /// What orders it, or counts it against a limit: commands of one name and one group.
    pub group: Option<String>,
    /// How many bytes the values of its parameters have.
    pub payload_bytes: usize,
    /// When it was accepted.
    pub created: i64,
    /// When it runs next, or the end of the lease of the run.
    pub due: i64,
    /// Where it stands.
    pub state: CommandState,
    /// How often it was begun since it was stored or run again, less what a stop gave back.
    pub attempts: u32,
    /// How often it was claimed.
    pub claims: u32,
    /// When its state changed last.
    pub changed: i64,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl ListedCommand {
    /// What is listed of this command.
    pub fn of(stored: &StoredCommand) -> Self {
        let command = &stored.command;
        Self {
            id: command.id,
            name: command.name.clone(),
            version: command.version,
            key: command.key.clone(),
            group: command.group.clone(),
            payload_bytes: command.payload.len(),
            created: command.created,
            due: command.due,
            state: stored.state,
            attempts: stored.attempts,
            claims: stored.claims,
            changed: stored.changed,
            error: stored.error.clone(),
        }
    }
}

/// Where a stored command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CommandState {
    /// It runs when it is due.
    Waiting,
    /// A process runs it, and has it until its lease ends.
    Running,
    /// It has succeeded.
    Finished,
    /// It has failed for good, and waits for somebody to run it again or to prune it: a dead letter.
    Dead,
}

impl CommandState {
    /// The number by which stores keep it: 0 to 3.
    pub const fn code(self) -> u8 {
        match self {
            CommandState::Waiting => 0,
            CommandState::Running => 1,
            CommandState::Finished => 2,
            CommandState::Dead => 3,
        }
    }

    /// The state of this number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(CommandState::Waiting),
            1 => Some(CommandState::Running),
            2 => Some(CommandState::Finished),
            3 => Some(CommandState::Dead),
            _ => None,
        }
    }
}

impl fmt::Display for CommandState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            CommandState::Waiting => "waiting",
            CommandState::Running => "running",
            CommandState::Finished => "finished",
            CommandState::Dead => "dead",
        })
    }
}

/// How many stored commands of one name are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandCount {
    /// The name of their work.
    pub name: String,
    /// Their state.
    pub state: CommandState,
    /// How many there are.
    pub count: u64,
}

/// Which stored commands are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandFilter {
    /// Only those of this name.
    pub name: Option<String>,
    /// Only those in this state.
    pub state: Option<CommandState>,
    /// Only those whose state changed before this time.
    pub changed_before: Option<i64>,
    /// Only those that are due at this time: of those that run, the ones whose lease has ended.
    pub due_at: Option<i64>,
    /// Only those with a larger id: the last one of the page before.
    pub after: Option<CommandId>,
}

impl CommandFilter {
    /// Whether the command is meant.
    pub fn matches(&self, stored: &StoredCommand) -> bool {
        self.name.as_ref().is_none_or(|name| *name == stored.command.name)
            && self.state.is_none_or(|state| state == stored.state)
            && self.changed_before.is_none_or(|before| stored.changed < before)
            && self.due_at.is_none_or(|time| stored.command.due <= time)
            && self.after.is_none_or(|after| stored.command.id > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_ordered_by_time_and_reads_its_own_text() {
        let [earlier, later] = [1_000, 1_000].map(|now| CommandId::new(now).unwrap());
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
        assert_eq!(earlier.to_string().parse(), Ok(earlier));
        assert_eq!(CommandId::from_bytes(later.to_bytes()), later);
        for bad in ["", "7", "+0000000000000000000000000000007", &format!("{later}0")] {
            assert!(bad.parse::<CommandId>().is_err(), "{bad}");
        }
    }
}
