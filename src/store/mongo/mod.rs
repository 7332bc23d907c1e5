//! Chats and records in MongoDB, shared by any number of servers.
//!
//! - `address`: the address of the database, and settings that no address may weaken.
//! - `collections`: the collections and their indexes.
//! - `database`: connects and prepares the database at first use.
//! - `chats`: messages, saves and histories.
//! - `document`: the documents of chats.
//! - `rekeying`: converts documents of an earlier release.
//! - `known_tallies`: the last known tallies of rooms.
//! - `records`: the documents of records, and the operations on them.
//! - `fault`: errors of the database, without content.

mod address;
mod chats;
mod collections;
mod database;
mod document;
mod fault;
mod known_tallies;
mod records;
mod rekeying;

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

pub use self::address::MongoAddressError;
use self::{
    address::Address,
    database::Database,
    fault::MongoFault,
    known_tallies::{KnownTallies, KnownTally},
};
use super::{ANSWER_WITHIN, NoAnswer};
use crate::core::{
    model::{
        chat::{ChatEntry, HistoryFull, LiveMessage, Rekey},
        error::{SaveError, Unavailable},
        ids::RoomId,
    },
    ports::{
        chat_store::{Appended, ChatStore, Saved},
        record_store::{Created, Record, RecordKey, RecordStore},
    },
};

const NAME: &str = "mongodb";

/// The most operations under way at once. A database that hangs blocks no more than these.
const OPERATIONS: u32 = 128;

/// The pause between two attempts to prepare the database.
const PREPARE_AGAIN: Duration = Duration::from_secs(2);

/// The chats and records of one MongoDB database.
///
/// A write is acknowledged when a majority of the replica set has it in its journal, even if the address asks
/// for less. After an outage of the database, operations succeed again without a restart.
pub struct MongoStore {
    database: Arc<Database>,
    tallies: KnownTallies,
    slots: Arc<Semaphore>,
    preparation: AbortOnDropHandle<()>,
}

impl MongoStore {
    /// Makes a store of the database at `uri` (`mongodb://` or `mongodb+srv://`), which need not be up.
    ///
    /// Uses the database that the address names, or else `switchboard`. Prepares it in the background, and
    /// converts chats of an earlier release with `rekey`. Must be called within a Tokio runtime.
    ///
    /// # Errors
    ///
    /// - [`MongoAddressError::Address`]: the part before the `?` is wrong.
    /// - [`MongoAddressError::Options`]: the part after the `?` is wrong.
    pub fn connect(uri: &str, rekey: Rekey) -> Result<Self, MongoAddressError> {
        let database = Arc::new(Database::new(Address::parse(uri)?, rekey));
        let slots = Arc::new(Semaphore::new(OPERATIONS as usize));
        let preparation = tokio::spawn(prepare(database.clone(), slots.clone()));
        Ok(Self {
            database,
            tallies: KnownTallies::default(),
            slots,
            preparation: AbortOnDropHandle::new(preparation),
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T, MongoFault>> + Send + 'static,
    ) -> Result<T, Unavailable> {
        run(&self.slots, operation).await
    }

    /// Changes the history of `room`, one change at a time. `change` gets the last known tally.
    async fn change<T, F>(&self, room: &RoomId, change: impl FnOnce(KnownTally) -> F) -> Result<T, SaveError>
    where
        T: Send + 'static,
        F: Future<Output = Result<Result<T, HistoryFull>, MongoFault>> + Send + 'static,
    {
        let outcome = in_time(async {
            // A caller that gives up while it waits here is dropped with this future.
            let end = self.tallies.of(room).await;
            to_completion(&self.slots, change(end)).await
        });
        Ok(outcome.await??)
    }
}

#[async_trait]
impl ChatStore for MongoStore {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn append(&self, room: &RoomId, message: LiveMessage) -> Result<Appended, SaveError> {
        let (database, of) = (self.database.clone(), room.clone());
        self.change(room, |end| async move { chats::append(&database, end, &of, &message).await }).await
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (database, of) = (self.database.clone(), room.clone());
        let added = self.change(room, |end| async move { chats::save(&database, end, &of, &entries).await });
        Ok(Saved { added: added.await? })
    }

    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        let (database, of) = (self.database.clone(), room.clone());
        let added =
            self.change(room, |end| async move { chats::replace(&database, end, &of, &entries).await });
        Ok(Saved { added: added.await? })
    }

    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable> {
        let (database, room) = (self.database.clone(), room.clone());
        let base = self.tallies.base(&room);
        self.run(async move { chats::history(&database, &room, base).await }).await
    }

    async fn check(&self) -> Result<(), Unavailable> {
        let database = self.database.clone();
        self.run(async move { database.check().await }).await
    }

    async fn close(&self) {
        self.preparation.abort();
        // Operations that hang longer than a caller waits are abandoned.
        let finished = timeout(ANSWER_WITHIN, self.slots.acquire_many(OPERATIONS)).await;
        self.slots.close();
        drop(finished);
        let database = self.database.clone();
        let _ = timeout(ANSWER_WITHIN, tokio::spawn(async move { database.close().await })).await;
    }
}

#[async_trait]
impl RecordStore for MongoStore {
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable> {
        let (database, key) = (self.database.clone(), key.clone());
        self.run(async move { records::create(&database, &key, &record, now).await }).await
    }

    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable> {
        let (database, key) = (self.database.clone(), key.clone());
        self.run(async move { records::get(&database, &key, now).await }).await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        let (database, key, expected) = (self.database.clone(), key.clone(), Box::<str>::from(expected));
        self.run(async move { records::replace(&database, &key, &expected, &record, now).await }).await
    }

    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable> {
        let (database, key, expected) = (self.database.clone(), key.clone(), Box::<str>::from(expected));
        self.run(async move { records::remove(&database, &key, &expected).await }).await
    }

    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable> {
        let database = self.database.clone();
        self.run(async move { records::list(&database, namespace, limit, now).await }).await
    }

    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable> {
        let database = self.database.clone();
        self.run(async move { records::forget_expired(&database, now).await }).await
    }
}

/// Prints no fields: the address holds a password.
impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").finish_non_exhaustive()
    }
}

/// Runs `operation` to completion; the caller waits at most [`ANSWER_WITHIN`].
async fn run<T: Send + 'static>(
    slots: &Arc<Semaphore>,
    operation: impl Future<Output = Result<T, MongoFault>> + Send + 'static,
) -> Result<T, Unavailable> {
    in_time(to_completion(slots, operation)).await
}

/// Waits for `answer` at most [`ANSWER_WITHIN`].
async fn in_time<T>(answer: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
    timeout(ANSWER_WITHIN, answer).await.unwrap_or_else(|_| Err(Unavailable::new(NAME, NoAnswer::Late)))
}

/// Runs `operation` to completion in a task of its own, when there is a free slot.
///
/// The operation completes even if the caller is gone. The driver requires that its futures are polled to
/// completion.
async fn to_completion<T: Send + 'static>(
    slots: &Arc<Semaphore>,
    operation: impl Future<Output = Result<T, MongoFault>> + Send + 'static,
) -> Result<T, Unavailable> {
    let Ok(slot) = slots.clone().acquire_owned().await else {
        return Err(Unavailable::new(NAME, NoAnswer::Closed));
    };
    let task = tokio::spawn(async move {
        let _slot = slot;
        operation.await
    });
    let result = task.await.map_err(|error| Unavailable::new(NAME, error))?;
    result.map_err(|fault| Unavailable::new(NAME, fault))
}

/// Makes the indexes and converts chats of an earlier release, as soon as the database can be reached.
async fn prepare(database: Arc<Database>, slots: Arc<Semaphore>) {
    loop {
        let database = database.clone();
        // Without a time limit: no caller waits for this.
        match to_completion(&slots, async move { rekeying::rekey_chats(&database).await }).await {
            Ok(()) => return tracing::info!("the database is ready"),
            Err(error) => tracing::warn!(
                reason = error.source.map(tracing::field::display),
                "the database is not ready"
            ),
        }
        sleep(PREPARE_AGAIN).await;
    }
}
