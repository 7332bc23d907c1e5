//! Port to the chat store.

use async_trait::async_trait;

use crate::core::model::{
    chat::{ChatEntry, LiveMessage},
    error::{SaveError, Unavailable},
    ids::RoomId,
};

/// Stores the chats of rooms.
///
/// Every implementation passes the same contract suite (`tests/it/store/chat_contract/`). Any task may call
/// the methods and drop them at any point; a dropped save may or may not have happened.
#[async_trait]
pub trait ChatStore: Send + Sync + 'static {
    /// Name of the back end, for people: `sqlite`, `mongodb`.
    fn name(&self) -> &'static str;

    /// Appends a live message to the history of `room`, unless one with its key is stored.
    ///
    /// After [`Appended::Stored`] the message is durable: it survives the death of this process, of the
    /// database and of the machine.
    ///
    /// # Errors
    /// - [`SaveError::Full`]: the room is at [`MAX_ENTRIES`](crate::core::model::chat::MAX_ENTRIES) or
    ///   [`MAX_HISTORY_BYTES`](crate::core::model::chat::MAX_HISTORY_BYTES); the message was not stored.
    /// - [`SaveError::Unavailable`]: within two seconds at the latest; the message may be stored. Appending
    ///   it again is safe.
    async fn append(&self, room: &RoomId, message: LiveMessage) -> Result<Appended, SaveError>;

    /// Merges `entries` into the history of `room`, in order.
    ///
    /// An entry that is a live message of the room, or equals a stored version of its key, changes nothing. A
    /// new version is served at the position of the first one, and the earlier versions stay stored. Any
    /// other entry is appended. After `Ok`, all of `entries` are durable, as after [`append`](Self::append).
    ///
    /// # Errors
    /// - [`SaveError::Full`]: the room would exceed a limit of [`chat`](crate::core::model::chat); nothing
    ///   was stored. [`RESERVED_ENTRIES`](crate::core::model::chat::RESERVED_ENTRIES) and
    ///   [`RESERVED_BYTES`](crate::core::model::chat::RESERVED_BYTES) are reserved for live messages.
    /// - [`SaveError::Unavailable`]: within two seconds at the latest; some of `entries` may be stored.
    ///   Saving again is safe.
    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError>;

    /// Replaces all earlier saves of `room` by `entries`, in one step.
    ///
    /// Live messages stay; `entries` that are live messages only set their positions. An empty array changes
    /// nothing, nor does one with which the present array begins. Replaced arrays stay stored, up to
    /// [`MAX_REPLACED`](crate::core::model::chat::MAX_REPLACED) and
    /// [`MAX_REPLACED_BYTES`](crate::core::model::chat::MAX_REPLACED_BYTES).
    ///
    /// # Errors
    /// As for [`save`](Self::save); the array is never stored in part.
    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError>;

    /// The JSON of all entries of `room`, oldest first; empty for a room without a history.
    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable>;

    /// Checks that a save could succeed now. Answers within two seconds.
    async fn check(&self) -> Result<(), Unavailable>;

    /// Finishes pending operations and closes files and connections. Later calls return [`Unavailable`].
    async fn close(&self);
}

/// Outcome of appending a live message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The message is stored.
    Stored,
    /// The same message was stored before: its JSON.
    AlreadyStored(Box<str>),
    /// Another message is stored under its key; this one is not stored.
    Conflict,
}

/// Outcome of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Number of rows or items stored: 0 if all of them were stored before.
    pub added: usize,
}
