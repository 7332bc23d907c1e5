//! Messages, saves and histories in SQL. A row whose checksum does not match is never served.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::row::{Checksum, RowError, optional_text, text};
use crate::core::{
    model::{
        chat::{
            Array, BadRow, ChatEntry, Fold, HistoryFull, HistoryLimits, Known, Later, LiveMessage, PlanStep,
            Present, Question, Row, StoredRow, Tally, plan_replace, plan_save,
        },
        ids::RoomId,
    },
    ports::chat_store::Appended,
};

/// The columns that [`verified`] reads.
const COLUMNS: &str = "seq, key, content, entry, message, items, json, checksum";

impl From<BadRow> for RowError {
    fn from(BadRow: BadRow) -> Self {
        Self::Damaged
    }
}

/// Appends `message` to `room`, unless its key exists, within the caller's transaction.
pub(super) fn append(
    connection: &Connection,
    room: &RoomId,
    message: &LiveMessage,
) -> Result<Result<Appended, HistoryFull>, RowError> {
    if let Some(before) = find(connection, room, message.identity.key.as_str())? {
        let is_same = before.content.as_deref() == Some(message.identity.content.as_str());
        let appended = if is_same { Appended::AlreadyStored(before.json) } else { Appended::Conflict };
        return Ok(Ok(appended));
    }
    let tally = read_tally(connection, room)?.with_live(message.json.len());
    if !tally.admits_live() {
        return Ok(Err(HistoryFull));
    }
    write_tally(connection, room.as_str(), &tally)?;
    insert(connection, room.as_str(), tally.last, &Row::live(message))?;
    Ok(Ok(Appended::Stored))
}

/// Merges `entries` into the history of `room`, within the caller's transaction; returns the number of added
/// rows.
pub(super) fn save(
    connection: &Connection,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Result<usize, HistoryFull>, RowError> {
    let tally = read_tally(connection, room)?;
    let array = read_array(connection, room, &tally)?;
    let mut known = Known::default();
    loop {
        match plan_save(tally, &array, &known, entries, HistoryLimits::Enforced) {
            Ok(PlanStep::Ask(question)) => answer(connection, room, &mut known, question)?,
            Ok(PlanStep::Done(rows)) => return write(connection, room.as_str(), &rows).map(Ok),
            Err(full) => return Ok(Err(full)),
        }
    }
}

/// Replaces the saved entries of `room` by `entries`, within the caller's transaction; returns the number of
/// items.
pub(super) fn replace(
    connection: &Connection,
    room: &RoomId,
    entries: &[ChatEntry],
) -> Result<Result<usize, HistoryFull>, RowError> {
    let tally = read_tally(connection, room)?;
    let present = read_present(connection, room, &tally)?;
    let mut known = Known::default();
    loop {
        match plan_replace(tally, &present, &known, entries) {
            Ok(PlanStep::Ask(question)) => answer(connection, room, &mut known, question)?,
            Ok(PlanStep::Done(None)) => return Ok(Ok(0)),
            Ok(PlanStep::Done(Some(replacement))) => {
                write(connection, room.as_str(), &[(replacement.row, replacement.tally)])?;
                for number in replacement.dropped {
                    remove_array(connection, room, number)?;
                }
                return Ok(Ok(replacement.saved));
            }
            Err(full) => return Ok(Err(full)),
        }
    }
}

/// Reads the JSON of all entries of `room`, oldest first.
pub(super) fn history(connection: &mut Connection, room: &RoomId) -> Result<Vec<Box<str>>, RowError> {
    let snapshot = connection.transaction()?;
    let tally = read_tally(&snapshot, room)?;
    Ok(fold(&snapshot, room, &tally)?.into_served())
}

/// Writes `rows` and the tally of the last one; returns their number.
pub(super) fn write(connection: &Connection, room: &str, rows: &[(Row, Tally)]) -> Result<usize, RowError> {
    if let Some((_, tally)) = rows.last() {
        write_tally(connection, room, tally)?;
    }
    for (row, tally) in rows {
        insert(connection, room, tally.last, row)?;
    }
    Ok(rows.len())
}

/// Folds the rows of `room`. If they do not add up to `tally`, a row is lost: the room is damaged.
fn fold(connection: &Connection, room: &RoomId, tally: &Tally) -> Result<Fold, RowError> {
    let mut fold = Fold::default();
    // Skips replaced arrays and the rows before them, which may be large.
    let sql = format!(
        "SELECT {COLUMNS} FROM message
         WHERE room = ?1 AND (seq >= ?2 OR key >= 'm.' AND key < 'm/') ORDER BY seq"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(params![room.as_str(), tally.base])?;
    while let Some(row) = rows.next()? {
        fold.add(row.get("seq")?, verified(row, room)?)?;
    }
    if fold.tally() == *tally { Ok(fold) } else { Err(RowError::Damaged) }
}

fn read_array(connection: &Connection, room: &RoomId, tally: &Tally) -> Result<Array, RowError> {
    if tally.base == 0 {
        return Ok(Array::default());
    }
    let row = find(connection, room, &format!("a.{}", tally.base))?.ok_or(RowError::Damaged)?;
    Ok(Array::read(row.items.as_deref().unwrap_or_default(), &row.json)?)
}

fn read_present(connection: &Connection, room: &RoomId, tally: &Tally) -> Result<Present, RowError> {
    let array = read_array(connection, room, tally)?;
    if tally.is_just(&array) {
        Ok(Present::of(array))
    } else {
        Ok(fold(connection, room, tally)?.into_present())
    }
}

fn answer(
    connection: &Connection,
    room: &RoomId,
    known: &mut Known,
    question: Question,
) -> Result<(), RowError> {
    let mut select = connection
        .prepare_cached("SELECT content, octet_length(json) FROM message WHERE room = ?1 AND key = ?2")?;
    let mut exists = connection.prepare_cached("SELECT 1 FROM message WHERE room = ?1 AND key = ?2")?;
    let mut rows = Vec::new();
    for key in &question.keys {
        // The index alone answers for most keys.
        if Row::is_once_key(key) {
            if exists.exists([room.as_str(), key])? {
                rows.push((key.clone(), StoredRow { content: None, bytes: 0 }));
            }
            continue;
        }
        let found = select.query_row([room.as_str(), key], |row| {
            Ok(StoredRow { content: row.get::<_, Option<String>>(0)?.map(Into::into), bytes: row.get(1)? })
        });
        rows.extend(found.optional()?.map(|found| (key.clone(), found)));
    }
    // Without the hint the planner, which has no statistics, would read the whole room.
    let mut select = connection.prepare_cached(
        "SELECT count(*) OVER (), octet_length(json) FROM message INDEXED BY message_entry
         WHERE room = ?1 AND entry = ?2
         ORDER BY seq DESC LIMIT 1",
    )?;
    let mut later = Vec::new();
    for entry in &question.entries {
        let found = select.query_row([room.as_str(), entry], |row| {
            Ok(Later { count: row.get(0)?, newest_bytes: row.get(1)? })
        });
        later.extend(found.optional()?.map(|found| (entry.clone(), found)));
    }
    known.learn(question, rows, later);
    Ok(())
}

fn find(connection: &Connection, room: &RoomId, key: &str) -> Result<Option<Row>, RowError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE room = ?1 AND key = ?2"))?
        .query_row([room.as_str(), key], |row| Ok(verified(row, room)))
        .optional()?
        .transpose()
}

fn insert(connection: &Connection, room: &str, seq: usize, row: &Row) -> rusqlite::Result<()> {
    let Row { key, content, entry, message, items, json } = row;
    let checksum = checksum(room, seq, row).finish();
    connection
        .prepare_cached(
            "INSERT INTO message (room, seq, key, content, entry, message, items, json, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            room,
            seq,
            &**key,
            content.as_deref(),
            entry.as_deref(),
            message.as_deref(),
            items.as_deref(),
            &**json,
            checksum
        ])?;
    Ok(())
}

fn remove_array(connection: &Connection, room: &RoomId, seq: usize) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM message WHERE room = ?1 AND seq = ?2 AND items IS NOT NULL")?
        .execute(params![room.as_str(), seq])?;
    Ok(())
}

fn verified(row: &SqlRow<'_>, room: &RoomId) -> Result<Row, RowError> {
    let found = Row {
        key: text(row, "key")?.into(),
        content: optional_text(row, "content")?.map(Into::into),
        entry: optional_text(row, "entry")?.map(Into::into),
        message: optional_text(row, "message")?.map(Into::into),
        items: optional_text(row, "items")?.map(Into::into),
        json: text(row, "json")?.into(),
    };
    checksum(room.as_str(), row.get("seq")?, &found).verify(row)?;
    Ok(found)
}

fn checksum(room: &str, seq: usize, row: &Row) -> Checksum {
    let checksum = Checksum::new().number(seq as u64).text(room).text(&row.key);
    let optional = [&row.content, &row.entry, &row.message, &row.items];
    let checksum = optional.into_iter().fold(checksum, |checksum, column| match column {
        Some(text) => checksum.number(1).text(text),
        None => checksum.number(0),
    });
    checksum.text(&row.json)
}

fn read_tally(connection: &Connection, room: &RoomId) -> rusqlite::Result<Tally> {
    let tally = connection
        .prepare_cached(
            "SELECT last, live, live_bytes, saved, saved_bytes, superseded, superseded_bytes, base
             FROM room WHERE name = ?1",
        )?
        .query_row([room.as_str()], |row| {
            Ok(Tally {
                last: row.get(0)?,
                live: row.get(1)?,
                live_bytes: row.get(2)?,
                saved: row.get(3)?,
                saved_bytes: row.get(4)?,
                superseded: row.get(5)?,
                superseded_bytes: row.get(6)?,
                base: row.get(7)?,
            })
        })
        .optional()?;
    Ok(tally.unwrap_or_default())
}

fn write_tally(connection: &Connection, room: &str, tally: &Tally) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO room (name, last, live, live_bytes, saved, saved_bytes, superseded, superseded_bytes, base)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (name) DO UPDATE SET last = excluded.last, live = excluded.live,
                 live_bytes = excluded.live_bytes, saved = excluded.saved, saved_bytes = excluded.saved_bytes,
                 superseded = excluded.superseded, superseded_bytes = excluded.superseded_bytes,
                 base = excluded.base",
        )?
        .execute(params![
            room,
            tally.last,
            tally.live,
            tally.live_bytes,
            tally.saved,
            tally.saved_bytes,
            tally.superseded,
            tally.superseded_bytes,
            tally.base
        ])?;
    Ok(())
}
