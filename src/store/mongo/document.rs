//! The documents of chats, and their conversion to rows of a log.

use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

use super::fault::MongoFault;
use crate::core::model::chat::{Row, Tally};

/// The document of a row.
#[derive(Serialize)]
pub(super) struct MessageDocument<'a> {
    room: &'a str,
    seq: i64,
    #[serde(flatten)]
    keys: Keys<'a>,
    json: &'a str,
    tally: TallyDocument,
}

impl<'a> MessageDocument<'a> {
    pub(super) fn new(room: &'a str, row: &'a Row, tally: &Tally) -> Self {
        let seq = signed(tally.last);
        Self { room, seq, keys: Keys::of(row), json: &row.json, tally: TallyDocument::from(tally) }
    }
}

/// The keys of a row.
#[derive(Serialize)]
pub(super) struct Keys<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<&'a str>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        Self {
            key: &row.key,
            content: row.content.as_deref(),
            entry: row.entry.as_deref(),
            message: row.message.as_deref(),
            items: row.items.as_deref(),
        }
    }
}

/// The fields that are read from a document.
#[derive(Deserialize)]
pub(super) struct ReadDocument {
    pub(super) seq: i64,
    key: Box<str>,
    content: Option<Box<str>>,
    entry: Option<Box<str>>,
    message: Option<Box<str>>,
    items: Option<Box<str>>,
    json: Box<str>,
}

impl ReadDocument {
    pub(super) fn row(self) -> Row {
        let Self { key, content, entry, message, items, json, .. } = self;
        Row { key, content, entry, message, items, json }
    }
}

/// The fields that are read from a room's last document.
#[derive(Deserialize)]
pub(super) struct LastDocument {
    seq: i64,
    tally: Option<TallyDocument>,
}

impl LastDocument {
    /// The tally of the log; `None` if an earlier release, which has no tallies, wrote last.
    pub(super) fn tally(&self) -> Result<Option<Tally>, MongoFault> {
        self.tally.as_ref().map(|tally| tally.read(self.seq)).transpose()
    }
}

/// The tally of a room's log up to and including a row. `last` is the row's own number.
#[derive(Serialize, Deserialize)]
pub(super) struct TallyDocument {
    live: i64,
    live_bytes: i64,
    saved: i64,
    saved_bytes: i64,
    superseded: i64,
    superseded_bytes: i64,
    base: i64,
}

impl From<&Tally> for TallyDocument {
    fn from(tally: &Tally) -> Self {
        Self {
            live: signed(tally.live),
            live_bytes: signed(tally.live_bytes),
            saved: signed(tally.saved),
            saved_bytes: signed(tally.saved_bytes),
            superseded: signed(tally.superseded),
            superseded_bytes: signed(tally.superseded_bytes),
            base: signed(tally.base),
        }
    }
}

impl TallyDocument {
    pub(super) fn read(&self, seq: i64) -> Result<Tally, MongoFault> {
        Ok(Tally {
            last: unsigned(seq)?,
            live: unsigned(self.live)?,
            live_bytes: unsigned(self.live_bytes)?,
            saved: unsigned(self.saved)?,
            saved_bytes: unsigned(self.saved_bytes)?,
            superseded: unsigned(self.superseded)?,
            superseded_bytes: unsigned(self.superseded_bytes)?,
            base: unsigned(self.base)?,
        })
    }
}

/// Filters the rows of `room` that may be served, given that the array numbered `base` is or was served.
pub(super) fn served(room: &str, base: usize) -> Document {
    if base == 0 {
        return doc! { "room": room };
    }
    let live = doc! { "key": { "$gte": "m.", "$lt": "m/" } };
    doc! { "room": room, "$or": [{ "seq": { "$gte": signed(base) } }, live] }
}

pub(super) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> Result<usize, MongoFault> {
    usize::try_from(number).map_err(|_| MongoFault::BadDocument)
}
