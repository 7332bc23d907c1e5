//! The documents, and what a save, a history and a look-up are.
//!
//! One document per entry: `{room, seq, key, json}`, the JSON as text. A room's entries are numbered from 1; both
//! `(room, seq)` and `(room, key)` are unique. So appending is a compare-and-swap: whoever writes the next number
//! first wins, whoever comes second looks again. That keeps the order without clocks, transactions or locks, on a
//! single server as well as on a replica set.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use mongodb::{
    Collection, IndexModel,
    bson::doc,
    error::{Error as DriverError, ErrorKind},
};
use serde::{Deserialize, Serialize};

use super::{
    database::{Database, unique},
    fault::{DUPLICATE_KEY, Fault},
};
use crate::core::{
    chat::{ChatEntry, ChatKey, MAX_ENTRIES, MAX_HISTORY_BYTES},
    ids::RoomId,
};

/// Where the documents are.
pub(super) const COLLECTION: &str = "messages";

/// How often a save gives way to others before it gives up. Each time, another save has made progress.
const ATTEMPTS: usize = 64;

/// What a save came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So many entries were new; all are durable.
    Added(usize),
    /// The room's history is at its limit; nothing was stored.
    Full,
}

/// One entry, as it is stored.
#[derive(Serialize)]
struct Message<'a> {
    room: &'a str,
    seq: i64,
    key: &'a str,
    json: &'a str,
}

/// What is read of one.
#[derive(Deserialize)]
struct Text {
    json: Box<str>,
}

/// What keeps entries apart.
pub(super) fn indexes() -> Vec<IndexModel> {
    vec![unique(doc! { "room": 1, "seq": 1 }), unique(doc! { "room": 1, "key": 1 })]
}

/// Adds those of `entries` whose keys `room` does not have.
pub(super) async fn save(
    database: &Database,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Outcome, Fault> {
    let messages = database.prepared::<Message<'_>>(COLLECTION).await?;
    let mut added = 0;
    for _ in 0..ATTEMPTS {
        let held = Held::read(&messages, room).await?;
        let missing = held.missing(entries);
        // Once a part is stored, the rest follows: a save is refused as a whole or not at all.
        if added == 0 && held.overflows_with(&missing) {
            return Ok(Outcome::Full);
        }
        match append(&messages, room, held.last, &missing).await? {
            Appended::All => return Ok(Outcome::Added(added + missing.len())),
            Appended::Before(conflict) => added += conflict,
        }
    }
    Err(Fault::Contended)
}

/// The JSON of all entries of `room`, oldest first.
pub(super) async fn history(database: &Database, room: &RoomId) -> Result<Vec<Box<str>>, Fault> {
    let texts = database.collection::<Text>(COLLECTION).await?;
    let found = texts
        .find(doc! { "room": room.as_str() })
        .sort(doc! { "seq": 1 })
        .projection(doc! { "_id": 0, "json": 1 })
        .await?;
    Ok(found.map_ok(|text| text.json).try_collect().await?)
}

/// The JSON of one entry of `room`.
pub(super) async fn find(
    database: &Database,
    room: &RoomId,
    key: &ChatKey,
) -> Result<Option<Box<str>>, Fault> {
    let texts = database.collection::<Text>(COLLECTION).await?;
    let found = texts.find_one(doc! { "room": room.as_str(), "key": key.as_str() }).await?;
    Ok(found.map(|text| text.json))
}

/// How far an append came.
enum Appended {
    /// Everything is stored.
    All,
    /// So many entries are stored; before the next, somebody else wrote one of the same number or the same key.
    Before(usize),
}

/// Stores `entries` under the numbers after `last`, in their order, until one of them is taken.
async fn append(
    messages: &Collection<Message<'_>>,
    room: &RoomId,
    last: i64,
    entries: &[&ChatEntry],
) -> Result<Appended, Fault> {
    if entries.is_empty() {
        return Ok(Appended::All);
    }
    let numbered = entries.iter().zip(last + 1..);
    let documents = numbered.map(|(entry, seq)| Message {
        room: room.as_str(),
        seq,
        key: entry.key.as_str(),
        json: &entry.json,
    });
    match messages.insert_many(documents).ordered(true).await {
        Ok(_) => Ok(Appended::All),
        Err(error) => conflict(&error).map(Appended::Before).ok_or_else(|| error.into()),
    }
}

/// The position of the entry that was there already, if that alone is what went wrong.
///
/// The server says so only once a majority has what was in the way, so the next look will see it.
fn conflict(error: &DriverError) -> Option<usize> {
    match &*error.kind {
        ErrorKind::InsertMany(error) if error.write_concern_error.is_none() => {
            match error.write_errors.as_deref() {
                Some([only]) if only.code == DUPLICATE_KEY => Some(only.index),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a room holds, as far as a majority has it.
#[derive(Default, Deserialize)]
struct Held {
    entries: usize,
    bytes: usize,
    last: i64,
    keys: HashSet<String>,
}

impl Held {
    async fn read(messages: &Collection<Message<'_>>, room: &RoomId) -> Result<Self, Fault> {
        let tally = [
            doc! { "$match": { "room": room.as_str() } },
            doc! { "$group": {
                "_id": null,
                "entries": { "$sum": 1 },
                "bytes": { "$sum": { "$strLenBytes": "$json" } },
                "last": { "$max": "$seq" },
                "keys": { "$push": "$key" },
            } },
        ];
        let mut found = messages.aggregate(tally).with_type::<Self>().await?;
        Ok(found.try_next().await?.unwrap_or_default())
    }

    /// The entries whose keys are not there, each key once, in their order.
    fn missing<'a>(&self, entries: &'a [ChatEntry]) -> Vec<&'a ChatEntry> {
        let mut seen = HashSet::with_capacity(entries.len());
        let new = |entry: &&'a ChatEntry| seen.insert(&entry.key) && !self.keys.contains(entry.key.as_str());
        entries.iter().filter(new).collect()
    }

    fn overflows_with(&self, missing: &[&ChatEntry]) -> bool {
        let bytes: usize = missing.iter().map(|entry| entry.json.len()).sum();
        !missing.is_empty()
            && (self.entries + missing.len() > MAX_ENTRIES || self.bytes + bytes > MAX_HISTORY_BYTES)
    }
}
