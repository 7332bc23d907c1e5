//! Connections to the file, and the settings on which the store's promises depend.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use thiserror::Error;

/// The first SQLite without the bug that can lose a write-ahead log when it is reset while being read.
const OLDEST_SQLITE: i32 = 3_053_000;

/// Settings of every connection.
const SETTINGS: [(&str, i64); 4] = [
    // A `sqlite3` shell may lock the file for a moment.
    ("busy_timeout", 5_000),
    // A file from another machine must not run code of its own.
    ("trusted_schema", 0),
    // A disk error in a mapped page would be a signal that kills the process instead of an error.
    ("mmap_size", 0),
    // Finds a damaged page when it is read, not when it has spread.
    ("cell_size_check", 1),
];

/// Further settings of the writing connection.
const WRITER_SETTINGS: [(&str, i64); 6] = [
    // FULL: a commit is on the disk when it returns. NORMAL loses acknowledged chats in a power cut.
    ("synchronous", 2),
    // Where fsync alone does not reach the disk (macOS), the stronger call is used.
    ("fullfsync", 1),
    ("checkpoint_fullfsync", 1),
    ("foreign_keys", 1),
    ("wal_autocheckpoint", 1_000),
    // Truncates the write-ahead log after a burst of saves.
    ("journal_size_limit", 16 * 1024 * 1024),
];

/// Why there is no connection.
#[derive(Debug, Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("SQLite refused the setting {0}")]
    Setting(&'static str),
    #[error("SQLite {0} can corrupt files; 3.53.0 or later is needed")]
    Library(&'static str),
    #[error("the file is read-only")]
    ReadOnly,
    #[error("the file is damaged: {0}")]
    Damaged(String),
}

/// Opens the writing connection to the file at `path`, and creates the file if it is missing.
pub(super) fn writer(path: &Path) -> Result<Connection, ConnectError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(ConnectError::Library(rusqlite::version()));
    }
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // SQLite silently falls back to reading.
    if connection.is_readonly("main")? {
        return Err(ConnectError::ReadOnly);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(ConnectError::Setting("journal_mode"));
    }
    set(&connection, &WRITER_SETTINGS)?;
    Ok(connection)
}

/// Opens a connection that reads while the writer writes.
pub(super) fn reader(path: &Path) -> Result<Connection, ConnectError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a connection that changes nothing, not even by finishing the log of a crash when it closes.
pub(super) fn probe(path: &Path) -> Result<Connection, ConnectError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Reads the whole file; checks its structure, and that every record is in its indexes.
pub(super) fn check(connection: &Connection) -> Result<(), ConnectError> {
    verdict(connection, "PRAGMA quick_check(1)")?;
    // The first layout has no records.
    if connection.table_exists(None, "record")? {
        verdict(connection, "PRAGMA integrity_check(record)")?;
    }
    Ok(())
}

fn verdict(connection: &Connection, check: &str) -> Result<(), ConnectError> {
    let verdict: String = connection.query_row(check, [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(ConnectError::Damaged(verdict)) }
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, ConnectError> {
    // Each connection is used by one thread at a time, so SQLite need not lock it.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Plans must not depend on values; otherwise each use of a cached statement would plan it again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    set(&connection, &SETTINGS)?;
    Ok(connection)
}

/// Applies `settings` and reads each back: SQLite ignores settings that it does not know.
fn set(connection: &Connection, settings: &[(&'static str, i64)]) -> Result<(), ConnectError> {
    for &(name, value) in settings {
        connection.pragma_update(None, name, value)?;
        let taken: i64 = connection.pragma_query_value(None, name, |row| row.get(0))?;
        if taken != value {
            return Err(ConnectError::Setting(name));
        }
    }
    Ok(())
}
