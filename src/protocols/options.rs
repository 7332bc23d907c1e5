//! Value types of options: secrets and times.

use std::{fmt, str::FromStr, time::Duration};

use sha2::{Digest, Sha256};

/// Text that must not be printed. Empty when the option is not set.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, if the option is set.
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Whether the secret is set and equals `offered`. Runs in constant time for texts of one length.
    pub fn is(&self, offered: &str) -> bool {
        // The time of the comparison reveals digests only, which a client cannot choose.
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

/// The fewest characters of a secret that clients could guess: 128 bits at eight bits each.
const MIN_SECRET_CHARS: usize = 16;

/// Parses a secret that cannot be guessed; empty for none.
///
/// # Errors
/// The secret is too short.
pub fn long_secret(text: &str) -> Result<Secret, String> {
    let Ok(secret) = text.parse::<Secret>();
    match secret.reveal() {
        Some(text) if text.chars().count() < MIN_SECRET_CHARS => {
            Err(format!("must have {MIN_SECRET_CHARS} characters or more"))
        }
        _ => Ok(secret),
    }
}

/// Parses a time of more than zero, such as `30s` or `500ms`.
///
/// # Errors
/// A message for the administrator.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration =
        humantime::parse_duration(text).map_err(|_| "a time is like 30s, 500ms or 2m".to_owned())?;
    if duration.is_zero() { Err("must be longer than nothing".into()) } else { Ok(duration) }
}

/// Parses a time of at least one second, for values that the protocol has in whole seconds.
///
/// # Errors
/// A message for the administrator.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.as_secs() == 0 { Err("must be at least 1s".into()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_secret_matches_no_text() {
        let secret: Secret = " sesame ".parse().unwrap();
        assert!(secret.is("sesame") && !secret.is("Sesame") && !secret.is(""));
        assert!(!"".parse::<Secret>().unwrap().is(""));
    }
}
