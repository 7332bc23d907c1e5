//! The connections that read while the writer writes.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{
    NAME,
    connection::{self, ConnectError},
    row::RowError,
};
use crate::{
    core::model::error::Unavailable,
    store::{ANSWER_WITHIN, NoAnswer},
};

/// The most reads that run at once. A slow read does not delay the rest; a disk that hangs blocks only these
/// threads.
const READERS: u32 = 3;

/// Runs reads on a bounded number of connections, opened when first needed.
#[derive(Debug)]
pub(super) struct Readers {
    slots: Arc<Semaphore>,
    pool: Arc<Pool>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let pool = Pool { path, idle: Mutex::default() };
        Self { slots: Arc::new(Semaphore::new(READERS as usize)), pool: Arc::new(pool) }
    }

    /// Runs `query` on a connection of its own, off the async threads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, RowError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let answer = timeout(ANSWER_WITHIN, async {
            let Ok(slot) = self.slots.clone().acquire_owned().await else {
                return Err(Unavailable::new(NAME, NoAnswer::Closed));
            };
            let pool = self.pool.clone();
            let read = spawn_blocking(move || {
                // Held by the thread, not by the caller, which may have given up.
                let _slot = slot;
                pool.read(query)
            });
            read.await.map_err(|error| Unavailable::new(NAME, error))?
        });
        answer.await.unwrap_or_else(|_| Err(Unavailable::new(NAME, NoAnswer::Late)))
    }

    /// Waits for reads that have begun, refuses new ones, and closes the connections.
    pub(super) async fn close(&self) {
        // Reads that hang longer than a caller waits are abandoned.
        let finished = timeout(ANSWER_WITHIN, self.slots.acquire_many(READERS)).await;
        self.slots.close();
        drop(finished);
        self.pool.idle.lock().expect("invariant: nothing panics while it is locked").clear();
    }
}

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    fn read<T>(&self, query: impl FnOnce(&mut Connection) -> Result<T, RowError>) -> Result<T, Unavailable> {
        let mut connection = self.connection().map_err(|error| Unavailable::new(NAME, error))?;
        match query(&mut connection) {
            Ok(answer) => {
                self.idle.lock().expect("invariant: nothing panics while it is locked").push(connection);
                Ok(answer)
            }
            // Drops the connection: it may be the cause.
            Err(error) => {
                if matches!(error, RowError::Damaged) {
                    tracing::error!(path = %self.path.display(), "a stored row is damaged; restore a backup");
                }
                Err(Unavailable::new(NAME, error))
            }
        }
    }

    fn connection(&self) -> Result<Connection, ConnectError> {
        let idle = self.idle.lock().expect("invariant: nothing panics while it is locked").pop();
        idle.map_or_else(|| connection::reader(&self.path), Ok)
    }
}
