//! A row of a room's log, and the tally of the log.

use std::{borrow::Cow, fmt};

use super::{
    Array, ChatEntry, ChatKey, LiveMessage, MAX_ENTRIES, MAX_HISTORY_BYTES, RESERVED_BYTES, RESERVED_ENTRIES,
};

/// A row that no release has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRow;

/// One row of a room's log. Rows are numbered and never change.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Unique in its room. The row of a first version has the key of its entry, that of a later one the key
    /// of the version.
    pub key: Box<str>,
    /// Distinguishes rows with one key: the content of a live message, the version of an entry.
    pub content: Option<Box<str>>,
    /// For a later version: the key of the row of its entry's first version.
    pub entry: Option<Box<str>>,
    /// The content of the live message that is served instead of this row.
    pub message: Option<Box<str>>,
    /// For an array: its items, as [`Array`](super::Array) writes them.
    pub items: Option<Box<str>>,
    /// The JSON.
    pub json: Box<str>,
}

/// Redacted: chat messages must not be logged.
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

    /// True if `key` is that of a live message.
    pub fn is_live_key(key: &str) -> bool {
        key.starts_with("m.")
    }

    /// True if `key` is that of an entry with one version: it matters only that its row exists.
    pub fn is_once_key(key: &str) -> bool {
        key.starts_with("o.")
    }

    /// The row of an entry's first version, saved while the array `base` is served.
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

/// The row key of an entry that is saved while the array `base` is served.
///
/// The key differs from those of entries that the array replaced, so that these can be saved again.
pub(super) fn key_on(base: usize, key: &ChatKey) -> Cow<'_, str> {
    if base == 0 { Cow::Borrowed(key.as_str()) } else { Cow::Owned(format!("{}@{base}", key.as_str())) }
}

/// Sizes of a room's log. Stored beside the log, so that limits are checked without reading it.
///
/// Also counts saved entries that are served as live messages: the tally is an upper bound of the served
/// history.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The number of the last row.
    pub last: usize,
    /// Number of live messages.
    pub live: usize,
    /// Bytes of JSON in live messages.
    pub live_bytes: usize,
    /// Number of saved entries that are served.
    pub saved: usize,
    /// Bytes of JSON in these entries.
    pub saved_bytes: usize,
    /// Number of superseded versions.
    pub superseded: usize,
    /// Bytes of JSON in superseded versions.
    pub superseded_bytes: usize,
    /// The number of the row with the served array, 0 if there is none.
    pub base: usize,
}

impl Tally {
    /// Number of entries that are served.
    pub const fn entries(&self) -> usize {
        self.live + self.saved
    }

    /// Bytes of JSON that are served.
    pub const fn bytes(&self) -> usize {
        self.live_bytes + self.saved_bytes
    }

    /// The tally after one more live message.
    #[must_use]
    pub const fn with_live(self, bytes: usize) -> Self {
        Self { last: self.last + 1, live: self.live + 1, live_bytes: self.live_bytes + bytes, ..self }
    }

    /// The tally after one more entry.
    #[must_use]
    pub(super) const fn with_first(self, bytes: usize) -> Self {
        Self { last: self.last + 1, saved: self.saved + 1, saved_bytes: self.saved_bytes + bytes, ..self }
    }

    /// The tally after a version of `bytes` superseded one of `before`.
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

    /// The tally after an array replaced all saved entries.
    #[must_use]
    pub(super) const fn with_array(self, saved: usize, saved_bytes: usize) -> Self {
        let last = self.last + 1;
        Self { last, saved, saved_bytes, superseded: 0, superseded_bytes: 0, base: last, ..self }
    }

    /// True if nothing was saved after `array`, which is the served one, or empty if there is none.
    pub fn is_just(&self, array: &Array) -> bool {
        self.saved == array.saved() && self.superseded == 0
    }

    /// True if a live message that leads to this tally is within the limits.
    pub const fn admits_live(&self) -> bool {
        self.entries() <= MAX_ENTRIES && self.bytes() <= MAX_HISTORY_BYTES
    }

    /// True if a save that leads from `before` to this tally is within the limits. A save without growth
    /// always is.
    pub(super) fn admits_save(&self, before: &Self) -> bool {
        let entries = (MAX_ENTRIES - RESERVED_ENTRIES).max(before.entries());
        let bytes = (MAX_HISTORY_BYTES - RESERVED_BYTES).max(before.bytes());
        self.entries() <= entries && self.bytes() <= bytes
    }
}
