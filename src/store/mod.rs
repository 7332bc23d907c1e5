//! Where chats and records are kept: [`SqliteStore`] in a file beside the server, [`MongoStore`] in a database that
//! several servers share.
//!
//! Both keep JSON as the text it came as and answer within [`ANSWER_WITHIN`], whatever the disk or the network
//! does. What they promise is [`ChatStore`](crate::core::ports::chat_store::ChatStore)'s and
//! [`RecordStore`](crate::core::ports::record_store::RecordStore)'s; the contracts and faults in
//! `tests/it/store/` hold them to it.

use std::time::Duration;

use thiserror::Error;

pub mod mongo;
pub mod sqlite;

pub use mongo::{ConfigError, MongoStore};
pub use sqlite::{OpenError, SqliteStore};

/// How long a caller waits for a back end at most.
///
/// The contract says two seconds; the rest is for a busy machine to notice that the time is over.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(1_800);

/// Why there is no answer, where the back end gave no reason of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum NoAnswer {
    #[error("it did not answer in time")]
    Late,
    #[error("it was closed")]
    Closed,
}
