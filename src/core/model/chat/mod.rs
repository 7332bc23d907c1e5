//! What a chat is made of: entries and messages that are opaque JSON, and the keys that say which of them are one.
//!
//! A room's history is a log of rows that are never changed. What is served is the fold of the log.
//!
//! - `row`: a row of the log, and the tally that is kept so that limits cost nothing to check.
//! - `array`: a whole array as one row, for clients whose saves replace each other.
//! - `fold`: from the log to what is served.
//! - `plan`: from what is to be saved, and what the log has of it, to the rows that are added.
//! - `rekey`: the log of a release that had other keys.

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
        Addition, Found, Full, Known, Later, Limits, Question, Replacement, Step, plan_replace, plan_save,
    },
    rekey::{Former, Rekey, Rekeying},
    row::{BadRow, Row, Tally},
};

/// The most entries a room's history serves, and the most one save may bring.
///
/// The documented client sends its whole array at every save, so what a room serves must fit one save.
pub const MAX_ENTRIES: usize = 10_000;

/// The most bytes of JSON a room's history serves.
pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// The most bytes of JSON in one entry.
pub const MAX_ENTRY_BYTES: usize = 64 * 1024;

/// How many of [`MAX_ENTRIES`] are for live messages alone: saves stop before them.
pub const RESERVED_ENTRIES: usize = 1_000;

/// How many of [`MAX_HISTORY_BYTES`] are for live messages alone: saves stop before them.
pub const RESERVED_BYTES: usize = 256 * 1024;

/// The most versions of one entry that newer ones have superseded.
pub const MAX_SUPERSEDED: usize = 32;

/// The most bytes of JSON of superseded versions in a room.
pub const MAX_SUPERSEDED_BYTES: usize = 1024 * 1024;

/// The most arrays of a room that are kept after another has replaced them.
pub const MAX_REPLACED: usize = 32;

/// The most bytes of JSON of a room's replaced arrays.
pub const MAX_REPLACED_BYTES: usize = 4 * 1024 * 1024;

/// One entry of a save.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatEntry {
    /// Which entry of the room it is: the same for all versions of one.
    pub key: ChatKey,
    /// Which version of the entry it is; `None` if an entry under this key never changes.
    pub version: Option<ChatKey>,
    /// The live message that it is, if there is such a message.
    pub message: Option<MessageIdentity>,
    /// Valid JSON of at most [`MAX_ENTRY_BYTES`], kept as it came: never parsed, rewritten or logged by a store.
    pub json: Box<str>,
}

/// A live message as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveMessage {
    /// Which message it is.
    pub identity: MessageIdentity,
    /// Valid JSON, made by the server.
    pub json: Box<str>,
}

/// What makes a live message the same as another.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageIdentity {
    /// Of its writer and its id: one in a room.
    pub key: ChatKey,
    /// Of its writer, its id and its text: a retry has the same, another message under the same id has not.
    pub content: ChatKey,
}

/// Redacted: what people write to each other never belongs into a log.
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

/// What a [`ChatKey`] tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Live messages, by writer and id.
    Message,
    /// What live messages say, by writer, id and text.
    Content,
    /// Saved entries that may have several versions.
    Entry,
    /// The versions of such entries.
    Version,
    /// Saved entries that have one version.
    Once,
}

/// A name in the log of a room: its kind and a digest, of 34 characters.
///
/// Digests are cut to 192 bits: enough that two texts of one digest cannot be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatKey(Box<str>);

impl ChatKey {
    /// The key of `kind` that is made of `digest`.
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

    /// The key as a store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChatKey {
    /// A key that a store kept.
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
