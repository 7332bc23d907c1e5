//! The secret by which a browser proves its name. The server stores only a digest of it.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// 256 random bits, as 43 characters of base64url.
#[derive(Clone)]
pub struct NameSession(String);

/// The text is not a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSession;

impl NameSession {
    /// Creates a session from the operating system's randomness.
    pub fn random() -> Self {
        let mut random = [0; BYTES];
        getrandom::fill(&mut random).expect("the operating system has randomness");
        Self(BASE64_URL_SAFE_NO_PAD.encode(random))
    }

    /// The secret itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stored form: SHA-256 in base64url. Neither a reader of the records nor the timing of comparisons
    /// reveals the secret.
    pub fn digest(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0))
    }
}

impl FromStr for NameSession {
    type Err = NoSession;

    fn from_str(text: &str) -> Result<Self, NoSession> {
        match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == BYTES => Ok(Self(text.to_owned())),
            _ => Err(NoSession),
        }
    }
}

/// Redacted: the secret proves the user.
impl fmt::Debug for NameSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameSession(…)")
    }
}
