//! SQLite: records in files that are older, or not as they were written.

use std::path::PathBuf;

use rusqlite::Connection;
use switchboard::{core::store::ChatStore, store::SqliteStore};
use tempfile::TempDir;

use crate::support::chats::{entries, room, texts};

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chats.db");
    (directory, path)
}

#[tokio::test]
async fn a_file_of_the_first_layout_keeps_its_chats() {
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch(include_str!("first_layout.sql")).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.history(&room("a")).await.unwrap(), texts(&entries([5, 1, 4])));
    store.close().await;
}
