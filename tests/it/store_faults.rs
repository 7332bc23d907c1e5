//! What becomes of chats and records when disks fail, processes die and databases go away.

mod former;
mod mongo;
mod mongo_records;
mod sqlite;
mod sqlite_records;
