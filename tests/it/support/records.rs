//! Records to keep, and times to keep them at.

use std::time::SystemTime;

use switchboard::core::ports::record_store::{Record, RecordKey, RecordStore, from_millis};

/// The time it is, unless a test says otherwise.
pub const NOW: i64 = 1_000_000;

/// So many milliseconds after 1970.
pub fn at(millis: i64) -> SystemTime {
    from_millis(millis)
}

/// The record called `name` in the namespace that most tests use.
pub fn key(name: &str) -> RecordKey {
    RecordKey { namespace: "user", name: name.into() }
}

/// One with this content, which stays.
pub fn record(json: &str) -> Record {
    Record { json: json.into(), expires: None }
}

/// One with this content, which expires so many milliseconds after 1970.
pub fn expiring(json: &str, expires: i64) -> Record {
    Record { json: json.into(), expires: Some(at(expires)) }
}

/// What is kept under `name`.
pub async fn get(store: &dyn RecordStore, name: &str) -> Option<Record> {
    store.get(&key(name), at(NOW)).await.unwrap()
}

/// The names of all records, oldest first.
pub async fn names(store: &dyn RecordStore) -> Vec<Box<str>> {
    let list = store.list("user", usize::MAX, at(NOW)).await.unwrap();
    list.into_iter().map(|(key, _)| key.name).collect()
}
