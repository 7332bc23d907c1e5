//! A row of a room's log, and how much the log holds.

use std::{borrow::Cow, fmt};

use super::{
    Array, ChatEntry, ChatKey, LiveMessage, MAX_ENTRIES, MAX_HISTORY_BYTES, RESERVED_BYTES, RESERVED_ENTRIES,
};

/// A row that no release wrote like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRow;

/// One row of a room's log. Rows are numbered; a row is never changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Unique in its room. A first version has the key of its entry, a later one that of the version.
    pub key: Box<str>,
    /// What distinguishes rows of one key: the content of a live message, the version of an entry.
    pub content: Option<Box<str>>,
    /// Of a later version: the key of its entry's first version.
    pub entry: Option<Box<str>>,
    /// The content of the live message in whose place this row is not served.
    pub message: Option<Box<str>>,
    /// Of an array: what it is made of, as [`Array`](super::Array) writes it.
    pub items: Option<Box<str>>,
    /// The JSON.
    pub json: Box<str>,
}

/// Redacted: what people write to each other never belongs into a log.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row(…)")
    }
}

impl Row {
    /// The row of a live message.
    pub fn live(message: &LiveMessage) -> Self {
        Self {
            key: message.identity.key.as_str().into(),
            content: Some(message.identity.content.as_str().into()),
            entry: None,
            message: None,
            items: None,
            json: message.json.clone(),
        }
    }

    /// Whether `key` is that of a live message.
    pub fn is_live_key(key: &str) -> bool {
        key.starts_with("m.")
    }

    /// Whether `key` is that of an entry that has one version: of its row nothing needs to be known but that it is there.
    pub fn is_once_key(key: &str) -> bool {
        key.starts_with("o.")
    }

    /// The row of an entry's first version, saved while the array numbered `base` was served.
    pub(super) fn first(entry: &ChatEntry, base: usize) -> Self {
        Self {
            key: key_on(base, &entry.key).into(),
            content: entry.version.as_ref().map(|version| version.as_str().into()),
            entry: None,
            message: entry.message.as_ref().map(|message| message.content.as_str().into()),
            items: None,
            json: entry.json.clone(),
        }
    }

    /// The row of a later version.
    pub(super) fn later(entry: &ChatEntry, version: &ChatKey, base: usize) -> Self {
        Self {
            key: key_on(base, version).into(),
            content: None,
            entry: Some(key_on(base, &entry.key).into()),
            ..Self::first(entry, base)
        }
    }
}

/// The key under which a saved entry is stored while the array numbered `base` is served: what an array has replaced
/// must not stand in the way of what is saved after it.
pub(super) fn key_on(base: usize, key: &ChatKey) -> Cow<'_, str> {
    if base == 0 { Cow::Borrowed(key.as_str()) } else { Cow::Owned(format!("{}@{base}", key.as_str())) }
}

/// How much a room's log holds. Kept beside the log, so that limits cost nothing to check.
///
/// Counts a saved entry that a live message has taken the place of: the tally is what is served at most.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The number of the last row.
    pub last: usize,
    /// How many live messages there are.
    pub live: usize,
    /// How many bytes of JSON they have.
    pub live_bytes: usize,
    /// How many saved entries are served.
    pub saved: usize,
    /// How many bytes of JSON they have.
    pub saved_bytes: usize,
    /// How many versions were superseded.
    pub superseded: usize,
    /// How many bytes of JSON they have.
    pub superseded_bytes: usize,
    /// The number of the row with the array that is served, 0 if there is none.
    pub base: usize,
}

impl Tally {
    /// How many entries are served.
    pub const fn entries(&self) -> usize {
        self.live + self.saved
    }

    /// How many bytes of JSON are served.
    pub const fn bytes(&self) -> usize {
        self.live_bytes + self.saved_bytes
    }

    /// After one live message of so many bytes more.
    #[must_use]
    pub const fn with_live(self, bytes: usize) -> Self {
        Self { last: self.last + 1, live: self.live + 1, live_bytes: self.live_bytes + bytes, ..self }
    }

    /// After one entry more.
    #[must_use]
    pub(super) const fn with_first(self, bytes: usize) -> Self {
        Self { last: self.last + 1, saved: self.saved + 1, saved_bytes: self.saved_bytes + bytes, ..self }
    }

    /// After a version of `bytes` has superseded one of `before`.
    #[must_use]
    pub(super) const fn with_later(self, bytes: usize, before: usize) -> Self {
        Self {
            last: self.last + 1,
            saved_bytes: (self.saved_bytes + bytes).saturating_sub(before),
            superseded: self.superseded + 1,
            superseded_bytes: self.superseded_bytes + before,
            ..self
        }
    }

    /// After an array of so many saved entries has replaced all that were saved.
    #[must_use]
    pub(super) const fn with_array(self, saved: usize, saved_bytes: usize) -> Self {
        let last = self.last + 1;
        Self { last, saved, saved_bytes, superseded: 0, superseded_bytes: 0, base: last, ..self }
    }

    /// Whether nothing was saved after `array`, which is the one that is served, or empty if there is none.
    pub fn is_just(&self, array: &Array) -> bool {
        self.saved == array.saved() && self.superseded == 0
    }

    /// Whether a live message may be added that leads to this.
    pub const fn admits_live(&self) -> bool {
        self.entries() <= MAX_ENTRIES && self.bytes() <= MAX_HISTORY_BYTES
    }

    /// Whether a save may be taken that leads from `before` to this. One that lets nothing grow always may.
    pub(super) fn admits_save(&self, before: &Self) -> bool {
        let entries = (MAX_ENTRIES - RESERVED_ENTRIES).max(before.entries());
        let bytes = (MAX_HISTORY_BYTES - RESERVED_BYTES).max(before.bytes());
        self.entries() <= entries && self.bytes() <= bytes
    }
}
