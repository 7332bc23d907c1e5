//! Chats and records in one SQLite file: durable when acknowledged, readable with the `sqlite3` shell, damage noticed.
//!
//! - `file`: which file that is, whose it is, and whether it is sound.
//! - `connection`: the settings the promises rest on.
//! - `schema`: tables, and how an older file becomes a newer one.
//! - `chats`: what a save, a history and a look-up are in SQL.
//! - `records`: what is done with records in SQL.
//! - `seats`: the seats that outlive the process.
//! - `row`: what can be wrong with a row, and how that is told.
//! - `writer`: the one thread that writes, with group commit.
//! - `job`: one step for it, and who waits for what comes of it.
//! - `readers`: the few connections that read beside it.

mod chats;
mod connection;
mod error;
mod file;
mod job;
mod readers;
mod records;
mod row;
mod schema;
mod seats;
mod writer;

use std::{path::Path, time::SystemTime};

use async_trait::async_trait;
use tokio::time::timeout;

pub use self::error::OpenError;
use self::{chats::Outcome, readers::Readers, writer::Writer};
use super::{ANSWER_WITHIN, NoAnswer};
use crate::core::{
    chat::{ChatEntry, ChatKey},
    error::{SaveError, Unavailable},
    ids::RoomId,
    records::{Created, Record, RecordKey, RecordStore},
    seat::KeptSeat,
    store::{ChatStore, Saved},
};

const NAME: &str = "sqlite";

/// The chats and records of one SQLite file, which belongs to this process alone while it is open.
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

impl SqliteStore {
    /// The seats that the last process held when it wrote them down, each room's in the order in which their holders sat
    /// down.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn kept_seats(&self) -> Result<Vec<KeptSeat>, Unavailable> {
        self.readers.read(|connection| seats::read(connection)).await
    }

    /// Writes down the seats of these rooms in place of those that each had, all or nothing.
    ///
    /// # Errors
    /// The file cannot be written in time; the seats may be written all the same.
    pub async fn keep_seats(&self, rooms: Vec<(RoomId, Vec<KeptSeat>)>) -> Result<(), Unavailable> {
        self.writer.write(0, move |connection| seats::write(connection, &rooms)).await
    }
}

#[async_trait]
impl ChatStore for SqliteStore {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let room = room.clone();
        let bytes = entries.iter().map(|entry| entry.key.as_str().len() + entry.json.len()).sum();
        match self.writer.write(bytes, move |connection| chats::save(connection, &room, &entries)).await? {
            Outcome::Added(added) => Ok(Saved { added }),
            Outcome::Full => Err(SaveError::Full),
        }
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
        self.writer.write(0, |connection| Ok(schema::touch(connection)?)).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable> {
        let key = key.clone();
        let bytes = key.name.len() + record.json.len();
        self.writer.write(bytes, move |connection| records::create(connection, &key, &record, now)).await
    }

    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable> {
        let key = key.clone();
        self.readers.read(move |connection| records::get(connection, &key, now)).await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        let (key, expected) = (key.clone(), Box::<str>::from(expected));
        let bytes = record.json.len();
        let step = move |connection: &_| records::replace(connection, &key, &expected, &record, now);
        self.writer.write(bytes, step).await
    }

    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable> {
        let (key, expected) = (key.clone(), Box::<str>::from(expected));
        self.writer.write(0, move |connection| records::remove(connection, &key, &expected)).await
    }

    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable> {
        self.readers.read(move |connection| records::list(connection, namespace, limit, now)).await
    }

    /// Within the time there is; what is left is forgotten the next time.
    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable> {
        let forgetting = async {
            let step = move |connection: &_| records::forget_expired(connection, now);
            while self.writer.write(0, step).await? == records::FORGOTTEN_AT_ONCE {}
            Ok(())
        };
        let late = |_| Err(Unavailable::new(NAME, NoAnswer::Late));
        timeout(ANSWER_WITHIN, forgetting).await.unwrap_or_else(late)
    }
}
