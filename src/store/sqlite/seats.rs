//! The seats that outlive the process, in SQL.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use super::row::RowError;
use crate::core::model::{ids::RoomId, seat_table::SavedSeat};

/// Reads all seats, in each room in order. Skips a seat that cannot be read: its holder finds the seat free.
pub(super) fn read(connection: &mut Connection) -> Result<Vec<SavedSeat>, RowError> {
    let mut select =
        connection.prepare("SELECT room, participant, name, lease_ms FROM seat ORDER BY room, position")?;
    let seats = select.query_map([], |row| Ok(seat(row)))?;
    Ok(seats.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// Replaces the saved seats of `rooms`, within the caller's transaction.
pub(super) fn write(connection: &Connection, rooms: &[(RoomId, Vec<SavedSeat>)]) -> Result<(), RowError> {
    let mut delete = connection.prepare_cached("DELETE FROM seat WHERE room = ?1")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO seat (room, position, participant, name, lease_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (room, seats) in rooms {
        delete.execute([room.as_str()])?;
        for (position, seat) in seats.iter().enumerate() {
            let lease_ms = i64::try_from(seat.lease.as_millis()).unwrap_or(i64::MAX);
            let participant = seat.participant.to_string();
            insert.execute(params![room.as_str(), position, participant, seat.name.as_str(), lease_ms])?;
        }
    }
    Ok(())
}

/// The approximate size of a room's seats, in bytes.
pub(super) fn bytes_of(room: &RoomId, seats: &[SavedSeat]) -> usize {
    room.as_str().len()
        + seats.iter().map(|seat| seat.name.as_str().len() + size_of::<SavedSeat>()).sum::<usize>()
}

fn seat(row: &Row<'_>) -> Option<SavedSeat> {
    let text = |column| row.get_ref(column).ok()?.as_str().ok();
    let lease_ms = row.get::<_, u64>("lease_ms").ok()?;
    Some(SavedSeat {
        room: RoomId::from_whole(text("room")?).ok()?,
        participant: text("participant")?.parse().ok()?,
        name: text("name")?.parse().ok()?,
        lease: Duration::from_millis(lease_ms),
    })
}
