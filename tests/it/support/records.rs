//! Records, and instants for them.

use std::time::SystemTime;

use switchboard::core::ports::record_store::{Record, RecordKey, RecordStore, from_millis};

/// The current time of a test.
pub const NOW: i64 = 1_000_000;

/// An instant, in milliseconds after 1970.
pub fn at(millis: i64) -> SystemTime {
    from_millis(millis)
}

/// The key `name` in the namespace of most tests.
pub fn key(name: &str) -> RecordKey {
    RecordKey { namespace: "user", name: name.into() }
}

/// A record with this content that never expires.
pub fn record(json: &str) -> Record {
    Record { json: json.into(), expires: None }
}

/// A record with this content that expires at an instant, in milliseconds after 1970.
pub fn expiring(json: &str, expires: i64) -> Record {
    Record { json: json.into(), expires: Some(at(expires)) }
}

/// The content of the record `name`.
pub async fn get(store: &dyn RecordStore, name: &str) -> Option<Record> {
    store.get(&key(name), at(NOW)).await.unwrap()
}

/// The names of all records, oldest first.
pub async fn names(store: &dyn RecordStore) -> Vec<Box<str>> {
    let list = store.list("user", usize::MAX, at(NOW)).await.unwrap();
    list.into_iter().map(|(key, _)| key.name).collect()
}
