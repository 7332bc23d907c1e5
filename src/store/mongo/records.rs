//! The documents of records, and the operations on them.
//!
//! One document per record: `{namespace, name, json, expires, created}`, the JSON as text, `(namespace,
//! name)` unique. Every write is a single command whose filter states the expected document, so that the
//! server does it whole or not at all, without transactions, locks or clocks.
//!
//! `created` gives the order. The server stamps it with a BSON timestamp, which counts the operations within
//! each second: no two are equal, and each is after all acknowledged ones, even when another server of the
//! replica set becomes primary. Only a server without a replica set uses its machine's clock.

use std::time::SystemTime;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::Deserialize;

use super::{
    collections::RECORDS,
    database::Database,
    fault::{DUPLICATE_KEY, MongoFault},
};
use crate::core::ports::record_store::{Created, Record, RecordKey, from_millis, to_millis};

/// How often a creation retries when a conflicting record has disappeared again.
const ATTEMPTS: usize = 64;

/// The fields that are read from a document.
#[derive(Deserialize)]
struct RecordDocument {
    name: Box<str>,
    json: Box<str>,
    expires: Option<DateTime>,
}

/// Stores `record` unless an unexpired one has its key.
pub(super) async fn create(
    database: &Database,
    key: &RecordKey,
    record: &Record,
    now: SystemTime,
) -> Result<Created, MongoFault> {
    let records = database.prepared::<Document>(RECORDS).await?;
    // Updates an expired document, or else inserts one. The unique index rejects the insertion if an
    // unexpired one exists.
    let filter = filter(key, doc! { "expires": has_expired(now) });
    let stamp = doc! { "created": { "$type": "timestamp" } };
    let update = doc! { "$set": content(record), "$currentDate": stamp };
    for _ in 0..ATTEMPTS {
        match records.update_one(filter.clone(), update.clone()).upsert(true).await.map_err(MongoFault::from)
        {
            Ok(_) => return Ok(Created::Stored),
            Err(MongoFault::Refused(DUPLICATE_KEY)) => {}
            Err(fault) => return Err(fault),
        }
        if let Some(before) = get(database, key, now).await? {
            return Ok(Created::Existing(before));
        }
    }
    Err(MongoFault::Contended)
}

/// Reads the record under `key`, unless it has expired.
pub(super) async fn get(
    database: &Database,
    key: &RecordKey,
    now: SystemTime,
) -> Result<Option<Record>, MongoFault> {
    let records = database.collection::<RecordDocument>(RECORDS).await?;
    let found = records.find_one(filter(key, doc! { "expires": has_not_expired(now) })).await?;
    Ok(found.map(RecordDocument::record))
}

/// Replaces the record whose content is `expected`; returns whether there was one.
pub(super) async fn replace(
    database: &Database,
    key: &RecordKey,
    expected: &str,
    record: &Record,
    now: SystemTime,
) -> Result<bool, MongoFault> {
    let records = database.prepared::<Document>(RECORDS).await?;
    let unchanged = filter(key, doc! { "json": expected, "expires": has_not_expired(now) });
    let replaced = records.update_one(unchanged, doc! { "$set": content(record) }).await?;
    Ok(replaced.matched_count == 1)
}

/// Removes the record if its content is `expected`; returns whether it was.
pub(super) async fn remove(database: &Database, key: &RecordKey, expected: &str) -> Result<bool, MongoFault> {
    let records = database.prepared::<Document>(RECORDS).await?;
    let removed = records.delete_one(filter(key, doc! { "json": expected })).await?;
    Ok(removed.deleted_count == 1)
}

/// Lists at most `limit` unexpired records of `namespace`, oldest first.
pub(super) async fn list(
    database: &Database,
    namespace: &'static str,
    limit: usize,
    now: SystemTime,
) -> Result<Vec<(RecordKey, Record)>, MongoFault> {
    // The server reads a limit of 0 as no limit.
    if limit == 0 {
        return Ok(Vec::new());
    }
    let records = database.collection::<RecordDocument>(RECORDS).await?;
    let found = records
        .find(doc! { "namespace": namespace, "expires": has_not_expired(now) })
        .sort(doc! { "created": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .await?;
    Ok(found.map_ok(|stored| (stored.key(namespace), stored.record())).try_collect().await?)
}

/// Removes expired records.
pub(super) async fn forget_expired(database: &Database, now: SystemTime) -> Result<(), MongoFault> {
    let records = database.prepared::<Document>(RECORDS).await?;
    records.delete_many(doc! { "expires": has_expired(now) }).await?;
    Ok(())
}

impl RecordDocument {
    fn key(&self, namespace: &'static str) -> RecordKey {
        RecordKey { namespace, name: self.name.clone() }
    }

    fn record(self) -> Record {
        Record {
            json: self.json,
            expires: self.expires.map(|expires| from_millis(expires.timestamp_millis())),
        }
    }
}

/// Filters the document of `key` that also matches `rest`. Texts in a filter are always values, never
/// operators.
fn filter(key: &RecordKey, rest: Document) -> Document {
    let mut filter = doc! { "namespace": key.namespace, "name": &*key.name };
    filter.extend(rest);
    filter
}

fn content(record: &Record) -> Document {
    let expires = record.expires.map_or(Bson::Null, |expires| date(expires).into());
    doc! { "json": &*record.json, "expires": expires }
}

/// Never matches `null`, which compares with no date.
fn has_expired(now: SystemTime) -> Document {
    doc! { "$lte": date(now) }
}

fn has_not_expired(now: SystemTime) -> Document {
    doc! { "$not": has_expired(now) }
}

fn date(time: SystemTime) -> DateTime {
    DateTime::from_millis(to_millis(time))
}
