//! The checksum that detects damaged rows, and errors of rows.

use rusqlite::Row;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Stored bytes of the SHA-256: enough to detect chance damage; forgery is not a concern.
const CHECKSUM_BYTES: usize = 16;

/// Why rows could not be written or read.
#[derive(Debug, Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the checksum of a stored row does not match")]
    Damaged,
}

/// The checksum of a row, over its parts in order.
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

    /// The bytes that are stored with the row.
    pub(super) fn finish(self) -> [u8; CHECKSUM_BYTES] {
        let digest: [u8; 32] = self.0.finalize().into();
        *digest.first_chunk().expect("invariant: a digest is longer than its beginning")
    }

    /// Compares with the column `checksum` of `row`; a difference is damage.
    pub(super) fn verify(self, row: &Row<'_>) -> Result<(), RowError> {
        let written: [u8; CHECKSUM_BYTES] = row.get("checksum").map_err(|_| RowError::Damaged)?;
        if self.finish() == written { Ok(()) } else { Err(RowError::Damaged) }
    }
}

/// Reads the text in `column`. Invalid UTF-8 is damage.
pub(super) fn text<'a>(row: &'a Row<'_>, column: &str) -> Result<&'a str, RowError> {
    row.get_ref(column)?.as_str().map_err(|_| RowError::Damaged)
}

/// Reads the text in `column`, if it is not null.
pub(super) fn optional_text<'a>(row: &'a Row<'_>, column: &str) -> Result<Option<&'a str>, RowError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| RowError::Damaged)
}
