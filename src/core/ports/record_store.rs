//! What doors need kept besides chats: small records under names, such as who registered and what was claimed.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;

use crate::core::model::error::Unavailable;

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

impl Record {
    /// Whether, at `now`, it is as if it were not there.
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| to_millis(expires) <= to_millis(now))
    }
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

/// Keeps records. Every implementation passes the same contract suite (`tests/it/store/record_contract/`).
///
/// Each method is one atomic step. What it returns `Ok` for is durable, as in
/// [`ChatStore::save`](super::chat_store::ChatStore::save); all answer within two seconds. `now` decides what has
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

    /// Removes the record whose content still is `expected`. `false`, with nothing changed, if that is not so. One
    /// that has expired may be there still, or may have been forgotten.
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

/// `time` as stores keep it: whole milliseconds since 1970, rounded down.
pub fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(earlier) => {
            let before = earlier.duration().as_nanos().div_ceil(1_000_000);
            i64::try_from(before).map_or(i64::MIN, |before| -before)
        }
    }
}

/// The time that a store has kept as `millis`.
pub fn from_millis(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_kept_to_the_millisecond_rounded_down() {
        let nanos = Duration::from_nanos;
        for (time, millis) in [
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH + nanos(999_999), 0),
            (UNIX_EPOCH + nanos(1_000_000), 1),
            (UNIX_EPOCH - nanos(1), -1),
            (UNIX_EPOCH - nanos(1_000_000), -1),
            (UNIX_EPOCH - nanos(1_000_001), -2),
        ] {
            assert_eq!(to_millis(time), millis, "{time:?}");
            assert_eq!(to_millis(from_millis(millis)), millis);
        }
    }

    #[test]
    fn a_record_has_expired_from_its_instant_on() {
        let expires =
            |nanos| Record { json: "1".into(), expires: Some(UNIX_EPOCH + Duration::from_nanos(nanos)) };
        let now = UNIX_EPOCH + Duration::from_millis(5);
        assert!(expires(5_000_000).has_expired(now));
        assert!(expires(5_000_001).has_expired(now), "it is kept rounded down");
        assert!(!expires(6_000_000).has_expired(now));
        assert!(!Record { json: "1".into(), expires: None }.has_expired(now));
    }
}
