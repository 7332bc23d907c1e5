//! Converts rows of the second layout, whose keys are ids alone, to the third.

use rusqlite::{Connection, Row as SqlRow, params};
use tracing::info;

use super::{
    chats,
    row::{Checksum, RowError, text},
};
use crate::core::model::chat::{Rekey, Rekeying};

/// Rooms between two progress reports in the log.
const REPORT_EVERY: usize = 10_000;

/// Copies every room from the tables `former_room` and `former_message`, within the caller's transaction.
///
/// Holds one room in memory at a time. A room with a damaged row stays unreadable, and all its rows stay in
/// the file.
pub(super) fn move_rooms(connection: &Connection, rekey: Rekey) -> rusqlite::Result<()> {
    let mut rooms = connection.prepare("SELECT name, entries, bytes FROM former_room ORDER BY name")?;
    let mut rooms = rooms.query([])?;
    let mut moved = 0;
    while let Some(room) = rooms.next()? {
        let (name, entries, bytes): (String, usize, usize) = (room.get(0)?, room.get(1)?, room.get(2)?);
        match move_room(connection, &name, (entries, bytes), rekey) {
            Ok(()) => {}
            Err(RowError::Damaged) => keep_damaged(connection, &name, entries, bytes)?,
            Err(RowError::Sqlite(error)) => return Err(error),
        }
        moved += 1;
        if moved % REPORT_EVERY == 0 {
            info!(rooms = moved, "converting chats to the layout of this release");
        }
    }
    Ok(())
}

fn move_room(
    connection: &Connection,
    name: &str,
    tally: (usize, usize),
    rekey: Rekey,
) -> Result<(), RowError> {
    let (numbers, texts) = sound_texts(connection, name, tally)?;
    let mut rekeying = Rekeying::default();
    let rows = numbers.into_iter().zip(rekey(&texts));
    let rows: Vec<_> = rows.map(|(number, text)| rekeying.row(number, text)).collect();
    chats::write(connection, name, &rows)?;
    Ok(())
}

/// Reads the numbers and texts of the room's rows; fails if a row is missing or damaged.
fn sound_texts(
    connection: &Connection,
    room: &str,
    (entries, bytes): (usize, usize),
) -> Result<(Vec<usize>, Vec<Box<str>>), RowError> {
    let mut select = connection
        .prepare_cached("SELECT seq, key, json, checksum FROM former_message WHERE room = ?1 ORDER BY seq")?;
    let mut rows = select.query([room])?;
    let (mut numbers, mut texts) = (Vec::new(), Vec::<Box<str>>::new());
    while let Some(row) = rows.next()? {
        let json = verified_json(row, room)?;
        numbers.push(row.get("seq")?);
        texts.push(json);
    }
    let is_whole = texts.len() == entries && texts.iter().map(|json| json.len()).sum::<usize>() == bytes;
    if is_whole { Ok((numbers, texts)) } else { Err(RowError::Damaged) }
}

fn verified_json(row: &SqlRow<'_>, room: &str) -> Result<Box<str>, RowError> {
    let (seq, key, json): (usize, _, _) = (row.get("seq")?, text(row, "key")?, text(row, "json")?);
    Checksum::new().number(seq as u64).text(room).text(key).text(json).verify(row)?;
    Ok(json.into())
}

/// Copies the rows unchanged, under unused keys and with invalid checksums, so that they are never served.
fn keep_damaged(connection: &Connection, room: &str, entries: usize, bytes: usize) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO room (name, last, live, live_bytes, saved, saved_bytes, superseded, superseded_bytes, base)
         VALUES (?1, ?2, 0, 0, ?2, ?3, 0, 0, 0)",
        params![room, entries, bytes],
    )?;
    connection.execute(
        "INSERT INTO message (room, seq, key, json, checksum)
         SELECT room, seq, 'x.' || seq, json, x'00' FROM former_message WHERE room = ?1",
        [room],
    )?;
    Ok(())
}
