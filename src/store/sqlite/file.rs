//! The file itself: created whole or not at all, locked by one process, inspected before it is changed.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{
    connection::{self, ConnectError},
    error::SqliteOpenError,
    schema,
};
use crate::core::model::chat::Rekey;

/// The first bytes of every database. Source: SQLite, "Database File Format", section 1.3.
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

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
    match fs::metadata(path) {
        // Not replaced: it may be a mount, which no file can be renamed to.
        Ok(metadata) if metadata.len() == 0 => {
            refuse_log_without_file(path, "empty")?;
            tracing::warn!(path = %path.display(), "the database file was empty, and is initialised");
        }
        Ok(_) => inspect(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, rekey)?,
        Err(error) => return Err(SqliteOpenError::from_io(path, error)),
    }
    connect(path, rekey).map_err(|error| SqliteOpenError::from_connect(path, error))
}

/// The identity of a file, which a file that takes its place does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// The identity of the file at `path` now.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
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
    // A crash may have left a file that was empty before without its first table.
    let is_new =
        (mark, layout) == (0, 0) && schema::has_nothing(&probe).unwrap_or_default() && has_header(path);
    if mark != schema::APPLICATION_ID && !is_new {
        return Err(SqliteOpenError::Foreign { path: path.into() });
    }
    if layout > schema::LATEST {
        return Err(SqliteOpenError::Newer { path: path.into(), found: layout, known: schema::LATEST });
    }
    connection::check(&probe).map_err(refused)
}

/// Whether the file begins as SQLite's do. SQLite takes shorter ones for empty databases.
fn has_header(path: &Path) -> bool {
    let mut header = [0; SQLITE_HEADER.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok() && header == *SQLITE_HEADER
}

/// Creates an empty file and renames it into place, so that no crash leaves half of one.
fn create(path: &Path, rekey: Rekey) -> Result<(), SqliteOpenError> {
    refuse_log_without_file(path, "gone")?;
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

/// Refuses a write-ahead log beside a file that is `gone`: SQLite would replay it into the new file or delete
/// it.
fn refuse_log_without_file(path: &Path, gone: &str) -> Result<(), SqliteOpenError> {
    let log = fs::metadata(beside(path, "-wal"));
    if log.is_ok_and(|log| log.len() > 0 || gone == "gone") {
        let damage = format!("the file is {gone}, but its write-ahead log is still there");
        return Err(SqliteOpenError::Corrupt { path: path.into(), damage });
    }
    Ok(())
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
