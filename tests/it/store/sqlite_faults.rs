//! SQLite: damaged, foreign and locked files; `processes` has killed processes and failing disks.

mod processes;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use futures_util::future::join_all;
use rusqlite::Connection;
use switchboard::{
    core::{
        model::error::SaveError,
        ports::{
            chat_store::ChatStore,
            record_store::{Record, RecordKey, RecordStore},
        },
    },
    protocols::chat_json::rekey,
    store::{SqliteOpenError, SqliteStore},
};
use tempfile::TempDir;

use crate::support::{
    chats::{entries, room, texts},
    records::{NOW, at, expiring, key},
    wait::{TIMEOUT, until},
};

/// A directory and the path of a file in it.
pub fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chats.db");
    (directory, path)
}

/// Makes a file with chats and records on many pages.
async fn filled(path: &Path) {
    let store = SqliteStore::open(path, rekey).unwrap();
    for name in ["a", "b"] {
        store.save(&room(name), entries(0..120)).await.unwrap();
    }
    join_all(records().iter().map(|(key, record)| store.create(key, record.clone(), at(NOW)))).await;
    store.close().await;
}

/// The records of a file, oldest first.
fn records() -> Vec<(RecordKey, Record)> {
    let names = (0..120).map(|number| format!("{} {number}", number * 7 % 10));
    names.map(|name| (key(&name), expiring(&format!("{name:?}"), NOW + 9))).collect()
}

fn refusal(path: &Path) -> SqliteOpenError {
    SqliteStore::open(path, rekey).expect_err("it must not be opened")
}

#[tokio::test]
async fn missing_file_is_created_for_its_owner_only() {
    let (directory, _) = place();
    let path = directory.path().join("data").join("chats.db");
    filled(&path).await;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    let store = SqliteStore::open(&path, rekey).unwrap();
    assert_eq!(store.history(&room("b")).await.unwrap(), texts(&entries(0..120)));
    store.close().await;
}

#[tokio::test]
async fn impossible_path_is_reported() {
    let (directory, file) = place();
    fs::write(&file, "in the way").unwrap();
    for path in [
        directory.path().to_path_buf(),
        file.join("chats.db"),
        directory.path().join("missing").join("missing").join("chats.db"),
        // No user can create files here, not even root.
        PathBuf::from("/proc/chats.db"),
    ] {
        let refusal = refusal(&path);
        assert!(matches!(refusal, SqliteOpenError::NotWritable { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("cannot write /"), "{refusal}");
    }
}

#[tokio::test]
async fn foreign_file_is_refused_and_unchanged() {
    let (directory, path) = place();
    let database = directory.path().join("other.db");
    Connection::open(&database).unwrap().execute_batch("CREATE TABLE message (room TEXT)").unwrap();
    for content in [fs::read(database).unwrap(), b"Dear Ann,\n".repeat(200), b"x".to_vec()] {
        fs::write(&path, &content).unwrap();
        let refusal = refusal(&path);
        assert!(matches!(refusal, SqliteOpenError::Foreign { .. }), "{refusal:?}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn file_of_a_newer_version_is_refused_and_unchanged() {
    let (_directory, path) = place();
    filled(&path).await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let content = fs::read(&path).unwrap();

    let refusal = refusal(&path);
    assert!(matches!(refusal, SqliteOpenError::Newer { found: 99, .. }), "{refusal:?}");
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[tokio::test]
async fn damaged_file_is_refused_or_serves_only_intact_rows() {
    let (_directory, path) = place();
    filled(&path).await;
    let sound = fs::read(&path).unwrap();
    let mut refused = 0;
    // A prime step reaches every part of a page over time; the header is tested more densely.
    for offset in (0..100).chain((100..sound.len()).step_by(487)) {
        let mut damaged = sound.clone();
        damaged[offset] ^= 1 << (offset % 8);
        refused += usize::from(is_refused(&path, &damaged).await);
    }
    assert!(refused > 30, "only {refused} were noticed");

    for page in (0..sound.len()).step_by(4_096).skip(1) {
        let mut damaged = sound.clone();
        damaged[page] ^= 0xff;
        assert!(is_refused(&path, &damaged).await, "what kind of page it is, at byte {page}");
    }
}

#[tokio::test]
async fn truncated_file_is_refused_or_serves_only_intact_rows() {
    let (_directory, path) = place();
    filled(&path).await;
    let sound = fs::read(&path).unwrap();
    for length in [1, 50, 99, 100, 512, 4_095, 4_096, 8_192, sound.len() - 4_096] {
        assert!(is_refused(&path, &sound[..length]).await, "{length} bytes");
    }
    // After a crash a part of the last page may be stale until the log replaces it; checksums detect that.
    is_refused(&path, &sound[..sound.len() - 1]).await;
}

/// Whether a file of this content is refused, and then unchanged. An accepted file must serve only correct
/// rows.
async fn is_refused(path: &Path, content: &[u8]) -> bool {
    fs::write(path, content).unwrap();
    let Ok(store) = SqliteStore::open(path, rekey) else {
        assert_eq!(fs::read(path).unwrap(), content);
        return true;
    };
    for name in ["a", "b"] {
        if let Ok(history) = store.history(&room(name)).await {
            assert_eq!(history, texts(&entries(0..120)));
        }
    }
    if let Ok(list) = store.list("user", usize::MAX, at(NOW)).await {
        assert_eq!(list, records());
    }
    for (key, record) in records().into_iter().step_by(40) {
        if let Ok(found) = store.get(&key, at(NOW)).await {
            assert_eq!(found, Some(record));
        }
    }
    store.close().await;
    false
}

#[tokio::test]
async fn orphaned_wal_is_not_replayed_into_a_new_file() {
    let (directory, path) = place();
    let log = directory.path().join("chats.db-wal");
    fs::write(&log, "what is left").unwrap();
    assert!(matches!(refusal(&path), SqliteOpenError::Corrupt { .. }));
    assert_eq!(fs::read_to_string(log).unwrap(), "what is left");
}

#[tokio::test]
async fn crash_during_creation_does_not_block_the_next_start() {
    let (directory, path) = place();
    for left_over in ["chats.db.new", "chats.db.new-wal", "chats.db.new-journal"] {
        fs::write(directory.path().join(left_over), "half").unwrap();
    }
    filled(&path).await;
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "the file and its lock");
}

#[tokio::test]
async fn changed_or_lost_row_is_detected_and_other_rooms_are_served() {
    let (_directory, path) = place();
    for damage in [
        "UPDATE message SET json = '0' WHERE room = 'a' AND seq = 5",
        "UPDATE message SET key = 'o.other' WHERE room = 'a' AND seq = 5",
        "UPDATE message SET seq = 1000 WHERE room = 'a' AND seq = 5",
        "UPDATE message SET json = CAST(x'ff' AS TEXT) WHERE room = 'a' AND seq = 5",
        "UPDATE message SET checksum = x'00' WHERE room = 'a' AND seq = 5",
        "DELETE FROM message WHERE room = 'a' AND seq = 120",
        "DELETE FROM message WHERE room = 'a'",
    ] {
        filled(&path).await;
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        let store = SqliteStore::open(&path, rekey).unwrap();
        assert!(store.history(&room("a")).await.is_err(), "{damage}");
        assert_eq!(store.history(&room("b")).await.unwrap().len(), 120, "{damage}");
        store.save(&room("c"), entries([1])).await.unwrap();
        store.close().await;
        fs::remove_file(&path).unwrap();
    }
}

#[tokio::test]
async fn one_store_locks_the_file_and_others_may_read_it() {
    let (directory, path) = place();
    let store = SqliteStore::open(&path, rekey).unwrap();
    store.save(&room("a"), entries([1])).await.unwrap();

    let second = refusal(&path);
    assert!(matches!(second, SqliteOpenError::Locked { .. }), "{second:?}");
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(refusal(&link), SqliteOpenError::Locked { .. }), "by another name, too");

    let copy = directory.path().join("copy.db");
    Connection::open(&path).unwrap().execute("VACUUM INTO ?1", [copy.to_str()]).unwrap();
    store.close().await;
    for path in [path, copy] {
        let store = SqliteStore::open(&path, rekey).unwrap();
        assert_eq!(store.history(&room("a")).await.unwrap(), texts(&entries([1])));
        store.close().await;
    }
}

#[tokio::test]
async fn locked_file_delays_no_caller_beyond_the_limit() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path, rekey).unwrap();
    let shell = Connection::open(&path).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = store.save(&room("a"), entries([1])).await;
    assert!(matches!(answer, Err(SaveError::Unavailable(_))), "{answer:?}");
    assert!(store.check().await.is_err());
    assert!(store.history(&room("a")).await.unwrap().is_empty());

    shell.execute_batch("ROLLBACK").unwrap();
    recovers(&store).await;
    store.close().await;
}

async fn recovers(store: &SqliteStore) {
    until("the store checks out", TIMEOUT, || async { store.check().await.ok() }).await;
}

#[tokio::test]
async fn an_empty_file_is_initialised() {
    let (_directory, path) = place();
    fs::write(&path, "").unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap());
    let store = SqliteStore::open(&path, rekey).unwrap();
    store.save(&room("a"), entries(0..3)).await.unwrap();
    store.close().await;
    assert_eq!(
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap()),
        inode,
        "it may be a mount"
    );
    let store = SqliteStore::open(&path, rekey).unwrap();
    assert_eq!(store.history(&room("a")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_file_without_tables_is_initialised_and_one_with_other_tables_is_refused() {
    let (_directory, path) = place();
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 0);
    SqliteStore::open(&path, rekey).unwrap().close().await;
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    assert!(matches!(refusal(&path), SqliteOpenError::Foreign { .. }));
}

#[test]
fn an_empty_file_beside_a_write_ahead_log_is_refused() {
    let (directory, path) = place();
    fs::write(&path, "").unwrap();
    fs::write(directory.path().join("chats.db-wal"), "frames").unwrap();
    let error = refusal(&path).to_string();
    assert!(error.contains("write-ahead log"), "{error}");
    assert!(directory.path().join("chats.db-wal").exists(), "the log stays");
}

#[tokio::test]
async fn nothing_is_saved_while_the_file_is_not_in_its_place() {
    let (directory, path) = place();
    let store = SqliteStore::open(&path, rekey).unwrap();
    store.save(&room("a"), entries(0..1)).await.unwrap();
    let away = directory.path().join("away.db");
    for replacement in [None, Some("")] {
        fs::rename(&path, &away).unwrap();
        if let Some(text) = replacement {
            fs::write(&path, text).unwrap();
        }
        store.check().await.unwrap_err();
        assert!(matches!(store.save(&room("a"), entries(1..2)).await, Err(SaveError::Unavailable(_))));
        fs::rename(&away, &path).unwrap();
        store.check().await.unwrap();
    }
    store.save(&room("a"), entries(1..2)).await.unwrap();
    assert_eq!(store.history(&room("a")).await.unwrap().len(), 2);
    fs::remove_file(&path).unwrap();
    store.check().await.unwrap_err();
    store.close().await;
}
