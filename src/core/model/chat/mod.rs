//! Chats: entries and messages as opaque JSON, and the keys that identify them.
//!
//! A room's history is a log of rows that never change. The served history is the fold of the log.
//!
//! - `row`: a row of the log, and the tally of the log by which limits are checked.
//! - `array`: a whole array as one row, for clients whose saves replace each other.
//! - `fold`: computes the served history from the log.
//! - `plan`: computes the rows that a save adds to the log.
//! - `rekey`: converts the log of a release that had other keys.

mod array;
mod fold;
mod plan;
mod rekey;
mod row;

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

pub use self::{
    array::{Array, Item},
    fold::{Fold, Present, PresentItem},
    plan::{
        Addition, HistoryFull, HistoryLimits, Known, Later, PlanStep, Question, Replacement, StoredRow,
        plan_replace, plan_save,
    },
    rekey::{Rekey, RekeyedText, Rekeying},
    row::{BadRow, Row, Tally},
};

/// Most entries in a served history, and in one save.
///
/// The documented client sends its whole array with every save, so a served history must fit into one save.
pub const MAX_ENTRIES: usize = 10_000;

/// Most bytes of JSON in a served history.
pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// Most bytes of JSON in one entry.
pub const MAX_ENTRY_BYTES: usize = 64 * 1024;

/// Part of [`MAX_ENTRIES`] that is reserved for live messages: saves must not use it.
pub const RESERVED_ENTRIES: usize = 1_000;

/// Part of [`MAX_HISTORY_BYTES`] that is reserved for live messages: saves must not use it.
pub const RESERVED_BYTES: usize = 256 * 1024;

/// Most superseded versions of one entry.
pub const MAX_SUPERSEDED: usize = 32;

/// Most bytes of JSON in all superseded versions of a room.
pub const MAX_SUPERSEDED_BYTES: usize = 1024 * 1024;

/// Most replaced arrays that a room keeps.
pub const MAX_REPLACED: usize = 32;

/// Most bytes of JSON in all replaced arrays of a room.
pub const MAX_REPLACED_BYTES: usize = 4 * 1024 * 1024;

/// One entry of a save.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatEntry {
    /// Identifies the entry in its room: the same for all of its versions.
    pub key: ChatKey,
    /// Identifies the version; `None` if entries with this key never change.
    pub version: Option<ChatKey>,
    /// The live message that equals this entry, if the room has it.
    pub message: Option<MessageIdentity>,
    /// Valid JSON of at most [`MAX_ENTRY_BYTES`], as received: a store never parses, changes or logs it.
    pub json: Box<str>,
}

/// A live message, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveMessage {
    /// Identifies the message.
    pub identity: MessageIdentity,
    /// Valid JSON, made by the server.
    pub json: Box<str>,
}

/// Identifies a live message.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageIdentity {
    /// Key of writer and id, unique in a room.
    pub key: ChatKey,
    /// Key of writer, id and text. A retry has the same one; another message with the same id has another.
    pub content: ChatKey,
}

/// Redacted: chat messages must not be logged.
macro_rules! redacted {
    ($($type:ident),*) => {
        $(impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        })*
    };
}

redacted!(ChatEntry, LiveMessage, MessageIdentity, ChatKey);

/// What a [`ChatKey`] identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Live messages, by writer and id.
    Message,
    /// The content of live messages, by writer, id and text.
    Content,
    /// Saved entries that may have several versions.
    Entry,
    /// Versions of those entries.
    Version,
    /// Saved entries that have one version.
    Once,
}

/// A key in the log of a room: 34 characters of kind and digest.
///
/// Digests are cut to 192 bits, which still makes collisions infeasible.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatKey(Box<str>);

impl ChatKey {
    /// Makes a key of `kind` from `digest`.
    pub fn new(kind: KeyKind, digest: &[u8; 32]) -> Self {
        let mut key = String::with_capacity(34);
        key.push_str(match kind {
            KeyKind::Message => "m.",
            KeyKind::Content => "b.",
            KeyKind::Entry => "e.",
            KeyKind::Version => "v.",
            KeyKind::Once => "o.",
        });
        BASE64_URL_SAFE_NO_PAD.encode_string(&digest[..24], &mut key);
        Self(key.into())
    }

    /// The key as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChatKey {
    /// Takes over a stored key.
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
