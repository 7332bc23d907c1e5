//! Names of the users of the direct door.

use std::str::FromStr;

use thiserror::Error;

use super::NAMESPACE;
use crate::core::model::ids::{Name, RoomId, TextError};

/// The longest name, in characters.
pub const MAX_USERNAME_CHARS: usize = 64;

/// Name of a registered user: 1 to [`MAX_USERNAME_CHARS`] characters, trimmed, in Unicode normalisation form
/// C, case sensitive.
///
/// Contains no control or invisible characters, and none that end the value of a cookie: `;`, `,`, `"`, `\`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(Name);

/// Why a text is not a [`Username`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UsernameError {
    /// Nothing is left after trimming.
    #[error("username cannot be empty")]
    Empty,
    /// More than [`MAX_USERNAME_CHARS`] characters.
    #[error("username must have at most {MAX_USERNAME_CHARS} characters")]
    TooLong,
    /// A character that ends the value of a cookie, or is invisible.
    #[error("username holds a character that is not allowed")]
    Forbidden,
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, UsernameError> {
        let name: Name = text.parse().map_err(|error| match error {
            TextError::Empty => UsernameError::Empty,
            TextError::TooLong => UsernameError::TooLong,
            TextError::Forbidden => UsernameError::Forbidden,
        })?;
        if name.as_str().contains([';', ',', '"', '\\']) {
            return Err(UsernameError::Forbidden);
        }
        if name.as_str().chars().count() > MAX_USERNAME_CHARS {
            return Err(UsernameError::TooLong);
        }
        Ok(Self(name))
    }
}

impl Username {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as a name of the core.
    pub fn name(&self) -> &Name {
        &self.0
    }

    /// The room with one seat, which only the user of this name takes.
    pub fn room(&self) -> RoomId {
        RoomId::within(NAMESPACE, self.as_str()).expect("a name is shorter and holds less than a room id may")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Username, UsernameError> {
        text.parse()
    }

    #[test]
    fn names_may_use_any_script() {
        for (typed, name) in [
            ("ann", "ann"),
            (" Ann Lee ", "Ann Lee"),
            ("Zoe\u{308}", "Zo\u{eb}"),
            ("נועה", "נועה"),
            ("a/b=c%", "a/b=c%"),
            (".", "."),
            (&"é".repeat(64), &"é".repeat(64)),
        ] {
            let username = parse(typed).unwrap();
            assert_eq!(username.as_str(), name);
            assert_eq!(username.room().local(), name);
        }
    }

    #[test]
    fn cookie_delimiters_and_invisible_characters_are_refused() {
        for (text, error) in [
            ("", UsernameError::Empty),
            (" \t", UsernameError::Empty),
            (&"x".repeat(65), UsernameError::TooLong),
            (&"x".repeat(100_000), UsernameError::TooLong),
            ("a;b", UsernameError::Forbidden),
            ("a,b", UsernameError::Forbidden),
            ("a\"b", UsernameError::Forbidden),
            ("a\\b", UsernameError::Forbidden),
            ("a\nb", UsernameError::Forbidden),
            ("a\u{200b}b", UsernameError::Forbidden),
            ("a\u{202e}b", UsernameError::Forbidden),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }
}
