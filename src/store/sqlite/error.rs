//! Why a file is not opened, in words an operator can act on.

use std::{
    error::Error as StdError,
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::connection::ConnectError;

/// Why the file could not be opened. Whatever it was, the file was not changed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file, or the directory it is or would be in, cannot be written.
    #[error("cannot write {}: make it and its directory writable, or name another file", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process has the file open.
    #[error("{} is in use by another Switchboard: stop that one first, or name another file", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else, or its very beginning is damaged.
    #[error("{} is not a Switchboard file, or its beginning is damaged; it was not touched", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a Switchboard that knows a later layout.
    #[error(
        "{} was made by a newer Switchboard (layout {found}, this one knows {known}): run that one; \
         the file was not touched",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout it has.
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
        /// What is wrong with it. Holds no content.
        damage: String,
    },
    /// Anything else.
    #[error("cannot open {}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl OpenError {
    /// What it means that the operating system refused to touch `path` or its directory.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        Self::NotWritable { path: path.into(), source }
    }

    /// What it means that `path` could not be connected to.
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
