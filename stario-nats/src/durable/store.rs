//! How a command is stored: one message, that the server refuses if the subject of its key has one.

use bytes::Bytes;
use stario::StoreError;
use stario::durable::{NewCommand, StoredCommand};

use super::shared::{Put, ROUNDS, Shared};
use super::stored;
use super::wire::{self, CommandHead};

impl Shared {
    /// Stores a command. Returns the one that has its key, if one has.
    pub(super) async fn store(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        let subject = self.subjects.command(command);
        let headers = wire::write(&CommandHead::of(command, self.process))?;
        let payload = Bytes::copy_from_slice(&command.payload);
        let mut last = 0;
        for _ in 0..ROUNDS {
            let put = self.put(subject.clone(), headers.clone(), payload.clone(), last).await?;
            if let Put::Written = put {
                return Ok(None);
            }
            last = 0;
            let Some((present, position)) = self.last_command(&subject).await? else { continue };
            if present.id == command.id {
                return Ok(None);
            }
            self.catch_up().await?;
            let index = self.index();
            match index.entry(present.id) {
                Some(entry) => return Ok(Some(stored(present, entry.state.clone()))),
                // It is deleted, and only its message is still there.
                None if index.is_deleted(present.id) => last = position,
                None => {}
            }
        }
        Err("other processes store and delete commands of this key all the time".into())
    }
}
