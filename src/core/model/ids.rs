//! The names things have: rooms, participants, connections, nodes, and the epoch of a seat.

use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// The longest room id and the longest name, in characters.
///
/// Long enough for every booking system's ids and every person's name; short enough that a log line,
/// an index key and a caption never grow out of hand.
pub const MAX_CHARS: usize = 128;

/// What a room is called by those who want to meet in it.
///
/// 1 to [`MAX_CHARS`] characters, trimmed, in Unicode normalisation form C, so that two people who type the
/// same id on different keyboards meet. Holds no `/` and is not `.` or `..` (it is a path segment), no control characters and no
/// invisible formatting characters. Compared as it is: case matters.
///
/// Rooms of different namespaces never meet, whatever they are called: see [`RoomId::within`].
///
/// Source: mesh document, `appointment_id`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(Arc<str>);

/// What a participant wants to be called: 1 to [`MAX_CHARS`] characters, trimmed, not unique, shown to others.
///
/// Holds no control characters and none that reorder the text around it.
///
/// Source: mesh document, `name`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a [`RoomId`] or a [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("must not be empty")]
    Empty,
    /// More than [`MAX_CHARS`] characters.
    #[error("must have at most {MAX_CHARS} characters")]
    TooLong,
    /// A control character, an invisible formatting character, or (in a room id) a `/`.
    #[error("holds a character that is not allowed")]
    Forbidden,
}

impl FromStr for RoomId {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let id = clean(text, |c| c == '/').map(Self)?;
        // In a path they mean folders.
        if matches!(id.as_str(), "." | "..") { Err(TextError::Forbidden) } else { Ok(id) }
    }
}

impl RoomId {
    /// The room called `text` among those of `namespace`, which is a word of letters and digits chosen by a door.
    ///
    /// `text` is held to the rules above, except that it may hold `/` and be `.` or `..`.
    ///
    /// # Errors
    /// As for [`RoomId`] itself.
    pub fn within(namespace: &str, text: &str) -> Result<Self, TextError> {
        debug_assert!(!namespace.is_empty() && namespace.chars().all(char::is_alphanumeric));
        let id = clean(text, |_| false)?;
        Ok(Self(format!("{namespace}/{id}").into()))
    }

    /// The room whose [`as_str`](Self::as_str) this is, with or without a namespace.
    ///
    /// # Errors
    /// As for [`RoomId`] itself.
    pub fn from_whole(text: &str) -> Result<Self, TextError> {
        let is_word = |namespace: &str| !namespace.is_empty() && namespace.chars().all(char::is_alphanumeric);
        match text.split_once('/') {
            Some((namespace, local)) if is_word(namespace) => Self::within(namespace, local),
            _ => text.parse(),
        }
    }

    /// Whether it is one of `namespace`.
    pub fn is_within(&self, namespace: &str) -> bool {
        self.0.split_once('/').is_some_and(|(own, _)| own == namespace)
    }

    /// What it is called within its namespace; [`as_str`](Self::as_str) has the namespace before it.
    pub fn local(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, local)| local)
    }
}

impl FromStr for Name {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        clean(text, |_| false).map(Self)
    }
}

fn clean(text: &str, forbidden: impl Fn(char) -> bool) -> Result<Arc<str>, TextError> {
    // Normalising can only shrink or modestly grow a text; a huge one is refused before any work is done on it.
    if text.len() > MAX_CHARS * 16 {
        return Err(TextError::TooLong);
    }
    let text = text.trim();
    // ASCII is normal already, and holds nothing invisible but control characters.
    let is_ascii = text.is_ascii();
    let text: Cow<'_, str> = if is_ascii { text.into() } else { text.nfc().collect() };
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > MAX_CHARS && text.chars().count() > MAX_CHARS {
        return Err(TextError::TooLong);
    }
    let is_forbidden = if is_ascii {
        text.bytes().any(|byte| byte.is_ascii_control() || forbidden(byte.into()))
    } else {
        text.chars().any(|c| c.is_control() || is_invisible(c) || forbidden(c))
    };
    if is_forbidden {
        return Err(TextError::Forbidden);
    }
    Ok(Arc::from(text.as_ref()))
}

/// Characters that draw nothing and make two different texts look alike, or turn the reading direction.
///
/// The zero-width joiner and non-joiner are left out: Persian, several Indic scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

macro_rules! text_accessors {
    ($type:ident) => {
        impl $type {
            /// The whole text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Redacted: room ids and names are health data and never belong into a log.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
text_accessors!(RoomId);
text_accessors!(Name);

/// Who sits in a seat: random, the server's own, safe to show to the other side, stable over reconnects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParticipantId(Uuid);

impl ParticipantId {
    /// Makes a new one from the operating system's randomness (122 bits).
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id whose [`as_bytes`](Self::as_bytes) these are.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ParticipantId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// A live transport of a participant; unique within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

impl ConnectionId {
    /// One that no other connection has; they count up.
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A process that serves rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(Uuid);

impl NodeId {
    /// Makes a new one; a process takes one when it starts.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id whose [`as_bytes`](Self::as_bytes) these are.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NodeId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Which holding of a seat something belongs to.
///
/// A seat gets a new, larger epoch whenever it is claimed or taken over. Whoever speaks with an older one has
/// been replaced: it changes nothing and hears nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_typed_differently_is_the_same_room() {
        let composed: RoomId = "caf\u{e9} 7".parse().unwrap();
        let decomposed: RoomId = "  cafe\u{301} 7\n".parse().unwrap();
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn a_room_id_that_cannot_be_one_says_why() {
        let cases = [
            ("", TextError::Empty),
            (" \t ", TextError::Empty),
            (&"x".repeat(MAX_CHARS + 1), TextError::TooLong),
            (&"x".repeat(10_000), TextError::TooLong),
            ("a/b", TextError::Forbidden),
            ("..", TextError::Forbidden),
            ("a\u{0}b", TextError::Forbidden),
            ("a\u{202e}b", TextError::Forbidden),
            ("a\u{200f}b", TextError::Forbidden),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<RoomId>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn rooms_of_different_namespaces_never_meet() {
        let here = RoomId::within("here", "a/7").unwrap();
        assert_eq!(here.local(), "a/7");
        assert_ne!(here, RoomId::within("there", "a/7").unwrap());
        assert!(here.as_str().parse::<RoomId>().is_err(), "nobody can name it from outside");
        assert_eq!("7".parse::<RoomId>().unwrap().local(), "7");
        assert!(here.is_within("here") && !here.is_within("a") && !here.is_within("her"));
        assert_eq!(RoomId::within("here", " "), Err(TextError::Empty));
        for room in [here, RoomId::within("a", "..").unwrap(), "7".parse().unwrap()] {
            assert_eq!(RoomId::from_whole(room.as_str()), Ok(room));
        }
        assert_eq!(RoomId::from_whole("/7"), Err(TextError::Forbidden));
    }

    #[test]
    fn a_name_may_hold_a_slash_and_any_script() {
        for name in ["Ann / ward 3", "נועה", "علي\u{200c}رضا", "👩\u{200d}⚕\u{fe0f}"] {
            assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn neither_shows_itself_in_a_log() {
        let room: RoomId = "ann-and-bob".parse().unwrap();
        assert_eq!(format!("{room:?}"), "RoomId(…)");
    }
}
