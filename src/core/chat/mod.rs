//! What a chat is made of: entries that are opaque JSON, and the key that tells whether two of them are one.

use std::fmt;

/// The most entries a room's history holds, and the most one save may bring.
///
/// The documented client sends its whole array at every save, so what a room holds must fit one save.
pub const MAX_ENTRIES: usize = 10_000;

/// The most bytes of JSON a room's history holds, and the largest body of one save.
pub const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// The most bytes of JSON in one entry.
pub const MAX_ENTRY_BYTES: usize = 64 * 1024;

/// One entry of a room's history.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatEntry {
    /// Tells it apart from the room's other entries.
    pub key: ChatKey,
    /// Valid JSON of at most [`MAX_ENTRY_BYTES`], kept as it came: never parsed, rewritten or logged by a store.
    pub json: Box<str>,
}

/// Redacted: what people write to each other never belongs into a log.
impl fmt::Debug for ChatEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatEntry(…)")
    }
}

/// What makes an entry the same as one that is already there; unique within its room.
///
/// An entry with an id is known by it. One without is known by its content and by how many equal ones came before
/// it in the same save: the third "ok" of one save is the third "ok" of another. Saving is then nothing but
/// adding the keys that are missing, which makes it idempotent and independent of order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatKey(String);

impl ChatKey {
    /// The key of an entry with an id; `id` is the id's JSON, so that `7` and `"7"` differ.
    pub fn from_id(id: &str) -> Self {
        Self(format!("i:{id}"))
    }

    /// The key of an entry without one: `digest` of its canonical content, `occurrence` counted from 0.
    pub fn from_content(digest: &[u8; 32], occurrence: usize) -> Self {
        use fmt::Write;

        let mut key = String::with_capacity(2 + 64 + 6);
        key.push_str("c:");
        for byte in digest {
            let _ = write!(key, "{byte:02x}");
        }
        let _ = write!(key, ":{occurrence}");
        Self(key)
    }

    /// The key as a store keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Redacted: it may hold what a client chose as an id.
impl fmt::Debug for ChatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatKey(…)")
    }
}
