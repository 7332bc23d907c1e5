//! The documents, and what a save, a history and a look-up are.
//!
//! One document per entry: `{room, seq, key, json, bytes}`, the JSON as text, and how many bytes of JSON the room has
//! up to it. A room's entries are numbered from 1; both `(room, seq)` and `(room, key)` are unique. So appending is a
//! compare-and-swap: whoever writes the next number first wins, whoever comes second looks again. That keeps the order
//! without clocks, transactions or locks, on a single server as well as on a replica set. Nothing that is done to save
//! takes longer in a long history than in a short one.

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
    ends::{End, Known},
    fault::{DUPLICATE_KEY, Fault},
};
use crate::core::{
    chat::{ChatEntry, ChatKey},
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
    bytes: i64,
}

/// What is read of one.
#[derive(Deserialize)]
struct Text {
    json: Box<str>,
}

/// What is read of one to know it again.
#[derive(Deserialize)]
struct Key {
    key: String,
}

/// What keeps entries apart.
pub(super) fn indexes() -> Vec<IndexModel> {
    vec![unique(doc! { "room": 1, "seq": 1 }), unique(doc! { "room": 1, "key": 1 })]
}

/// Adds those of `entries` whose keys `room` does not have; `known` is its own while it does.
pub(super) async fn save(
    database: &Database,
    mut known: Known,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Outcome, Fault> {
    let messages = database.prepared::<Message<'_>>(COLLECTION).await?;
    // What is said live is new nearly always. If it is not, or somebody else wrote, nothing is written.
    if let ([entry], Some(end)) = (entries, known.take())
        && end.plus(entry).is_within_limits()
        && let Appended::All(end) = append(&messages, room, end, &[entry]).await?
    {
        *known = Some(end);
        return Ok(Outcome::Added(1));
    }
    let mut added = 0;
    for _ in 0..ATTEMPTS {
        let end = end(database, room).await?;
        let missing = missing(database, room, entries).await?;
        let grown = missing.iter().fold(end, |end, entry| end.plus(entry));
        // Once a part is stored, the rest follows: a save is refused as a whole or not at all.
        if added == 0 && !missing.is_empty() && !grown.is_within_limits() {
            return Ok(Outcome::Full);
        }
        match append(&messages, room, end, &missing).await? {
            Appended::All(end) => {
                *known = Some(end);
                return Ok(Outcome::Added(added + missing.len()));
            }
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

/// Where the history of `room` ends, as far as a majority has it.
async fn end(database: &Database, room: &RoomId) -> Result<End, Fault> {
    let ends = database.collection::<End>(COLLECTION).await?;
    let last = ends
        .find_one(doc! { "room": room.as_str() })
        .sort(doc! { "seq": -1 })
        .projection(doc! { "_id": 0, "seq": 1, "bytes": 1 })
        .await?;
    Ok(last.unwrap_or_default())
}

/// The entries whose keys `room` does not have, each key once, in their order.
async fn missing<'a>(
    database: &Database,
    room: &RoomId,
    entries: &'a [ChatEntry],
) -> Result<Vec<&'a ChatEntry>, Fault> {
    let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let found = database
        .collection::<Key>(COLLECTION)
        .await?
        .find(doc! { "room": room.as_str(), "key": { "$in": keys } })
        .projection(doc! { "_id": 0, "key": 1 })
        .await?;
    let mut seen: HashSet<String> = found.map_ok(|found| found.key).try_collect().await?;
    Ok(entries.iter().filter(|entry| seen.insert(entry.key.as_str().to_owned())).collect())
}

/// How far an append came.
enum Appended {
    /// Everything is stored, and the history ends here.
    All(End),
    /// So many entries are stored; before the next, somebody else wrote one of the same number or the same key.
    Before(usize),
}

/// Stores `entries` after `end`, in their order, until one of them is taken.
async fn append(
    messages: &Collection<Message<'_>>,
    room: &RoomId,
    mut end: End,
    entries: &[&ChatEntry],
) -> Result<Appended, Fault> {
    if entries.is_empty() {
        return Ok(Appended::All(end));
    }
    let documents: Vec<_> = entries
        .iter()
        .map(|entry| {
            end = end.plus(entry);
            Message {
                room: room.as_str(),
                seq: end.last,
                key: entry.key.as_str(),
                json: &entry.json,
                bytes: end.bytes,
            }
        })
        .collect();
    match messages.insert_many(documents).ordered(true).await {
        Ok(_) => Ok(Appended::All(end)),
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
