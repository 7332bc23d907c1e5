//! The secret by which a browser proves who it is: random, and kept here only as a digest.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const BYTES: usize = 32;

/// 256 random bits, as 43 characters of base64url.
#[derive(Clone)]
pub struct Session(String);

/// The text cannot be a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSession;

impl Session {
    /// Makes a new one from the operating system's randomness.
    pub fn random() -> Self {
        let mut random = [0; BYTES];
        getrandom::fill(&mut random).expect("the operating system has randomness");
        Self(BASE64_URL_SAFE_NO_PAD.encode(random))
    }

    /// The secret itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it: its SHA-256, in base64url. Nobody finds the secret from it, so neither whoever reads the
    /// records nor whoever times comparisons learns one.
    pub fn digest(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0))
    }
}

impl FromStr for Session {
    type Err = NoSession;

    fn from_str(text: &str) -> Result<Self, NoSession> {
        match BASE64_URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == BYTES => Ok(Self(text.to_owned())),
            _ => Err(NoSession),
        }
    }
}

/// Redacted: whoever has it is its user.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}
