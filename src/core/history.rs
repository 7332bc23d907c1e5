//! The history of a room: what is written goes into the store and to the others, and comes back when they do.

use tracing::warn;

use super::{
    chat::{ChatEntry, ChatKey},
    error::{Replaced, SaveError},
    event::ChatMessage,
    hub::Hub,
    ids::RoomId,
    join::Seated,
    store::Saved,
    sync::lock,
};

/// What became of a chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is stored, and the others are told.
    Now,
    /// One with its key was stored before, and is left as it is: its JSON.
    Before(Box<str>),
}

impl Hub {
    /// Makes a message of what the participant writes, now and under its present name.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is not its own any more.
    pub fn compose(&self, seat: &Seated, id: &str, body: &str) -> Result<ChatMessage, Replaced> {
        let from = seat.key.participant;
        let name = lock(&seat.room).name_of(from, seat.key.epoch)?;
        Ok(ChatMessage { id: id.into(), from, name, body: body.into(), sent_at: self.0.clock.wall() })
    }

    /// Stores a message as `entry` and tells the others, even if its writer has left meanwhile. When it returns,
    /// the message is durable.
    ///
    /// # Errors
    /// As [`ChatStore::save`]; nobody is told.
    pub async fn publish(
        &self,
        seat: &Seated,
        message: &ChatMessage,
        entry: ChatEntry,
    ) -> Result<Published, SaveError> {
        let key = entry.key.clone();
        let saved = self.0.store.save(&seat.key.room, vec![entry]).await?;
        if saved.added == 0
            && let Some(json) = self.find_chat(&seat.key.room, &key).await?
        {
            return Ok(Published::Before(json));
        }
        lock(&seat.room).chat(message, self.0.clock.now());
        Ok(Published::Now)
    }

    async fn find_chat(&self, room: &RoomId, key: &ChatKey) -> Result<Option<Box<str>>, SaveError> {
        Ok(self.0.store.find(room, key).await?)
    }

    /// Adds `entries` to the history of `room`; as [`ChatStore::save`].
    pub async fn save_chats(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        self.0.store.save(room, entries).await
    }

    pub(super) async fn history(&self, room: &RoomId) -> Option<Vec<Box<str>>> {
        match self.0.store.history(room).await {
            Ok(history) => Some(history),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a history could not be read");
                None
            }
        }
    }
}
