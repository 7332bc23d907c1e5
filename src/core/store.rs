//! What the core needs kept: the chats.

use async_trait::async_trait;

use super::{
    chat::{ChatEntry, ChatKey},
    error::{SaveError, Unavailable},
    ids::RoomId,
};

/// Keeps the chats of rooms. Every implementation passes the same contract suite (`tests/it/store_contract.rs`).
///
/// All methods may be called from any task and dropped at any point; a dropped save may or may not have happened.
#[async_trait]
pub trait ChatStore: Send + Sync + 'static {
    /// What it is, for people: `sqlite`, `mongodb`.
    fn name(&self) -> &'static str;

    /// Adds those of `entries` whose keys the room does not have yet; the others change nothing.
    ///
    /// When it returns `Ok`, all of `entries` are durable: they survive the death of this process, of the
    /// database's, and of the machine. New ones come after everything that was there, in the order given.
    ///
    /// # Errors
    /// - [`SaveError::Full`]: the room would exceed [`MAX_ENTRIES`](super::chat::MAX_ENTRIES) or
    ///   [`MAX_HISTORY_BYTES`](super::chat::MAX_HISTORY_BYTES); nothing was stored.
    /// - [`SaveError::Unavailable`]: within two seconds at the latest; some of `entries` may be stored. Saving
    ///   again is safe.
    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError>;

    /// The JSON of all entries of `room`, oldest first; empty for a room nobody ever wrote in.
    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable>;

    /// The JSON of one entry.
    async fn find(&self, room: &RoomId, key: &ChatKey) -> Result<Option<Box<str>>, Unavailable>;

    /// Whether a save could succeed now. Answers within two seconds.
    async fn check(&self) -> Result<(), Unavailable>;

    /// Finishes what was begun and lets go of files and connections. Later calls answer [`Unavailable`].
    async fn close(&self);
}

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// How many of the entries were new.
    pub added: usize,
}
