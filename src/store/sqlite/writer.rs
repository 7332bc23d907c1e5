//! The one thread that writes. Whatever is waiting is committed together, and only then acknowledged.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use super::{
    NAME, OpenError,
    chats::{self, ChatsError, Outcome},
    connection::{self, ConnectError},
    file::Lock,
    schema,
};
use crate::{
    core::{
        chat::ChatEntry,
        error::{SaveError, Unavailable},
        ids::RoomId,
        store::Saved,
    },
    store::{ANSWER_WITHIN, NoAnswer},
};

/// How many saves wait in line at most; more wait with their callers.
const QUEUE: usize = 256;

/// How many bytes of keys and JSON are committed together at most, give or take one save.
///
/// Small enough that a group of saves is done well before the first of them is given up.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Work {
    /// Add to the chats of a room.
    Save {
        /// The room.
        room: RoomId,
        /// What to add.
        entries: Vec<ChatEntry>,
    },
    /// See whether the file can be written.
    Check,
}

/// Hands work to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    stopped: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread; it holds `lock` until its connection is closed.
    pub(super) fn start(path: PathBuf, connection: Connection, lock: Lock) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (running, stopped) = watch::channel(());
        let mut thread = Thread { connection: Some(connection), path: path.clone() };
        let body = move || {
            thread.run(waiting);
            // In this order: nobody else may have the file before it is closed.
            drop((thread, lock, running));
        };
        match thread::Builder::new().name("sqlite-writer".to_owned()).spawn(body) {
            Ok(_) => Ok(Self { jobs: Mutex::new(Some(jobs)), stopped }),
            Err(error) => Err(OpenError::Other { path, source: error.into() }),
        }
    }

    /// Has `work` done and committed.
    pub(super) async fn submit(&self, work: Work) -> Result<Saved, SaveError> {
        let answer = timeout(ANSWER_WITHIN, async {
            let (reply, answer) = oneshot::channel();
            let jobs = self.jobs.lock().expect("invariant: nothing panics while it is locked").clone();
            jobs.ok_or(NoAnswer::Closed)?.send(Job { work, reply }).await.map_err(|_| NoAnswer::Closed)?;
            answer.await.map_err(|_| NoAnswer::Closed)
        });
        match answer.await {
            Ok(Ok(result)) => result,
            Ok(Err(silence)) => Err(Unavailable::new(NAME, silence).into()),
            Err(_) => Err(Unavailable::new(NAME, NoAnswer::Late).into()),
        }
    }

    /// Returns when everything submitted is done and the file is closed.
    pub(super) async fn close(&self) {
        self.jobs.lock().expect("invariant: nothing panics while it is locked").take();
        // Fails when the sending half is dropped, which is the last thing the thread does.
        let _ = self.stopped.clone().changed().await;
    }
}

type Answer = Result<Saved, SaveError>;

#[derive(Debug)]
struct Job {
    work: Work,
    reply: oneshot::Sender<Answer>,
}

impl Job {
    fn bytes(&self) -> usize {
        match &self.work {
            Work::Save { entries, .. } => {
                entries.iter().map(|entry| entry.key.as_str().len() + entry.json.len()).sum()
            }
            Work::Check => 0,
        }
    }
}

/// Why a group of saves could not be committed.
#[derive(Debug, Error)]
enum GroupError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Write(#[from] ChatsError),
}

impl From<rusqlite::Error> for GroupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Write(error.into())
    }
}

impl GroupError {
    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Write(ChatsError::Sqlite(error)) => error.sqlite_error_code(),
            Self::Write(ChatsError::Damaged) | Self::Connect(_) => None,
        }
    }
}

/// What lives on the writing thread.
struct Thread {
    path: PathBuf,
    /// `None` after an error that leaves open what is on the disk.
    connection: Option<Connection>,
}

impl Thread {
    fn run(&mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.blocking_recv() {
            let group = gather(first, &mut waiting);
            if !group.is_empty() {
                self.answer(group);
            }
        }
    }

    /// Commits the whole group and tells each caller what became of its save.
    fn answer(&mut self, group: Vec<Job>) {
        match self.commit(&group) {
            Ok(outcomes) => {
                for (job, outcome) in group.into_iter().zip(outcomes) {
                    // Whoever does not wait any more does not want to know.
                    let _ = job.reply.send(answer_to(outcome));
                }
            }
            // What is too large for the rest of the disk must not take along what is not.
            Err(error) if error.code() == Some(ErrorCode::DiskFull) && group.len() > 1 => {
                for job in group {
                    self.answer(vec![job]);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for job in group {
                    let _ = job.reply.send(Err(Unavailable::new(NAME, error.clone()).into()));
                }
            }
        }
    }

    fn commit(&mut self, group: &[Job]) -> Result<Vec<Result<Outcome, ChatsError>>, GroupError> {
        let outcomes = transact(self.connection()?, group);
        if let Err(error) = &outcomes
            && !matches!(error.code(), Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy))
        {
            // After a failed fsync the system may take for written what is not; only a fresh look can tell.
            tracing::error!(path = %self.path.display(), %error, "cannot write chats; reopening the file");
            self.connection = None;
        }
        outcomes
    }

    fn connection(&mut self) -> Result<&mut Connection, ConnectError> {
        if self.connection.is_none() {
            let connection = connection::writer(&self.path)?;
            connection::quick_check(&connection)?;
            tracing::info!(path = %self.path.display(), "the file is open again");
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("invariant: it was just opened"))
    }
}

/// The first job and those that wait behind it, without those whose callers have gone.
fn gather(first: Job, waiting: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while bytes < GROUP_BYTES
        && let Ok(job) = waiting.try_recv()
    {
        bytes += job.bytes();
        group.push(job);
    }
    group.retain(|job| !job.reply.is_closed());
    group
}

/// Does all of `group` in one transaction; a save that fails on its own leaves the others as they are.
fn transact(
    connection: &mut Connection,
    group: &[Job],
) -> Result<Vec<Result<Outcome, ChatsError>>, GroupError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        let savepoint = transaction.savepoint()?;
        let outcome = perform(&savepoint, &job.work);
        if outcome.is_ok() {
            savepoint.commit()?;
        } else {
            drop(savepoint);
        }
        match outcome {
            // When the disk fails, SQLite undoes the whole transaction, not just the savepoint.
            Err(error) if transaction.is_autocommit() => return Err(error.into()),
            outcome => outcomes.push(outcome),
        }
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn perform(connection: &Connection, work: &Work) -> Result<Outcome, ChatsError> {
    match work {
        Work::Save { room, entries } => chats::save(connection, room, entries),
        Work::Check => {
            schema::touch(connection)?;
            Ok(Outcome::Added(0))
        }
    }
}

fn answer_to(outcome: Result<Outcome, ChatsError>) -> Answer {
    match outcome {
        Ok(Outcome::Added(added)) => Ok(Saved { added }),
        Ok(Outcome::Full) => Err(SaveError::Full),
        Err(error) => Err(Unavailable::new(NAME, error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::chat::ChatKey;

    /// A thread's state over a new file, not running.
    fn thread(directory: &tempfile::TempDir) -> Thread {
        let path = directory.path().join("chats.db");
        let mut connection = connection::writer(&path).unwrap();
        schema::migrate(&mut connection).unwrap();
        Thread { path, connection: Some(connection) }
    }

    fn saving(room: &str, bytes: usize) -> (Job, oneshot::Receiver<Answer>) {
        let entry = ChatEntry { key: ChatKey::from_id(&bytes.to_string()), json: "x".repeat(bytes).into() };
        let (reply, answer) = oneshot::channel();
        (Job { work: Work::Save { room: room.parse().unwrap(), entries: vec![entry] }, reply }, answer)
    }

    /// What becomes of saves that are committed together: whether each was acknowledged.
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
    fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
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
        // The next entry of this room will meet another one in its place.
        execute(&mut thread, "UPDATE room SET entries = 0");
        assert_eq!(answers(&mut thread, [("b", 10), ("a", 20), ("c", 10)]), [true, false, true]);
    }

    #[test]
    fn a_connection_that_failed_is_not_used_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut thread = thread(&directory);
        // The next transaction will find this one in its way.
        execute(&mut thread, "BEGIN");
        assert_eq!(answers(&mut thread, [("a", 10)]), [false]);
        assert_eq!(answers(&mut thread, [("a", 10)]), [true]);
    }

    #[test]
    fn nothing_is_done_for_callers_who_have_gone() {
        let (jobs, mut waiting) = mpsc::channel(3);
        let (first, answer) = saving("a", 1);
        drop(answer);
        let (second, _answer) = saving("b", 2);
        jobs.try_send(second).unwrap();
        let group = gather(first, &mut waiting);
        assert_eq!(group.iter().map(Job::bytes).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn a_group_ends_before_it_takes_too_long() {
        let (jobs, mut waiting) = mpsc::channel(3);
        let (first, _first) = saving("a", GROUP_BYTES);
        let (second, _second) = saving("b", 1);
        jobs.try_send(second).unwrap();
        assert_eq!(gather(first, &mut waiting).len(), 1);
        assert_eq!(waiting.len(), 1);
    }
}
