//! The table of messages: each message that was said in a room.

use serde::{Deserialize, Serialize};
use stario::prelude::*;
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx;

/// Each file runs once per database, in this order. Do not change one that has run anywhere: add another.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/1_messages.sql")];

/// How many messages a page begins with.
const SHOWN: u32 = 100;

/// A message as it is stored, and as it travels to the other processes.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Message {
    /// A message that was stored later has a larger one.
    pub(crate) id: i64,
    pub(crate) author: String,
    pub(crate) text: String,
}

/// A piece of news for the open pages of a room.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) enum News {
    Said(Message),
    /// Messages are stored that nobody was told of.
    ReadAgain,
}

/// The messages of all rooms.
pub(crate) struct Messages(SqlitePool);

impl Messages {
    /// Brings the tables up to date.
    pub(crate) async fn new(db: SqlitePool) -> Result<Self> {
        stario_sqlite::migrate(&db, "rooms", MIGRATIONS).await?;
        Ok(Self(db))
    }

    /// The newest messages of a room, the oldest of them first.
    pub(crate) async fn newest(&self, room: &str) -> Result<Vec<Message>> {
        let newest =
            sqlx::query_as("SELECT id, author, text FROM message WHERE room = ? ORDER BY id DESC LIMIT ?");
        let newest: Vec<(i64, String, String)> = newest.bind(room).bind(SHOWN).fetch_all(&self.0).await?;
        Ok(newest.into_iter().rev().map(|(id, author, text)| Message { id, author, text }).collect())
    }

    /// Stores a message; `None` if the one from this source is stored already.
    pub(crate) async fn add(
        &self,
        room: &str,
        author: &str,
        text: &str,
        source: Option<String>,
    ) -> Result<Option<Message>> {
        let insert = sqlx::query(
            "INSERT INTO message (room, author, text, source) VALUES (?, ?, ?, ?) ON CONFLICT (source) DO NOTHING",
        );
        let inserted = insert.bind(room).bind(author).bind(text).bind(source).execute(&self.0).await?;
        let is_new = inserted.rows_affected() == 1;
        Ok(is_new.then(|| Message {
            id: inserted.last_insert_rowid(),
            author: author.to_owned(),
            text: text.to_owned(),
        }))
    }
}
