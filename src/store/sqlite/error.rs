//! Why a file cannot be opened, in terms that an operator can act on.

use std::{
    error::Error as StdError,
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::connection::ConnectError;

/// Why the file could not be opened. The file was not changed.
#[derive(Debug, Error)]
pub enum SqliteOpenError {
    /// The file or its directory cannot be written.
    #[error("cannot write {}: make it and its directory writable, or name another file", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another process has the file open.
    #[error("{} is in use by another Switchboard: stop that one first, or name another file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a Switchboard file, or its beginning is damaged.
    #[error("{} is not a Switchboard file, or its beginning is damaged; it was not touched", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A Switchboard with a later layout made the file.
    #[error(
        "{} was made by a newer Switchboard (layout {found}, this one knows {known}): run that one; \
         the file was not touched",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout of the file.
        found: usize,
        /// The latest layout this program knows.
        known: usize,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged ({damage}); it was not touched: restore a backup, or move it away to start empty",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The damage, without content.
        damage: String,
    },
    /// Another error.
    #[error("cannot open {}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl SqliteOpenError {
    /// Converts an error of the operating system about `path` or its directory.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        Self::NotWritable { path: path.into(), source }
    }

    /// Converts an error of a connection to `path`.
    pub(super) fn from_connect(path: &Path, error: ConnectError) -> Self {
        let path = path.to_path_buf();
        match error {
            ConnectError::Damaged(damage) => Self::Corrupt { path, damage },
            ConnectError::ReadOnly => {
                Self::NotWritable { path, source: io::Error::from(io::ErrorKind::ReadOnlyFilesystem) }
            }
            ConnectError::Sqlite(error) => Self::from_sqlite(path, error),
            error @ (ConnectError::Setting(_) | ConnectError::Library(_)) => {
                Self::Other { path, source: error.into() }
            }
        }
    }

    fn from_sqlite(path: PathBuf, error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, damage: error.to_string() },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
                Self::NotWritable { path, source: io::Error::other(error) }
            }
            _ => Self::Other { path, source: error.into() },
        }
    }
}
