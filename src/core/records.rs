//! What doors need kept besides chats: small records under names, such as who registered and what was claimed.

use std::{fmt, time::SystemTime};

use async_trait::async_trait;

use super::error::Unavailable;

/// The longest name of a record, in bytes.
pub const MAX_RECORD_NAME_BYTES: usize = 1024;

/// The most bytes of one record's content.
pub const MAX_RECORD_BYTES: usize = 16 * 1024;

/// Names a record: unique within its namespace, which its door chose.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// Which kind of record it is: a word.
    pub namespace: &'static str,
    /// Which one of them, of at most [`MAX_RECORD_NAME_BYTES`]; compared byte by byte.
    pub name: Box<str>,
}

/// What is kept under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// JSON of at most [`MAX_RECORD_BYTES`], kept as it came.
    pub json: Box<str>,
    /// From when on it is as if it were not there; `None`: it stays until it is removed. Kept to the millisecond,
    /// rounded down.
    pub expires: Option<SystemTime>,
}

/// Redacted: people's names are in there.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKey({}/…)", self.namespace)
    }
}

/// Redacted, as its key is.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record(…)")
    }
}

/// What became of a record that was to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is stored.
    Now,
    /// One of its name was there before, and is left as it is.
    Before(Record),
}

/// Keeps records. Every implementation passes the same contract suite (`tests/it/record_contract.rs`).
///
/// Each method is one atomic step. What it returns `Ok` for is durable, as in
/// [`ChatStore::save`](super::store::ChatStore::save); all answer within two seconds. `now` decides what has
/// expired, so that all nodes agree as far as their clocks do. All methods may be dropped at any point; the step
/// may or may not have happened then, and after [`Unavailable`].
#[async_trait]
pub trait RecordStore: Send + Sync + 'static {
    /// Stores `record` unless its name is taken by one that has not expired.
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable>;

    /// What is kept under `key`, unless it has expired.
    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable>;

    /// Puts `record` in the place of one whose content still is `expected`. `false`, with nothing changed, if that
    /// is not so, or if it has expired.
    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable>;

    /// Removes the record whose content still is `expected`. `false`, with nothing changed, if that is not so.
    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable>;

    /// At most `limit` records of `namespace` that have not expired, oldest first.
    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable>;

    /// Forgets what has expired. To be called now and then.
    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable>;
}
