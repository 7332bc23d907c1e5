//! What options are made of: secrets and times.

use std::{fmt, str::FromStr, time::Duration};

use sha2::{Digest, Sha256};

/// Text that must not be shown. Empty when it is not set.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, if it is set.
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Whether it is set, and `offered` is it. Takes the same time for every wrong text of a length.
    pub fn is(&self, offered: &str) -> bool {
        // What the comparison takes tells something about digests only, which nobody can choose.
        self.reveal().is_some_and(|secret| Sha256::digest(secret) == Sha256::digest(offered))
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(not set)" } else { "Secret(…)" })
    }
}

/// The fewest characters of a secret that others could guess at: 128 bits, if each holds eight.
const MIN_SECRET_CHARS: usize = 16;

/// A secret that cannot be guessed, or none.
///
/// # Errors
/// It is too short.
pub fn long_secret(text: &str) -> Result<Secret, String> {
    let Ok(secret) = text.parse::<Secret>();
    match secret.reveal() {
        Some(text) if text.chars().count() < MIN_SECRET_CHARS => {
            Err(format!("must have {MIN_SECRET_CHARS} characters or more"))
        }
        _ => Ok(secret),
    }
}

/// A time of more than nothing, as people write it.
///
/// # Errors
/// What is wrong, for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration =
        humantime::parse_duration(text).map_err(|_| "a time is like 30s, 500ms or 2m".to_owned())?;
    if duration.is_zero() { Err("must be longer than nothing".into()) } else { Ok(duration) }
}

/// A time that is told in whole seconds.
///
/// # Errors
/// What is wrong, for people.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.as_secs() == 0 { Err("must be at least 1s".into()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_not_set_is_nobodys() {
        let secret: Secret = " sesame ".parse().unwrap();
        assert!(secret.is("sesame") && !secret.is("Sesame") && !secret.is(""));
        assert!(!"".parse::<Secret>().unwrap().is(""));
    }
}
