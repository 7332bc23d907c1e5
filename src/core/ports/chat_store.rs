//! What the core needs kept: the chats.

use async_trait::async_trait;

use crate::core::model::{
    chat::{ChatEntry, LiveMessage},
    error::{SaveError, Unavailable},
    ids::RoomId,
};

/// Keeps the chats of rooms. Every implementation passes the same contract suite (`tests/it/store/chat_contract/`).
///
/// All methods may be called from any task and dropped at any point; a dropped save may or may not have happened.
#[async_trait]
pub trait ChatStore: Send + Sync + 'static {
    /// The name of the back end, for people: `sqlite`, `mongodb`.
    fn name(&self) -> &'static str;

    /// Adds a live message to the end of the history of `room`, unless one with its key is there.
    ///
    /// When it returns [`Appended::Now`], the message is durable: it survives the death of this process, of the
    /// database's, and of the machine.
    ///
    /// # Errors
    /// - [`SaveError::Full`]: the room is at [`MAX_ENTRIES`](crate::core::model::chat::MAX_ENTRIES) or
    ///   [`MAX_HISTORY_BYTES`](crate::core::model::chat::MAX_HISTORY_BYTES); the message was not stored.
    /// - [`SaveError::Unavailable`]: within two seconds at the latest; the message may be stored. Appending it again
    ///   is safe.
    async fn append(&self, room: &RoomId, message: LiveMessage) -> Result<Appended, SaveError>;

    /// Merges `entries` into the history of `room`, in their order.
    ///
    /// An entry that is a live message of the room, or equals any version kept under its key, changes nothing. Another
    /// version is served in the place of the first; the versions before it are kept. Anything else is added to the end.
    /// When it returns `Ok`, all of `entries` are durable, as by [`append`](Self::append).
    ///
    /// # Errors
    /// - [`SaveError::Full`]: the room would exceed a limit of [`chat`](crate::core::model::chat); nothing was stored. Saves leave
    ///   [`RESERVED_ENTRIES`](crate::core::model::chat::RESERVED_ENTRIES) and [`RESERVED_BYTES`](crate::core::model::chat::RESERVED_BYTES) to
    ///   live messages.
    /// - [`SaveError::Unavailable`]: within two seconds at the latest; some of `entries` may be stored. Saving
    ///   again is safe.
    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError>;

    /// Puts `entries` into the place of all that saves have brought to `room` before, in one step.
    ///
    /// Live messages stay; `entries` that are live messages say only where those are served. An array with which the
    /// present one begins changes nothing, nor does an empty one. Arrays that were replaced are kept up to
    /// [`MAX_REPLACED`](crate::core::model::chat::MAX_REPLACED) and [`MAX_REPLACED_BYTES`](crate::core::model::chat::MAX_REPLACED_BYTES).
    ///
    /// # Errors
    /// As [`save`](Self::save); nothing is stored in part.
    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError>;

    /// The JSON of all entries of `room`, oldest first; empty for a room without a history.
    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable>;

    /// Whether a save could succeed now. Answers within two seconds.
    async fn check(&self) -> Result<(), Unavailable>;

    /// Finishes what was begun and lets go of files and connections. Later calls answer [`Unavailable`].
    async fn close(&self);
}

/// The result of adding a live message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The message is stored.
    Now,
    /// The same message was stored before: its JSON.
    Before(Box<str>),
    /// Another message was stored under its key; this one is not.
    Conflict,
}

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// How many rows or items were stored: 0 if everything was there.
    pub added: usize,
}
