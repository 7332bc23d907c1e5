//! What becomes of the chats when disks fail, processes die and databases go away.

mod mongo;
mod sqlite;
mod sqlite_records;
