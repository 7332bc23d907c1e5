//! The one thread that writes. It commits all waiting steps together, and then acknowledges them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    NAME, SqliteOpenError,
    connection::{self, ConnectError},
    file::{FileIdentity, Lock},
    job::{Job, job},
    row::RowError,
};
use crate::{
    core::model::error::Unavailable,
    store::{ANSWER_WITHIN, NoAnswer},
};

/// The most steps that wait in the queue; further callers wait to enqueue theirs.
const QUEUE: usize = 256;

/// The most bytes of keys and JSON in one commit, plus at most one step.
///
/// Small enough that a commit ends well before its first caller gives up.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Sends steps to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    stopped: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread, which holds `lock` until its connection is closed.
    pub(super) fn start(path: PathBuf, connection: Connection, lock: Lock) -> Result<Self, SqliteOpenError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (running, stopped) = watch::channel(());
        let identity = FileIdentity::of(&path).map_err(|error| SqliteOpenError::from_io(&path, error))?;
        let connection = Some(connection);
        let mut thread = Thread { connection, path: path.clone(), identity, is_missing: false };
        let body = move || {
            thread.run(waiting);
            // In this order: the connection closes before another process can lock the file.
            drop((thread, lock, running));
        };
        match thread::Builder::new().name("sqlite-writer".to_owned()).spawn(body) {
            Ok(_) => Ok(Self { jobs: Mutex::new(Some(jobs)), stopped }),
            Err(error) => Err(SqliteOpenError::Other { path, source: error.into() }),
        }
    }

    /// Performs and commits `step`, which writes about `bytes` bytes.
    ///
    /// The step shares a transaction with others, and is performed again if that was rolled back. A failing
    /// step is rolled back alone.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        step: impl Fn(&Connection) -> Result<T, RowError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (job, answer) = job(bytes, step);
        let jobs = self.jobs.lock().expect("invariant: nothing panics while it is locked").clone();
        let answer = timeout(ANSWER_WITHIN, async {
            jobs.ok_or(NoAnswer::Closed)?.send(job).await.map_err(|_| NoAnswer::Closed)?;
            answer.await.map_err(|_| NoAnswer::Closed)
        });
        match answer.await {
            Ok(Ok(result)) => result,
            Ok(Err(silence)) => Err(Unavailable::new(NAME, silence)),
            Err(_) => Err(Unavailable::new(NAME, NoAnswer::Late)),
        }
    }

    /// Returns when all submitted steps are done and the file is closed.
    pub(super) async fn close(&self) {
        self.jobs.lock().expect("invariant: nothing panics while it is locked").take();
        // Fails when the sending half is dropped, which is the last thing the thread does.
        let _ = self.stopped.clone().changed().await;
    }
}

/// Why a group of steps could not be committed.
#[derive(Debug, Error)]
enum GroupError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Write(#[from] RowError),
    #[error("the file was moved, removed or replaced")]
    Missing,
}

impl From<rusqlite::Error> for GroupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Write(error.into())
    }
}

impl GroupError {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Write(RowError::Sqlite(error)) => error.sqlite_error_code(),
            Self::Write(RowError::Damaged) | Self::Connect(_) | Self::Missing => None,
        }
    }
}

/// The state of the writing thread.
struct Thread {
    path: PathBuf,
    identity: FileIdentity,
    /// True while another file, or none, is at the path.
    is_missing: bool,
    /// `None` after an error that leaves the state of the disk unknown.
    connection: Option<Connection>,
}

impl Thread {
    fn run(&mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = waiting.blocking_recv() {
            let group = gather(first, &mut waiting);
            if !group.is_empty() {
                self.answer(group);
            }
        }
    }

    /// Commits the whole group and sends each caller its outcome.
    fn answer(&mut self, mut group: Vec<Box<dyn Job>>) {
        match self.commit(&mut group) {
            Ok(performed) => {
                for (job, performed) in group.into_iter().zip(performed) {
                    match performed {
                        Ok(()) => job.acknowledge(),
                        Err(error) => self.refuse(job, error),
                    }
                }
            }
            // A step too large for the disk must not fail the smaller ones.
            Err(error) if error.code() == Some(ErrorCode::DiskFull) && group.len() > 1 => {
                for job in group {
                    self.answer(vec![job]);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for job in group {
                    job.refuse(Unavailable::new(NAME, error.clone()));
                }
            }
        }
    }

    fn refuse(&self, job: Box<dyn Job>, error: RowError) {
        if matches!(error, RowError::Damaged) {
            tracing::error!(path = %self.path.display(), "a stored row is damaged; restore a backup");
        }
        job.refuse(Unavailable::new(NAME, error));
    }

    /// Performs and commits the group; returns the outcome of each step.
    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), RowError>>, GroupError> {
        self.check_place()?;
        let outcomes = transact(self.connection()?, group);
        if let Err(error) = &outcomes
            && !matches!(error.code(), Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy))
        {
            // After a failed fsync the system may report lost data as written; only reopening the file shows
            // the truth.
            tracing::error!(path = %self.path.display(), %error, "cannot write; reopening the file");
            self.connection = None;
        }
        outcomes
    }

    /// Fails while the open file is not at its path. What is written into it then would be lost with it.
    fn check_place(&mut self) -> Result<(), GroupError> {
        let is_missing = FileIdentity::of(&self.path).ok() != Some(self.identity);
        if is_missing && !self.is_missing {
            tracing::error!(
                path = %self.path.display(),
                "the database file was moved, removed or replaced, and nothing can be saved; move it back, or \
                 restart the server to use the file that is there now"
            );
        } else if self.is_missing && !is_missing {
            tracing::info!(path = %self.path.display(), "the database file is in its place again");
        }
        self.is_missing = is_missing;
        if is_missing { Err(GroupError::Missing) } else { Ok(()) }
    }

    fn connection(&mut self) -> Result<&mut Connection, ConnectError> {
        if self.connection.is_none() {
            let connection = connection::writer(&self.path)?;
            connection::check(&connection)?;
            tracing::info!(path = %self.path.display(), "the file is open again");
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("invariant: it was just opened"))
    }
}

/// Collects the first job and those that wait behind it, without those whose callers have given up.
fn gather(first: Box<dyn Job>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while bytes < GROUP_BYTES
        && let Ok(job) = waiting.try_recv()
    {
        bytes += job.bytes();
        group.push(job);
    }
    group.retain(|job| !job.is_abandoned());
    group
}

/// Performs `group` in one transaction. A failing step is rolled back alone.
fn transact(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
) -> Result<Vec<Result<(), RowError>>, GroupError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        let savepoint = transaction.savepoint()?;
        let outcome = job.perform(&savepoint);
        if outcome.is_ok() {
            savepoint.commit()?;
        } else {
            drop(savepoint);
        }
        match outcome {
            // When the disk fails, SQLite rolls back the whole transaction, not only the savepoint.
            Err(error) if transaction.is_autocommit() => return Err(error.into()),
            outcome => outcomes.push(outcome),
        }
    }
    transaction.commit()?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{chats, job::Answer, schema},
        *,
    };
    use crate::core::model::chat::{ChatEntry, ChatKey, HistoryFull};

    /// Converts nothing: no room has an earlier layout.
    fn rekey(_: &[Box<str>]) -> Vec<crate::core::model::chat::RekeyedText> {
        Vec::new()
    }

    /// The state of a writing thread over a new file; the thread does not run.
    fn thread(directory: &tempfile::TempDir) -> Thread {
        let path = directory.path().join("chats.db");
        let mut connection = connection::writer(&path).unwrap();
        schema::migrate(&mut connection, rekey).unwrap();
        let identity = FileIdentity::of(&path).unwrap();
        Thread { path, identity, is_missing: false, connection: Some(connection) }
    }

    fn saving(room: &str, bytes: usize) -> (Box<dyn Job>, Answer<Result<usize, HistoryFull>>) {
        let key = ChatKey::from(&*format!("o.{bytes}"));
        let entry = ChatEntry { key, version: None, message: None, json: "x".repeat(bytes).into() };
        let (room, entries) = (room.parse().unwrap(), [entry]);
        job(bytes, move |connection| chats::save(connection, &room, &entries))
    }

    /// Commits saves together; returns whether each was acknowledged.
    fn answers<const N: usize>(thread: &mut Thread, saves: [(&str, usize); N]) -> [bool; N] {
        let (jobs, answers): (Vec<_>, Vec<_>) =
            saves.map(|(room, bytes)| saving(room, bytes)).into_iter().unzip();
        thread.answer(jobs);
        let mut answers = answers.into_iter().map(|mut answer| answer.try_recv().unwrap().is_ok());
        std::array::from_fn(|_| answers.next().unwrap())
    }

    fn execute(thread: &mut Thread, sql: &str) {
        thread.connection().unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn a_full_disk_refuses_only_the_save_that_does_not_fit() {
        let directory = tempfile::tempdir().unwrap();
        let mut thread = thread(&directory);
        execute(&mut thread, "PRAGMA max_page_count = 20");
        assert_eq!(answers(&mut thread, [("a", 10), ("b", 200_000), ("c", 10)]), [true, false, true]);
        assert_eq!(answers(&mut thread, [("b", 200_000)]), [false]);
        execute(&mut thread, "PRAGMA max_page_count = 1000");
        assert_eq!(answers(&mut thread, [("b", 200_000)]), [true]);
    }

    #[test]
    fn a_damaged_room_fails_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mut thread = thread(&directory);
        assert_eq!(answers(&mut thread, [("a", 10)]), [true]);
        // The next entry of this room will conflict with an existing row.
        execute(&mut thread, "UPDATE room SET last = 0");
        assert_eq!(answers(&mut thread, [("b", 10), ("a", 20), ("c", 10)]), [true, false, true]);
    }

    #[test]
    fn a_connection_that_failed_is_not_used_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut thread = thread(&directory);
        // The next transaction will conflict with this one.
        execute(&mut thread, "BEGIN");
        assert_eq!(answers(&mut thread, [("a", 10)]), [false]);
        assert_eq!(answers(&mut thread, [("a", 10)]), [true]);
    }

    #[test]
    fn abandoned_steps_are_skipped() {
        let (jobs, mut waiting) = mpsc::channel(3);
        let (first, answer) = saving("a", 1);
        drop(answer);
        let (second, _answer) = saving("b", 2);
        jobs.try_send(second).unwrap();
        let group = gather(first, &mut waiting);
        assert_eq!(group.iter().map(|job| job.bytes()).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn the_size_of_a_group_is_bounded() {
        let (jobs, mut waiting) = mpsc::channel(3);
        let (first, _first) = saving("a", GROUP_BYTES);
        let (second, _second) = saving("b", 1);
        jobs.try_send(second).unwrap();
        assert_eq!(gather(first, &mut waiting).len(), 1);
        assert_eq!(waiting.len(), 1);
    }
}
