//! The file itself: created whole or not at all, locked by one process, inspected before it is changed.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{
    connection::{self, ConnectError},
    error::SqliteOpenError,
    schema,
};
use crate::core::model::chat::Rekey;

/// Locks the file against other processes, until it is dropped or this process dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Locks the file at `path` for this process; returns its canonical path.
///
/// Does not touch the file: the lock is on a `.lock` file beside it, so that shells and backups can read the
/// file.
pub(super) fn claim(path: &Path) -> Result<(PathBuf, Lock), SqliteOpenError> {
    let real = real_path(path).map_err(|error| SqliteOpenError::from_io(path, error))?;
    let lock = owner_only().create(true).truncate(false).open(beside(&real, ".lock"));
    let file = lock.map_err(|error| SqliteOpenError::from_io(&real, error))?;
    match file.try_lock() {
        Ok(()) => Ok((real, Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Err(SqliteOpenError::Locked { path: real }),
        Err(TryLockError::Error(error)) => Err(SqliteOpenError::from_io(&real, error)),
    }
}

/// Opens the locked file at `path` for writing, and converts it to the latest layout.
pub(super) fn open(path: &Path, rekey: Rekey) -> Result<Connection, SqliteOpenError> {
    let exists = fs::exists(path).map_err(|error| SqliteOpenError::from_io(path, error))?;
    if exists {
        inspect(path)?;
    } else {
        create(path, rekey)?;
    }
    connect(path, rekey).map_err(|error| SqliteOpenError::from_connect(path, error))
}

/// Refuses a file that is foreign, damaged or of a later layout, before any change.
fn inspect(path: &Path) -> Result<(), SqliteOpenError> {
    // The operating system says why the file cannot be opened; SQLite does not.
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| SqliteOpenError::from_io(path, error))?;

    let refused = |error| SqliteOpenError::from_connect(path, error);
    let probe = connection::probe(path).map_err(refused)?;
    let (mark, layout) = schema::identify(&probe).map_err(|error| refused(error.into()))?;
    if mark != schema::APPLICATION_ID {
        return Err(SqliteOpenError::Foreign { path: path.into() });
    }
    if layout > schema::LATEST {
        return Err(SqliteOpenError::Newer { path: path.into(), found: layout, known: schema::LATEST });
    }
    connection::check(&probe).map_err(refused)
}

/// Creates an empty file and renames it into place, so that no crash leaves half of one.
fn create(path: &Path, rekey: Rekey) -> Result<(), SqliteOpenError> {
    // SQLite would replay an old log into the new file.
    if fs::exists(beside(path, "-wal")).map_err(|error| SqliteOpenError::from_io(path, error))? {
        let damage = "the file is gone, but its write-ahead log is still there".to_owned();
        return Err(SqliteOpenError::Corrupt { path: path.into(), damage });
    }
    let unfinished = beside(path, ".new");
    let written = |error| SqliteOpenError::from_io(path, error);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        remove_if_there(&beside(&unfinished, suffix)).map_err(written)?;
    }
    let file = owner_only().create_new(true).open(&unfinished).map_err(written)?;
    let connection =
        connect(&unfinished, rekey).map_err(|error| SqliteOpenError::from_connect(path, error))?;
    connection.close().map_err(|(_, error)| SqliteOpenError::from_connect(path, error.into()))?;
    file.sync_all().and_then(|()| fs::rename(&unfinished, path)).map_err(written)?;
    sync_directory_of(path).map_err(written)
}

fn connect(path: &Path, rekey: Rekey) -> Result<Connection, ConnectError> {
    let mut connection = connection::writer(path)?;
    schema::migrate(&mut connection, rekey)?;
    Ok(connection)
}

/// Returns the canonical path; creates the directory (not its parent) if it is missing.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    if fs::exists(path)? {
        let real = fs::canonicalize(path)?;
        return if real.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(real) };
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let directory = match path.parent() {
        Some(parent) if parent != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    if !fs::exists(directory)? {
        create_directory(directory)?;
    }
    Ok(fs::canonicalize(directory)?.join(name))
}

fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    sync_directory_of(&fs::canonicalize(directory)?)
}

/// Flushes the directory of `path`, so that the file's name survives a power cut.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        // Other systems cannot open a directory, and need not.
        Some(directory) if cfg!(unix) => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}

fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
