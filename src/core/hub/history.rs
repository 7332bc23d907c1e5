//! Chats: stored, sent to the others, saved as arrays, and read at a join.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
    time::SystemTime,
};

use tracing::warn;

use super::{Hub, join::Seated};
use crate::core::{
    model::{
        chat::{ChatEntry, ChatKey, LiveMessage},
        error::{Replaced, SaveError, Unavailable},
        event::ChatMessage,
        ids::{Name, RoomId},
        lock::lock,
    },
    ports::chat_store::{Appended, Saved},
};

/// Unanswered attempts that are remembered: about as many as are under way when a store hangs.
const MAX_UNANSWERED: usize = 4_096;

/// Outcome of publishing a chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The message is stored, and sent to the others.
    Stored,
    /// The message was stored before, as this JSON, and sent to the others then.
    AlreadyStored(Box<str>),
    /// The writer has stored another message under the same id. This one is not sent to the others.
    Conflict,
    /// The message is sent to the others but not stored: the history is full.
    NotStored,
}

/// How a save changes a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// As [`ChatStore::save`](crate::core::ports::chat_store::ChatStore::save).
    Merge,
    /// As [`ChatStore::replace_saved`](crate::core::ports::chat_store::ChatStore::replace_saved).
    Replace,
}

/// Attempts to store a message that the store did not answer.
///
/// Each may have stored the message, and the others were not told of it.
#[derive(Default)]
pub(super) struct UnansweredWrites(Mutex<VecDeque<UnansweredWrite>>);

struct UnansweredWrite {
    room: RoomId,
    key: ChatKey,
    /// Hash of the JSON that is stored if this attempt stored it. That of an answered attempt differs in its
    /// time.
    json_hash: u64,
    name: Name,
    sent_at: SystemTime,
}

impl UnansweredWrites {
    fn add(&self, write: UnansweredWrite) {
        let mut writes = lock(&self.0);
        if writes.len() == MAX_UNANSWERED {
            writes.pop_front();
        }
        writes.push_back(write);
    }

    /// Removes all attempts at a message that turns out to be stored as `json`. Returns the one that stored
    /// it.
    fn resolve(&self, room: &RoomId, key: &ChatKey, json: &str) -> Option<UnansweredWrite> {
        let mut writes = lock(&self.0);
        let is_about = |write: &UnansweredWrite| write.key == *key && write.room == *room;
        let stored = writes.iter().position(|write| is_about(write) && write.json_hash == hash(json));
        let stored = stored.and_then(|position| writes.remove(position));
        writes.retain(|write| !is_about(write));
        stored
    }
}

fn hash(json: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    hasher.finish()
}

impl Hub {
    /// A message of the participant with the present time and its present name.
    ///
    /// # Errors
    /// [`Replaced`]: the seat is held under another epoch, or ended.
    pub fn compose(&self, seat: &Seated, id: &str, body: &str) -> Result<ChatMessage, Replaced> {
        let from = seat.key.participant;
        let name = lock(&seat.room).name_of(from, seat.key.epoch)?;
        Ok(ChatMessage { id: id.into(), from, name, body: body.into(), sent_at: self.0.clock.wall() })
    }

    /// Stores a message as `stored` and sends it to the others, even if its writer has left meanwhile. When
    /// it returns [`Published::Stored`], the message is durable.
    ///
    /// If the history is full, the message is sent to the others without being stored. A
    /// message that the store had stored without an answer is sent when its writer repeats it.
    ///
    /// # Errors
    /// [`Unavailable`]: the store does not answer; the message is not sent to the others.
    pub async fn publish(
        &self,
        seat: &Seated,
        message: &ChatMessage,
        stored: LiveMessage,
    ) -> Result<Published, Unavailable> {
        let (room, key, json_hash) = (&seat.key.room, stored.identity.key.clone(), hash(&stored.json));
        let (published, told) = match self.0.store.append(room, stored).await {
            Ok(Appended::Stored) => (Published::Stored, Some(message.clone())),
            Ok(Appended::AlreadyStored(json)) => {
                let untold = self.0.unanswered_writes.resolve(room, &key, &json);
                let told = untold.map(|UnansweredWrite { name, sent_at, .. }| ChatMessage {
                    name,
                    sent_at,
                    ..message.clone()
                });
                (Published::AlreadyStored(json), told)
            }
            Ok(Appended::Conflict) => (Published::Conflict, None),
            Err(SaveError::Full) => (Published::NotStored, Some(message.clone())),
            Err(SaveError::Unavailable(error)) => {
                let (room, name, sent_at) = (room.clone(), message.name.clone(), message.sent_at);
                self.0.unanswered_writes.add(UnansweredWrite { room, key, json_hash, name, sent_at });
                return Err(error);
            }
        };
        if let Some(message) = told {
            lock(&seat.room).chat(&message, self.0.clock.now());
        }
        Ok(published)
    }

    /// Saves `entries` in the history of `room`.
    ///
    /// # Errors
    /// As the store's method that [`Saving`] names.
    pub async fn save_chats(
        &self,
        room: &RoomId,
        entries: Vec<ChatEntry>,
        saving: Saving,
    ) -> Result<Saved, SaveError> {
        match saving {
            Saving::Merge => self.0.store.save(room, entries).await,
            Saving::Replace => self.0.store.replace_saved(room, entries).await,
        }
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
