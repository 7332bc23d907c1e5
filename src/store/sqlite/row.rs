//! What can be wrong with a row, and the checksum that tells whether it is as it was written.

use rusqlite::Row;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How much of a SHA-256 is kept: chance has to be told from content, not a forger.
const CHECKSUM_BYTES: usize = 16;

/// Why rows could not be written or read.
#[derive(Debug, Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored row is not what was written")]
    Damaged,
}

/// The checksum of a row, made of its parts in their order.
pub(super) struct Checksum(Sha256);

impl Checksum {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.update(number.to_le_bytes());
        self
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    /// What is written beside the parts.
    pub(super) fn finish(self) -> [u8; CHECKSUM_BYTES] {
        let digest: [u8; 32] = self.0.finalize().into();
        *digest.first_chunk().expect("invariant: a digest is longer than its beginning")
    }

    /// Whether this is what `row` has in its column `checksum`.
    pub(super) fn verify(self, row: &Row<'_>) -> Result<(), RowError> {
        let written: [u8; CHECKSUM_BYTES] = row.get("checksum").map_err(|_| RowError::Damaged)?;
        if self.finish() == written { Ok(()) } else { Err(RowError::Damaged) }
    }
}

/// The text in `column`. One that is not UTF-8 any more is damage like any other.
pub(super) fn text<'a>(row: &'a Row<'_>, column: &str) -> Result<&'a str, RowError> {
    row.get_ref(column)?.as_str().map_err(|_| RowError::Damaged)
}

/// The text in `column`, if there is one.
pub(super) fn optional_text<'a>(row: &'a Row<'_>, column: &str) -> Result<Option<&'a str>, RowError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| RowError::Damaged)
}
