//! Port to the record store: small named records of doors, such as registrations.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;

use crate::core::model::error::Unavailable;

/// Longest name of a record, in bytes.
pub const MAX_RECORD_NAME_BYTES: usize = 1024;

/// Largest content of a record, in bytes.
pub const MAX_RECORD_BYTES: usize = 16 * 1024;

/// Key of a record: a name within a namespace of its door.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// The kind of record: a word.
    pub namespace: &'static str,
    /// Unique in the namespace; at most [`MAX_RECORD_NAME_BYTES`], compared byte by byte.
    pub name: Box<str>,
}

/// The value of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// JSON of at most [`MAX_RECORD_BYTES`], stored as received.
    pub json: Box<str>,
    /// When the record expires; `None`: never. Stored in milliseconds, rounded down.
    pub expires: Option<SystemTime>,
}

impl Record {
    /// True if the record has expired at `now`.
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| to_millis(expires) <= to_millis(now))
    }
}

/// Redacted: the name contains personal data.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKey({}/…)", self.namespace)
    }
}

/// Redacted: the content contains personal data.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record(…)")
    }
}

/// Outcome of creating a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The record is stored.
    Stored,
    /// A record with this key exists, and stays unchanged.
    Existing(Record),
}

/// Stores records of doors.
///
/// Every implementation passes the same contract suite (`tests/it/store/record_contract/`).
///
/// Each method is one atomic step and answers within two seconds. After `Ok` the step is durable, as in
/// [`ChatStore::save`](super::chat_store::ChatStore::save). Records expire by the `now` of the caller.
/// Methods may be dropped at any point; then, and after [`Unavailable`], the step may or may not have
/// happened.
#[async_trait]
pub trait RecordStore: Send + Sync + 'static {
    /// Stores `record`, unless the key has a record that has not expired.
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable>;

    /// The record of `key`, unless it has expired.
    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable>;

    /// Replaces a record whose content is `expected`.
    ///
    /// Returns `false` and changes nothing if the content is another, or if the record is missing or has
    /// expired.
    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable>;

    /// Removes a record whose content is `expected`.
    ///
    /// Returns `false` and changes nothing if the content is another. An expired record may still exist, or
    /// be removed already.
    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable>;

    /// At most `limit` records of `namespace` that have not expired, oldest first.
    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable>;

    /// Removes expired records. The process calls it regularly.
    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable>;
}

/// Converts a time to stored form: whole milliseconds since 1970, rounded down.
pub fn to_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(earlier) => {
            let before = earlier.duration().as_nanos().div_ceil(1_000_000);
            i64::try_from(before).map_or(i64::MIN, |before| -before)
        }
    }
}

/// Converts a time from stored form.
pub fn from_millis(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_stored_in_milliseconds_rounded_down() {
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
    fn a_record_expires_at_its_stored_time() {
        let expires =
            |nanos| Record { json: "1".into(), expires: Some(UNIX_EPOCH + Duration::from_nanos(nanos)) };
        let now = UNIX_EPOCH + Duration::from_millis(5);
        assert!(expires(5_000_000).has_expired(now));
        assert!(expires(5_000_001).has_expired(now), "stored times are rounded down");
        assert!(!expires(6_000_000).has_expired(now));
        assert!(!Record { json: "1".into(), expires: None }.has_expired(now));
    }
}
