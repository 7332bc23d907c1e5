//! The history of a room: messages and saves go into the store, messages to the others, and both come back at a join.

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

/// How many attempts in doubt are remembered: about as many as are under way when a store hangs.
const MAX_DOUBTS: usize = 4_096;

/// What became of a chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is stored, and the others are told.
    Now,
    /// It was stored before: its JSON. The others were told then.
    Before(Box<str>),
    /// Its writer has stored another message under the same id. The others are not told.
    Conflict,
    /// The others are told, but the history is full and does not have it.
    Unkept,
}

/// How a save changes a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// As [`ChatStore::save`](crate::core::ports::chat_store::ChatStore::save).
    Merge,
    /// As [`ChatStore::replace_saved`](crate::core::ports::chat_store::ChatStore::replace_saved).
    Replace,
}

/// Attempts to store a message that got no answer: each may have stored it, and the others were not told.
#[derive(Default)]
pub(super) struct UnansweredWrites(Mutex<VecDeque<UnansweredWrite>>);

struct UnansweredWrite {
    room: RoomId,
    key: ChatKey,
    /// Of the JSON that is stored if this attempt stored it. An attempt that was answered has another: its time differs.
    json_hash: u64,
    name: Name,
    sent_at: SystemTime,
}

impl UnansweredWrites {
    fn add(&self, doubt: UnansweredWrite) {
        let mut doubts = lock(&self.0);
        if doubts.len() == MAX_DOUBTS {
            doubts.pop_front();
        }
        doubts.push_back(doubt);
    }

    /// Ends all doubts about a message that is stored as `json`; gives the one about the attempt that stored it.
    fn settle(&self, room: &RoomId, key: &ChatKey, json: &str) -> Option<UnansweredWrite> {
        let mut doubts = lock(&self.0);
        let is_about = |doubt: &UnansweredWrite| doubt.key == *key && doubt.room == *room;
        let stored = doubts.iter().position(|doubt| is_about(doubt) && doubt.json_hash == hash(json));
        let stored = stored.and_then(|position| doubts.remove(position));
        doubts.retain(|doubt| !is_about(doubt));
        stored
    }
}

fn hash(json: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    hasher.finish()
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

    /// Stores a message as `kept` and tells the others, even if its writer has left meanwhile. When it returns
    /// [`Published::Now`], the message is durable.
    ///
    /// A full history does not silence a visit: the others are told all the same. A message that was stored without an
    /// answer from the store is told when its writer sends it again.
    ///
    /// # Errors
    /// [`Unavailable`]: the store does not answer; the others are not told.
    pub async fn publish(
        &self,
        seat: &Seated,
        message: &ChatMessage,
        kept: LiveMessage,
    ) -> Result<Published, Unavailable> {
        let (room, key, json_hash) = (&seat.key.room, kept.identity.key.clone(), hash(&kept.json));
        let (published, told) = match self.0.store.append(room, kept).await {
            Ok(Appended::Now) => (Published::Now, Some(message.clone())),
            Ok(Appended::Before(json)) => {
                let untold = self.0.unanswered_writes.settle(room, &key, &json);
                let told = untold.map(|UnansweredWrite { name, sent_at, .. }| ChatMessage {
                    name,
                    sent_at,
                    ..message.clone()
                });
                (Published::Before(json), told)
            }
            Ok(Appended::Conflict) => (Published::Conflict, None),
            Err(SaveError::Full) => (Published::Unkept, Some(message.clone())),
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
