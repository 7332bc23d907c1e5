//! What becomes of the chats when disks fail, processes die and databases go away.

use std::time::Duration;

mod mongo;
mod sqlite;

/// How long anything may take to recover.
const PATIENCE: Duration = Duration::from_secs(30);
