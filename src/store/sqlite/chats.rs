//! What a save, a history and a look-up are in SQL. A row that is not as it was written is never served.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::row::{Checksum, RowError, text};
use crate::core::{
    chat::{ChatEntry, ChatKey, MAX_ENTRIES, MAX_HISTORY_BYTES},
    ids::RoomId,
};

/// What a save came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// So many entries were new and are written, though not committed.
    Added(usize),
    /// The room's history is at its limit; nothing was written.
    Full,
}

/// Writes those of `entries` whose keys `room` does not have, within the caller's transaction.
pub(super) fn save(
    connection: &Connection,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Outcome, RowError> {
    let missing = missing(connection, room, entries)?;
    if missing.is_empty() {
        return Ok(Outcome::Added(0));
    }
    let stored = Tally::read(connection, room)?;
    let grown = missing.iter().fold(stored, |tally, entry| tally.plus(&entry.json));
    if grown.entries > MAX_ENTRIES || grown.bytes > MAX_HISTORY_BYTES {
        return Ok(Outcome::Full);
    }
    grown.write(connection, room)?;
    for (seq, entry) in (stored.entries + 1..).zip(&missing) {
        insert(connection, room, seq, entry)?;
    }
    Ok(Outcome::Added(missing.len()))
}

/// The JSON of all entries of `room`, oldest first.
pub(super) fn history(connection: &mut Connection, room: &RoomId) -> Result<Vec<Box<str>>, RowError> {
    let snapshot = connection.transaction()?;
    let expected = Tally::read(&snapshot, room)?;
    let mut found = Tally::default();
    let mut history = Vec::new();
    let mut select = snapshot
        .prepare_cached("SELECT seq, key, json, checksum FROM message WHERE room = ?1 ORDER BY seq")?;
    let mut rows = select.query([room.as_str()])?;
    while let Some(row) = rows.next()? {
        let json = verified_json(row, room)?;
        found = found.plus(&json);
        history.push(json);
    }
    if found == expected { Ok(history) } else { Err(RowError::Damaged) }
}

/// The JSON of one entry of `room`.
pub(super) fn find(
    connection: &Connection,
    room: &RoomId,
    key: &ChatKey,
) -> Result<Option<Box<str>>, RowError> {
    connection
        .prepare_cached("SELECT seq, key, json, checksum FROM message WHERE room = ?1 AND key = ?2")?
        .query_row([room.as_str(), key.as_str()], |row| Ok(verified_json(row, room)))
        .optional()?
        .transpose()
}

/// The entries whose keys `room` does not have, each key once, in their order.
fn missing<'a>(
    connection: &Connection,
    room: &RoomId,
    entries: &'a [ChatEntry],
) -> rusqlite::Result<Vec<&'a ChatEntry>> {
    let mut stored = connection.prepare_cached("SELECT 1 FROM message WHERE room = ?1 AND key = ?2")?;
    let mut seen = HashSet::with_capacity(entries.len());
    let mut missing = Vec::new();
    for entry in entries {
        let first = seen.insert(&entry.key);
        if first && !stored.exists([room.as_str(), entry.key.as_str()])? {
            missing.push(entry);
        }
    }
    Ok(missing)
}

fn insert(connection: &Connection, room: &RoomId, seq: usize, entry: &ChatEntry) -> rusqlite::Result<()> {
    let checksum = checksum(room, seq, entry.key.as_str(), &entry.json).finish();
    connection
        .prepare_cached("INSERT INTO message (room, seq, key, json, checksum) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![room.as_str(), seq, entry.key.as_str(), &*entry.json, checksum])?;
    Ok(())
}

fn verified_json(row: &Row<'_>, room: &RoomId) -> Result<Box<str>, RowError> {
    let (seq, key, json) = (row.get("seq")?, text(row, "key")?, text(row, "json")?);
    checksum(room, seq, key, json).verify(row)?;
    Ok(json.into())
}

fn checksum(room: &RoomId, seq: usize, key: &str, json: &str) -> Checksum {
    Checksum::new().number(seq as u64).text(room.as_str()).text(key).text(json)
}

/// How much a room holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    entries: usize,
    bytes: usize,
}

impl Tally {
    fn read(connection: &Connection, room: &RoomId) -> rusqlite::Result<Self> {
        let tally = connection
            .prepare_cached("SELECT entries, bytes FROM room WHERE name = ?1")?
            .query_row([room.as_str()], |row| Ok(Self { entries: row.get(0)?, bytes: row.get(1)? }))
            .optional()?;
        Ok(tally.unwrap_or_default())
    }

    fn write(self, connection: &Connection, room: &RoomId) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO room (name, entries, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET entries = excluded.entries, bytes = excluded.bytes",
            )?
            .execute(params![room.as_str(), self.entries, self.bytes])?;
        Ok(())
    }

    fn plus(self, json: &str) -> Self {
        Self { entries: self.entries + 1, bytes: self.bytes + json.len() }
    }
}
