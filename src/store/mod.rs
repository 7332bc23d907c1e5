//! Stores of chats and records: [`SqliteStore`] in a local file, [`MongoStore`] in a database that several
//! nodes share.
//!
//! Both store JSON as the received text, and answer within [`ANSWER_WITHIN`] even if the disk or the network
//! hangs. They implement [`ChatStore`](crate::core::ports::chat_store::ChatStore) and
//! [`RecordStore`](crate::core::ports::record_store::RecordStore). `tests/it/store/` tests their contracts
//! and faults.

use std::time::Duration;

use thiserror::Error;

pub mod mongo;
pub mod sqlite;

pub use mongo::{MongoAddressError, MongoStore};
pub use sqlite::{SqliteOpenError, SqliteStore};

/// The longest that a caller waits for a back end.
///
/// The contract says two seconds; the difference allows for a busy machine that notices the time-out late.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(1_800);

/// Why there is no answer, if the back end gave no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum NoAnswer {
    #[error("it did not answer in time")]
    Late,
    #[error("it was closed")]
    Closed,
}
