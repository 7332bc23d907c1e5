//! Chats and records in one SQLite file: durable when acknowledged, readable with the `sqlite3` shell, damage noticed.
//!
//! - `file`: which file that is, whose it is, and whether it is sound.
//! - `connection`: the settings the promises rest on.
//! - `schema`: tables, and how an older file becomes a newer one.
//! - `chats`: what a message, a save and a history are in SQL.
//! - `rekeying`: chats of the layout before the present one.
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
mod rekeying;
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
    model::{
        chat::{ChatEntry, LiveMessage, Rekey},
        error::{SaveError, Unavailable},
        ids::RoomId,
        seat_table::SavedSeat,
    },
    ports::{
        chat_store::{Appended, ChatStore, Saved},
        record_store::{Created, Record, RecordKey, RecordStore},
    },
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
    /// only. A file that is refused is left exactly as it was. Chats of a layout with other keys get theirs by `rekey`.
    ///
    /// # Errors
    /// - [`OpenError::NotWritable`]: the file or its directory cannot be written.
    /// - [`OpenError::Locked`]: another process has it open.
    /// - [`OpenError::Foreign`]: it is not a Switchboard file.
    /// - [`OpenError::Newer`]: a newer Switchboard made it.
    /// - [`OpenError::Corrupt`]: it is damaged.
    /// - [`OpenError::Other`]: anything else; the cause says what.
    pub fn open(path: &Path, rekey: Rekey) -> Result<Self, OpenError> {
        let (path, lock) = file::claim(path)?;
        let writer = file::open(&path, rekey)?;
        Ok(Self { writer: Writer::start(path.clone(), writer, lock)?, readers: Readers::new(path) })
    }
}

impl SqliteStore {
    /// The seats that the last process held when it wrote them down, each room's in the order in which their holders sat
    /// down.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn saved_seats(&self) -> Result<Vec<SavedSeat>, Unavailable> {
        self.readers.read(seats::read).await
    }

    /// Writes down the seats of these rooms in place of those that each had, all or nothing.
    ///
    /// # Errors
    /// The file cannot be written in time; the seats may be written all the same.
    pub async fn save_seats(&self, rooms: Vec<(RoomId, Vec<SavedSeat>)>) -> Result<(), Unavailable> {
        let bytes = rooms.iter().map(|(room, seats)| seats::bytes_of(room, seats)).sum();
        self.writer.write(bytes, move |connection| seats::write(connection, &rooms)).await
    }
}

impl<T> Outcome<T> {
    fn written(self) -> Result<T, SaveError> {
        match self {
            Self::Written(written) => Ok(written),
            Self::Full => Err(SaveError::Full),
        }
    }
}

fn bytes_of(entries: &[ChatEntry]) -> usize {
    entries.iter().map(|entry| entry.key.as_str().len() + entry.json.len()).sum()
}

#[async_trait]
impl ChatStore for SqliteStore {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn append(&self, room: &RoomId, message: LiveMessage) -> Result<Appended, SaveError> {
        let room = room.clone();
        let bytes = message.json.len();
        self.writer
            .write(bytes, move |connection| chats::append(connection, &room, &message))
            .await?
            .written()
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (room, bytes) = (room.clone(), bytes_of(&entries));
        let outcome = self.writer.write(bytes, move |connection| chats::save(connection, &room, &entries));
        Ok(Saved { added: outcome.await?.written()? })
    }

    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (room, bytes) = (room.clone(), bytes_of(&entries));
        let outcome = self.writer.write(bytes, move |connection| chats::replace(connection, &room, &entries));
        Ok(Saved { added: outcome.await?.written()? })
    }

    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable> {
        let room = room.clone();
        self.readers.read(move |connection| chats::history(connection, &room)).await
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
