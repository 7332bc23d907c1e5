//! The tables, and the steps from each layout of the file to the next.

use rusqlite::{Connection, TransactionBehavior};

use super::rekeying;
use crate::core::model::chat::Rekey;

/// Identifies Switchboard files: "SWBD". `file(1)` and SQLite show it.
pub(super) const APPLICATION_ID: i64 = 0x5357_4244;

/// Each step converts a layout to the next; the number of a layout is the number of steps before it.
///
/// Released steps never change. A room's history is clustered, because it is always read as a whole. `room`
/// holds its tally, so that limits cost no counting and a lost row is detected. Records are numbered within
/// their namespace. They have no tally; checking their indexes when the file is opened detects a lost one.
///
/// The third layout has the rows of [`chat::Row`](crate::core::model::chat::Row). Only later versions have an
/// `entry`, so its index is small. The fourth has the seats that outlive the process, in the order of their
/// claims.
const STEPS: [&str; 4] = [
    "
    CREATE TABLE room (
        name    TEXT    PRIMARY KEY,
        entries INTEGER NOT NULL,
        bytes   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE message (
        room     TEXT    NOT NULL REFERENCES room (name),
        seq      INTEGER NOT NULL,
        key      TEXT    NOT NULL,
        json     TEXT    NOT NULL,
        checksum BLOB    NOT NULL,
        PRIMARY KEY (room, seq),
        UNIQUE (room, key)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    CREATE TABLE record (
        namespace TEXT    NOT NULL,
        name      TEXT    NOT NULL,
        seq       INTEGER NOT NULL,
        json      TEXT    NOT NULL,
        expires   INTEGER,
        checksum  BLOB    NOT NULL,
        PRIMARY KEY (namespace, name),
        UNIQUE (namespace, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL;
    ",
    "
    ALTER TABLE room RENAME TO former_room;
    ALTER TABLE message RENAME TO former_message;

    CREATE TABLE room (
        name             TEXT    PRIMARY KEY,
        last             INTEGER NOT NULL,
        live             INTEGER NOT NULL,
        live_bytes       INTEGER NOT NULL,
        saved            INTEGER NOT NULL,
        saved_bytes      INTEGER NOT NULL,
        superseded       INTEGER NOT NULL,
        superseded_bytes INTEGER NOT NULL,
        base             INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE message (
        room     TEXT    NOT NULL REFERENCES room (name),
        seq      INTEGER NOT NULL,
        key      TEXT    NOT NULL,
        content  TEXT,
        entry    TEXT,
        message  TEXT,
        items    TEXT,
        json     TEXT    NOT NULL,
        checksum BLOB    NOT NULL,
        PRIMARY KEY (room, seq),
        UNIQUE (room, key)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX message_entry ON message (room, entry, seq) WHERE entry IS NOT NULL;
    ",
    "
    CREATE TABLE seat (
        room        TEXT    NOT NULL,
        position    INTEGER NOT NULL,
        participant TEXT    NOT NULL,
        name        TEXT    NOT NULL,
        lease_ms    INTEGER NOT NULL,
        PRIMARY KEY (room, position)
    ) STRICT, WITHOUT ROWID;
    ",
];

/// The layout whose rows have the keys of this release. [`rekeying`] converts the rows of the layout before
/// it.
const REKEYED: usize = 3;

/// The layout this program writes.
pub(super) const LATEST: usize = STEPS.len();

/// Reads the application id and the layout of a file.
pub(super) fn identify(connection: &Connection) -> rusqlite::Result<(i64, usize)> {
    let mark = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let layout = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((mark, layout))
}

/// Whether a file has no table.
pub(super) fn has_nothing(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// Converts the file to the latest layout, each step whole or not at all.
pub(super) fn migrate(connection: &mut Connection, rekey: Rekey) -> rusqlite::Result<()> {
    let (_, layout) = identify(connection)?;
    for (step, next) in STEPS.into_iter().zip(1..).filter(|&(_, next)| next > layout) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        if next == REKEYED {
            rekeying::move_rooms(&transaction, rekey)?;
            transaction.execute_batch("DROP TABLE former_message; DROP TABLE former_room")?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Writes to the file without changing it, to check that it can be written.
pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", LATEST)
}
