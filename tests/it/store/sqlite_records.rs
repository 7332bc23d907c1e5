//! SQLite: records in files of an older layout, and damaged records.

use std::fs;

use rusqlite::Connection;
use switchboard::{
    core::ports::{
        chat_store::ChatStore,
        record_store::{Created, RecordStore},
    },
    protocols::chat_json::rekey,
    store::SqliteStore,
};

use super::sqlite_faults::place;
use crate::support::{
    chats::{entries, room, texts},
    records::{NOW, at, expiring, get, key, record},
};

#[tokio::test]
async fn file_of_the_first_layout_keeps_chats_and_accepts_records() {
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch(include_str!("first_layout.sql")).unwrap();
    for created in [Created::Stored, Created::Existing(record("1"))] {
        let store = SqliteStore::open(&path, rekey).unwrap();
        assert_eq!(store.history(&room("a")).await.unwrap(), texts(&entries([5, 1, 4])));
        assert_eq!(store.create(&key("ann"), record("1"), at(NOW)).await.unwrap(), created);
        store.close().await;
    }
    let file = Connection::open(&path).unwrap();
    let layout: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(layout, 4);
}

#[tokio::test]
async fn changed_record_is_not_served_and_others_are() {
    let (_directory, path) = place();
    for (damage, name) in [
        ("json = '9'", "ann"),
        ("json = CAST(x'ff' AS TEXT)", "ann"),
        ("seq = 1000", "ann"),
        ("expires = expires + 1", "ann"),
        ("expires = NULL", "ann"),
        ("checksum = x'00'", "ann"),
        ("name = 'ann lee'", "ann lee"),
        ("namespace = 'claim'", "ann"),
    ] {
        let store = SqliteStore::open(&path, rekey).unwrap();
        for name in ["ann", "bob"] {
            store.create(&key(name), expiring("1", NOW + 9), at(NOW)).await.unwrap();
        }
        store.close().await;
        let sql = format!("UPDATE record SET {damage} WHERE name = 'ann'");
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();

        let store = SqliteStore::open(&path, rekey).unwrap();
        let namespace = if damage.starts_with("namespace") { "claim" } else { "user" };
        let mut damaged = key(name);
        damaged.namespace = namespace;
        assert!(store.get(&damaged, at(NOW)).await.is_err(), "{damage}");
        assert!(store.create(&damaged, record("2"), at(NOW)).await.is_err(), "{damage}");
        assert!(store.replace(&damaged, "9", record("2"), at(NOW)).await.is_err(), "{damage}");
        assert!(store.remove(&damaged, "9").await.is_err(), "{damage}");
        assert!(store.list(namespace, 9, at(NOW)).await.is_err(), "{damage}");

        assert_eq!(get(&store, "bob").await, Some(expiring("1", NOW + 9)), "{damage}");
        assert!(store.remove(&key("bob"), "1").await.unwrap(), "{damage}");
        store.close().await;
        fs::remove_file(&path).unwrap();
    }
}
