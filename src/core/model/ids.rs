//! Identifiers and names: rooms, participants, connections, nodes, and fencing epochs.

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
/// Long enough for the ids of booking systems and for names of people; short enough for log lines, index keys
/// and captions.
pub const MAX_CHARS: usize = 128;

/// The id of a room, chosen by its clients.
///
/// 1 to [`MAX_CHARS`] characters, trimmed, in Unicode normalisation form C, so that ids typed on different
/// keyboards are equal. Contains no control characters and no invisible formatting characters. It is a path
/// segment: it contains no `/` and is not `.` or `..`. Case matters.
///
/// Rooms of different namespaces are different rooms: see [`RoomId::within`].
///
/// Source: mesh document, `appointment_id`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(Arc<str>);

/// A participant's display name: 1 to [`MAX_CHARS`] characters, trimmed, not unique.
///
/// Contains no control characters and none that reorder the text around it.
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
        // In a path, these are folders.
        if matches!(id.as_str(), "." | "..") { Err(TextError::Forbidden) } else { Ok(id) }
    }
}

impl RoomId {
    /// The room `text` in `namespace`, which is a word of letters and digits chosen by a door.
    ///
    /// `text` follows the rules of [`RoomId`], except that it may contain `/` and be `.` or `..`.
    ///
    /// # Errors
    /// As for [`RoomId`] itself.
    pub fn within(namespace: &str, text: &str) -> Result<Self, TextError> {
        debug_assert!(!namespace.is_empty() && namespace.chars().all(char::is_alphanumeric));
        let id = clean(text, |_| false)?;
        Ok(Self(format!("{namespace}/{id}").into()))
    }

    /// Parses the result of [`as_str`](Self::as_str), with or without a namespace.
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

    /// True if the room is in `namespace`.
    pub fn is_within(&self, namespace: &str) -> bool {
        self.0.split_once('/').is_some_and(|(own, _)| own == namespace)
    }

    /// The id without its namespace.
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
    // Normalisation shrinks a text or grows it modestly: a huge one is refused before the work.
    if text.len() > MAX_CHARS * 16 {
        return Err(TextError::TooLong);
    }
    let text = text.trim();
    // ASCII is in normal form, and its only invisible characters are control characters.
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

/// True for characters that are invisible, or that change the reading direction.
///
/// The zero-width joiner and non-joiner are allowed: Persian, several Indic scripts and emoji need them.
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

        /// Redacted: room ids and names are health data, which must not be logged.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
text_accessors!(RoomId);
text_accessors!(Name);

macro_rules! random_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Uuid);

        impl $type {
            /// Makes a new id from 122 bits of the operating system's randomness.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The id with these [bytes](Self::as_bytes).
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The sixteen bytes of the id.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $type {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}
random_id! {
    /// The id of a participant. Random, made by the server, stable over reconnects; other participants may
    /// see it.
    ParticipantId
}
random_id! {
    /// The id of a node: a process that serves rooms. Random, made once per process.
    NodeId
}

/// The id of a connection, unique within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

impl ConnectionId {
    /// Makes the next id, counting up.
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Fencing epoch: orders the claims of one seat.
///
/// Every claim and takeover gets a larger epoch. Changes with an older one are rejected, and its connections
/// get no events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ids_are_compared_in_normal_form() {
        let composed: RoomId = "caf\u{e9} 7".parse().unwrap();
        let decomposed: RoomId = "  cafe\u{301} 7\n".parse().unwrap();
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn invalid_room_ids_are_refused_with_a_cause() {
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
    fn namespaces_separate_rooms() {
        let room = RoomId::within("red", "a/7").unwrap();
        assert_eq!(room.local(), "a/7");
        assert_ne!(room, RoomId::within("blue", "a/7").unwrap());
        assert!(room.as_str().parse::<RoomId>().is_err(), "clients cannot name rooms of a namespace");
        assert_eq!("7".parse::<RoomId>().unwrap().local(), "7");
        assert!(room.is_within("red") && !room.is_within("a") && !room.is_within("re"));
        assert_eq!(RoomId::within("red", " "), Err(TextError::Empty));
        for room in [room, RoomId::within("a", "..").unwrap(), "7".parse().unwrap()] {
            assert_eq!(RoomId::from_whole(room.as_str()), Ok(room));
        }
        assert_eq!(RoomId::from_whole("/7"), Err(TextError::Forbidden));
    }

    #[test]
    fn names_may_contain_a_slash_and_any_script() {
        for name in ["Ann / ward 3", "נועה", "علي\u{200c}رضا", "👩\u{200d}⚕\u{fe0f}"] {
            assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn debug_output_of_a_room_id_is_redacted() {
        let room: RoomId = "ann-and-bob".parse().unwrap();
        assert_eq!(format!("{room:?}"), "RoomId(…)");
    }
}
