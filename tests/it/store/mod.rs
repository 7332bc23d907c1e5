//! Chats and records: the contracts of the stores, and disks that fail, processes that die, databases that go away.

mod chat_contract;
mod database_outage;
mod former_layouts;
mod mongo_faults;
mod mongo_records;
mod record_contract;
mod sqlite_faults;
mod sqlite_records;
