//! Chats in one SQLite file: durable when acknowledged, readable with the `sqlite3` shell, damage noticed.
//!
//! - `file`: which file that is, whose it is, and whether it is sound.
//! - `connection`: the settings the promises rest on.
//! - `schema`: tables, and how an older file becomes a newer one.
//! - `chats`: what a save, a history and a look-up are in SQL.
//! - `writer`: the one thread that writes, with group commit.
//! - `readers`: the few connections that read beside it.

mod chats;
mod connection;
mod error;
mod file;
mod readers;
mod schema;
mod writer;

use std::path::Path;

use async_trait::async_trait;

pub use self::error::OpenError;
use self::{
    readers::Readers,
    writer::{Work, Writer},
};
use crate::core::{
    chat::{ChatEntry, ChatKey},
    error::{SaveError, Unavailable},
    ids::RoomId,
    store::{ChatStore, Saved},
};

const NAME: &str = "sqlite";

/// The chats of one SQLite file, which belongs to this process alone while it is open.
///
/// Others may read the file at any time (`sqlite3 switchboard.db .backup`, say); a second Switchboard may not
/// open it. Dropping the store closes it in the background; [`close`](ChatStore::close) waits for that.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the file at `path`, or makes it, and its directory, if there is none.
    ///
    /// Blocks until the whole file was checked: about a second per gigabyte. A new file is readable by its owner
    /// only. A file that is refused is left exactly as it was.
    ///
    /// # Errors
    /// - [`OpenError::NotWritable`]: the file or its directory cannot be written.
    /// - [`OpenError::Locked`]: another process has it open.
    /// - [`OpenError::Foreign`]: it is not a Switchboard file.
    /// - [`OpenError::Newer`]: a newer Switchboard made it.
    /// - [`OpenError::Corrupt`]: it is damaged.
    /// - [`OpenError::Other`]: anything else; the cause says what.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (path, lock) = file::claim(path)?;
        let writer = file::open(&path)?;
        Ok(Self { writer: Writer::start(path.clone(), writer, lock)?, readers: Readers::new(path) })
    }
}

#[async_trait]
impl ChatStore for SqliteStore {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        self.writer.submit(Work::Save { room: room.clone(), entries }).await
    }

    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable> {
        let room = room.clone();
        self.readers.read(move |connection| chats::history(connection, &room)).await
    }

    async fn find(&self, room: &RoomId, key: &ChatKey) -> Result<Option<Box<str>>, Unavailable> {
        let (room, key) = (room.clone(), key.clone());
        self.readers.read(move |connection| chats::find(connection, &room, &key)).await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        match self.writer.submit(Work::Check).await {
            Ok(_) => Ok(()),
            Err(SaveError::Unavailable(unavailable)) => Err(unavailable),
            Err(SaveError::Full) => Err(Unavailable::new(NAME, SaveError::Full)),
        }
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
