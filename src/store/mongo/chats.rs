//! Messages, saves and histories in MongoDB.
//!
//! One document per row: `{room, seq, key, content?, entry?, message?, items?, json, tally}`, with the JSON
//! as text and the tally of the room's log up to it. Rows are numbered from 1 in each room; `(room, seq)` and
//! `(room, key)` are unique. So adding rows is a compare-and-swap: the node that writes the next number first
//! succeeds, and the other plans again. That keeps the order without clocks, transactions or locks, on a
//! single server and on a replica set. The time of a save does not depend on the length of the history.

use futures_util::TryStreamExt;
use mongodb::{
    Collection,
    bson::{Document, doc},
    error::{Error as DriverError, ErrorKind},
    options::Hint,
};
use serde::Deserialize;

use super::{
    collections::{CHATS, later_keys},
    database::Database,
    document::{LastDocument, MessageDocument, ReadDocument, served, signed, unsigned},
    fault::{DUPLICATE_KEY, MongoFault},
    known_tallies::KnownTally,
    rekeying,
};
use crate::core::{
    model::{
        chat::{
            Addition, Array, ChatEntry, Fold, HistoryFull, HistoryLimits, Known, Later, LiveMessage,
            PlanStep, Present, Question, Row, StoredRow, Tally, plan_replace, plan_save,
        },
        ids::RoomId,
    },
    ports::chat_store::Appended,
};

/// How often a save retries after a conflict before it fails. With each conflict another save has made
/// progress.
const ATTEMPTS: usize = 64;

/// Appends `message` to `room`, unless its key exists. `known` stays locked for this save.
pub(super) async fn append(
    database: &Database,
    mut known: KnownTally,
    room: &RoomId,
    message: &LiveMessage,
) -> Result<Result<Appended, HistoryFull>, MongoFault> {
    let messages = database.ready_for_chats().await?;
    // Nearly every live message is new. If it is not, or another node wrote meanwhile, the insertion has no
    // effect.
    if let Some(tally) = known.take() {
        let row = (Row::live(message), tally.with_live(message.json.len()));
        if row.1.admits_live()
            && let Inserted::All = insert(&messages, room, std::slice::from_ref(&row)).await?
        {
            *known = Some(row.1);
            return Ok(Ok(Appended::Stored));
        }
    }
    for _ in 0..ATTEMPTS {
        if let Some(before) = find(database, room, message.identity.key.as_str()).await? {
            let is_same = before.content.as_deref() == Some(message.identity.content.as_str());
            let appended = if is_same { Appended::AlreadyStored(before.json) } else { Appended::Conflict };
            return Ok(Ok(appended));
        }
        let tally = read_tally(database, room).await?.with_live(message.json.len());
        if !tally.admits_live() {
            return Ok(Err(HistoryFull));
        }
        if let Inserted::All = insert(&messages, room, &[(Row::live(message), tally)]).await? {
            *known = Some(tally);
            return Ok(Ok(Appended::Stored));
        }
    }
    Err(MongoFault::Contended)
}

/// Merges `entries` into the history of `room`; returns the number of added rows.
pub(super) async fn save(
    database: &Database,
    mut known: KnownTally,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Result<usize, HistoryFull>, MongoFault> {
    let messages = database.ready_for_chats().await?;
    if let Some(tally) = known.take()
        && let Some(rows) = likely_rows(tally, entries)
        && let Inserted::All = insert(&messages, room, &rows).await?
    {
        *known = rows.last().map(|(_, tally)| *tally);
        return Ok(Ok(rows.len()));
    }
    let mut added = 0;
    for _ in 0..ATTEMPTS {
        let tally = read_tally(database, room).await?;
        // When a part is stored, the rest must follow: a save is refused as a whole or not at all.
        let limits = if added == 0 { HistoryLimits::Enforced } else { HistoryLimits::Ignored };
        let Some(rows) = plan(database, room, tally, entries, limits).await? else {
            return Ok(Err(HistoryFull));
        };
        match insert(&messages, room, &rows).await? {
            Inserted::All => {
                *known = Some(rows.last().map_or(tally, |(_, tally)| *tally));
                return Ok(Ok(added + rows.len()));
            }
            Inserted::Before(conflict) => added += conflict,
        }
    }
    Err(MongoFault::Contended)
}

/// The rows of a save of one entry, on the guess that it is new.
///
/// The insertion fails if its key exists.
fn likely_rows(tally: Tally, entries: &[ChatEntry]) -> Option<Addition> {
    let [entry @ ChatEntry { message: None, .. }] = entries else { return None };
    if tally.base != 0 {
        return None;
    }
    let mut known = Known::default();
    known.learn(Question { keys: vec![entry.key.as_str().into()], ..Question::default() }, [], []);
    match plan_save(tally, &Array::default(), &known, entries, HistoryLimits::Enforced) {
        Ok(PlanStep::Done(rows)) => Some(rows),
        _ => None,
    }
}

/// Plans the rows that a save adds after `tally`; `None` if it exceeds a limit.
async fn plan(
    database: &Database,
    room: &RoomId,
    tally: Tally,
    entries: &[ChatEntry],
    limits: HistoryLimits,
) -> Result<Option<Addition>, MongoFault> {
    let array = read_array(database, room, &tally).await?;
    let mut known = Known::default();
    loop {
        match plan_save(tally, &array, &known, entries, limits) {
            Ok(PlanStep::Ask(question)) => answer(database, room, &mut known, question).await?,
            Ok(PlanStep::Done(rows)) => return Ok(Some(rows)),
            Err(_) => return Ok(None),
        }
    }
}

/// Replaces the saved entries of `room` by `entries`, as one document; returns the number of items.
///
/// The replaced rows are removed afterwards, or by the next replacement if this process dies in between.
pub(super) async fn replace(
    database: &Database,
    mut known: KnownTally,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Result<usize, HistoryFull>, MongoFault> {
    let messages = database.ready_for_chats().await?;
    known.take();
    'attempts: for _ in 0..ATTEMPTS {
        let tally = read_tally(database, room).await?;
        let present = read_present(database, room, &tally).await?;
        let mut answers = Known::default();
        let replacement = loop {
            match plan_replace(tally, &present, &answers, entries) {
                Ok(PlanStep::Ask(question)) => answer(database, room, &mut answers, question).await?,
                Ok(PlanStep::Done(None)) => return Ok(Ok(0)),
                Ok(PlanStep::Done(Some(replacement))) => break replacement,
                Err(full) => return Ok(Err(full)),
            }
        };
        let row = [(replacement.row, replacement.tally)];
        let Inserted::All = insert(&messages, room, &row).await? else { continue 'attempts };
        *known = Some(replacement.tally);
        remove_arrays(database, room, &replacement.dropped).await?;
        return Ok(Ok(replacement.saved));
    }
    Err(MongoFault::Contended)
}

/// Reads the JSON of all entries of `room`, oldest first. For `base` see [`served`].
pub(super) async fn history(
    database: &Database,
    room: &RoomId,
    base: usize,
) -> Result<Vec<Box<str>>, MongoFault> {
    Ok(fold(database, room, base).await?.into_served())
}

async fn fold(database: &Database, room: &RoomId, base: usize) -> Result<Fold, MongoFault> {
    let stored = database.collection::<ReadDocument>(CHATS).await?;
    let mut rows = stored.find(served(room.as_str(), base)).sort(doc! { "seq": 1 }).await?;
    let mut fold = Fold::default();
    while let Some(row) = rows.try_next().await? {
        let number = unsigned(row.seq)?;
        fold.add(number, row.row()).map_err(|_| MongoFault::BadDocument)?;
    }
    Ok(fold)
}

/// Reads the tally of `room`, as a majority has it.
async fn read_tally(database: &Database, room: &RoomId) -> Result<Tally, MongoFault> {
    let last_documents = database.collection::<LastDocument>(CHATS).await?;
    let last = || {
        let last = last_documents.find_one(doc! { "room": room.as_str() }).sort(doc! { "seq": -1 });
        last.projection(doc! { "_id": 0, "seq": 1, "tally": 1 })
    };
    let Some(found) = last().await? else { return Ok(Tally::default()) };
    if let Some(tally) = found.tally()? {
        return Ok(tally);
    }
    // A node of an earlier release has written since this node started.
    rekeying::rekey_room(database, room.as_str()).await?;
    last().await?.map_or(Ok(None), |found| found.tally())?.ok_or(MongoFault::Contended)
}

async fn find(database: &Database, room: &RoomId, key: &str) -> Result<Option<Row>, MongoFault> {
    let stored = database.collection::<ReadDocument>(CHATS).await?;
    let found = stored.find_one(doc! { "room": room.as_str(), "key": key }).await?;
    Ok(found.map(ReadDocument::row))
}

async fn read_array(database: &Database, room: &RoomId, tally: &Tally) -> Result<Array, MongoFault> {
    if tally.base == 0 {
        return Ok(Array::default());
    }
    // Another node may have replaced and removed it since the tally was read.
    let row = find(database, room, &format!("a.{}", tally.base)).await?.ok_or(MongoFault::Contended)?;
    Array::read(row.items.as_deref().unwrap_or_default(), &row.json).map_err(|_| MongoFault::BadDocument)
}

async fn read_present(database: &Database, room: &RoomId, tally: &Tally) -> Result<Present, MongoFault> {
    let array = read_array(database, room, tally).await?;
    if tally.is_just(&array) {
        return Ok(Present::of(array));
    }
    Ok(fold(database, room, tally.base).await?.into_present())
}

/// The fields that are read to answer a question.
#[derive(Deserialize)]
struct RowAnswer {
    key: Box<str>,
    content: Option<Box<str>>,
    bytes: i64,
}

/// The fields that are read of an entry's later versions.
#[derive(Deserialize)]
struct LaterAnswer {
    #[serde(rename = "_id")]
    entry: Box<str>,
    count: i64,
    bytes: i64,
}

async fn answer(
    database: &Database,
    room: &RoomId,
    known: &mut Known,
    question: Question,
) -> Result<(), MongoFault> {
    const BYTES: &str = "$json";
    let messages = database.collection::<Document>(CHATS).await?;
    let mut rows = Vec::new();
    if !question.keys.is_empty() {
        let keys: Vec<_> = question.keys.iter().map(|key| &**key).collect();
        let found = messages
            .clone_with_type::<RowAnswer>()
            .find(doc! { "room": room.as_str(), "key": { "$in": keys } })
            .projection(doc! { "_id": 0, "key": 1, "content": 1, "bytes": { "$strLenBytes": BYTES } })
            .await?;
        let found: Vec<RowAnswer> = found.try_collect().await?;
        for RowAnswer { key, content, bytes } in found {
            rows.push((key, StoredRow { content, bytes: unsigned(bytes)? }));
        }
    }
    let mut later = Vec::new();
    if !question.entries.is_empty() {
        let entries: Vec<_> = question.entries.iter().map(|entry| &**entry).collect();
        let grouped = messages
            .aggregate([
                doc! { "$match": { "room": room.as_str(), "entry": { "$in": entries } } },
                doc! { "$sort": { "seq": 1 } },
                doc! { "$group": {
                    "_id": "$entry",
                    "count": { "$sum": 1_i64 },
                    "bytes": { "$last": { "$strLenBytes": BYTES } },
                } },
            ])
            .hint(Hint::Keys(later_keys()))
            .with_type::<LaterAnswer>()
            .await?;
        let grouped: Vec<LaterAnswer> = grouped.try_collect().await?;
        for LaterAnswer { entry, count, bytes } in grouped {
            let (count, newest_bytes) = (unsigned(count)?, unsigned(bytes)?);
            later.push((entry, Later { count, newest_bytes }));
        }
    }
    known.learn(question, rows, later);
    Ok(())
}

/// The outcome of an insertion.
enum Inserted {
    /// Every row is stored.
    All,
    /// This many rows are stored; the number or key of the next row exists already.
    Before(usize),
}

/// Stores `rows` in order, until a number or a key exists already.
async fn insert(
    messages: &Collection<Document>,
    room: &RoomId,
    rows: &[(Row, Tally)],
) -> Result<Inserted, MongoFault> {
    if rows.is_empty() {
        return Ok(Inserted::All);
    }
    let documents = rows.iter().map(|(row, tally)| MessageDocument::new(room.as_str(), row, tally));
    match messages.clone_with_type::<MessageDocument<'_>>().insert_many(documents).ordered(true).await {
        Ok(_) => Ok(Inserted::All),
        Err(error) => conflict(&error).map(Inserted::Before).ok_or_else(|| error.into()),
    }
}

async fn remove_arrays(database: &Database, room: &RoomId, numbers: &[usize]) -> Result<(), MongoFault> {
    if numbers.is_empty() {
        return Ok(());
    }
    let numbers: Vec<_> = numbers.iter().map(|number| signed(*number)).collect();
    let arrays = doc! { "room": room.as_str(), "seq": { "$in": numbers }, "items": { "$exists": true } };
    database.collection::<Document>(CHATS).await?.delete_many(arrays).await?;
    Ok(())
}

/// The position of the row that exists already, if that is the only error.
///
/// The server reports it only when a majority has the existing row, so the next read sees it.
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
