//! Chats and records in one SQLite file: durable when acknowledged, readable with the `sqlite3` shell, with
//! checksums.
//!
//! - `file`: creates, locks and inspects the file.
//! - `connection`: connections and their settings.
//! - `schema`: tables, and the steps from layout to layout.
//! - `chats`: messages, saves and histories in SQL.
//! - `rekeying`: converts chats of an earlier layout.
//! - `records`: records in SQL.
//! - `seats`: the seats that outlive the process.
//! - `row`: checksums of rows, and errors.
//! - `writer`: the one thread that writes, with group commit.
//! - `job`: one step for that thread.
//! - `readers`: the connections that read meanwhile.

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

pub use self::error::SqliteOpenError;
use self::{readers::Readers, writer::Writer};
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

/// The chats and records of one SQLite file, which no other Switchboard can open meanwhile.
///
/// Other programs may read the file at any time, such as `sqlite3 switchboard.db .backup`. Dropping the store
/// closes it in the background; [`close`](ChatStore::close) waits for that.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl SqliteStore {
    /// Opens the file at `path`, and creates it and its directory if they are missing.
    ///
    /// Blocks until the whole file is checked: about a second per gigabyte. A new file is readable by its
    /// owner only. A refused file stays unchanged. Converts chats of a layout with other keys with `rekey`.
    ///
    /// # Errors
    ///
    /// - [`SqliteOpenError::NotWritable`]: the file or its directory cannot be written.
    /// - [`SqliteOpenError::Locked`]: another process has it open.
    /// - [`SqliteOpenError::Foreign`]: it is not a Switchboard file.
    /// - [`SqliteOpenError::Newer`]: a newer Switchboard made it.
    /// - [`SqliteOpenError::Corrupt`]: it is damaged.
    /// - [`SqliteOpenError::Other`]: another error; its cause says which.
    pub fn open(path: &Path, rekey: Rekey) -> Result<Self, SqliteOpenError> {
        let (path, lock) = file::claim(path)?;
        let writer = file::open(&path, rekey)?;
        Ok(Self { writer: Writer::start(path.clone(), writer, lock)?, readers: Readers::new(path) })
    }
}

impl SqliteStore {
    /// Reads the seats that the previous process saved, in each room in the order of their claims.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn saved_seats(&self) -> Result<Vec<SavedSeat>, Unavailable> {
        self.readers.read(seats::read).await
    }

    /// Replaces the saved seats of these rooms, all or nothing.
    ///
    /// # Errors
    ///
    /// The file was not written in time; the seats may still be saved later.
    pub async fn save_seats(&self, rooms: Vec<(RoomId, Vec<SavedSeat>)>) -> Result<(), Unavailable> {
        let bytes = rooms.iter().map(|(room, seats)| seats::bytes_of(room, seats)).sum();
        self.writer.write(bytes, move |connection| seats::write(connection, &rooms)).await
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
        let appended = self.writer.write(bytes, move |connection| chats::append(connection, &room, &message));
        Ok(appended.await??)
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (room, bytes) = (room.clone(), bytes_of(&entries));
        let added = self.writer.write(bytes, move |connection| chats::save(connection, &room, &entries));
        Ok(Saved { added: added.await?? })
    }

    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (room, bytes) = (room.clone(), bytes_of(&entries));
        let added = self.writer.write(bytes, move |connection| chats::replace(connection, &room, &entries));
        Ok(Saved { added: added.await?? })
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

    /// Stops after [`ANSWER_WITHIN`]; the next call removes the rest.
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
