//! Chats and records: the contracts of the stores, and failing disks, processes and databases.

mod chat_contract;
mod database_outage;
mod former_layouts;
mod json;
mod mongo_faults;
mod mongo_records;
mod record_contract;
mod sqlite_faults;
mod sqlite_records;
