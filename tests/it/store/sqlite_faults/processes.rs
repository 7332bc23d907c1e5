//! Processes that are killed while they save, and processes whose disk fails.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use switchboard::{
    core::{
        model::{error::SaveError, ids::RoomId},
        ports::{
            chat_store::{ChatStore, Saved},
            record_store::RecordStore,
        },
    },
    protocols::chat_json::rekey,
    store::{SqliteOpenError, SqliteStore},
};

use super::{place, refusal};
use crate::support::{
    chats::{entries, entry, entry_of, room, texts},
    records::{NOW, at, get, key, record},
};

#[tokio::test]
async fn killed_process_loses_no_acknowledged_save() {
    let (directory, path) = place();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let mut child = act("saves_until_it_is_killed", &path);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        acknowledged.extend(acknowledgements(&mut lines).take(150));
        assert!(
            matches!(refusal(&path), SqliteOpenError::Locked { .. }),
            "its file is not ours while it lives"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        // Output before the death counts as well.
        acknowledged.extend(acknowledgements(&mut lines));

        assert!(directory.path().join("chats.db-wal").exists(), "round {round}: it did not get to close");
        let store = SqliteStore::open(&path, rekey).unwrap();
        for name in &acknowledged {
            let found = store.history(&room_of(name)).await.unwrap();
            assert!(found.contains(&entry(name).json), "round {round}: {name}");
            assert_eq!(get(&store, name).await, Some(record("2")), "round {round}: {name}");
        }
        store.close().await;
    }
    assert!(acknowledged.len() >= 600);
}

/// The room of one process, so that several rounds do not fill it.
fn room_of(name: &str) -> RoomId {
    room(name.split(' ').next().unwrap())
}

fn acknowledgements(lines: &mut impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    lines.filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned))
}

#[tokio::test]
async fn refused_file_of_a_killed_process_is_unchanged() {
    let (directory, path) = place();
    let mut child = act("saves_until_it_is_killed", &path);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(acknowledgements(&mut lines).take(10).count(), 10);
    child.kill().unwrap();
    child.wait().unwrap();

    let log = directory.path().join("chats.db-wal");
    let mut damaged = fs::read(&path).unwrap();
    damaged[0] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let before = fs::read(&log).unwrap();
    assert!(matches!(refusal(&path), SqliteOpenError::Foreign { .. }));
    assert_eq!((fs::read(&path).unwrap(), fs::read(&log).unwrap()), (damaged, before));
}

#[tokio::test]
async fn failing_disk_loses_only_the_saves_it_refused() {
    let (_directory, path) = place();
    let child = act("meets_a_disk_that_fails", &path).wait_with_output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

/// The role of a child process and its file, in the child's environment.
const PART: &str = "SWITCHBOARD_TEST_PART";
const FILE: &str = "SWITCHBOARD_TEST_FILE";

/// Runs one of the roles below as a child process.
fn act(part: &str, path: &Path) -> Child {
    // With this signal ignored, a write beyond the file size limit fails, as on a full disk.
    Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; exec "$@""#, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite_faults::processes::child_process_runs_its_role", "--nocapture"])
        .env(PART, part)
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless another test started this process as a child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process_runs_its_role() {
    let Ok(part) = std::env::var(PART) else { return };
    let file = PathBuf::from(std::env::var_os(FILE).unwrap());
    match part.as_str() {
        "saves_until_it_is_killed" => saves_until_it_is_killed(&file).await,
        "meets_a_disk_that_fails" => meets_a_disk_that_fails(&file).await,
        other => panic!("there is no part called {other}"),
    }
}

async fn saves_until_it_is_killed(file: &Path) {
    let store = Arc::new(SqliteStore::open(file, rekey).unwrap());
    let process = std::process::id();
    let savers = (0..4).map(|saver| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let name = format!("{process} {saver} {number}");
                store.save(&room_of(&name), vec![entry(&name)]).await.unwrap();
                store.create(&key(&name), record("1"), at(NOW)).await.unwrap();
                assert!(store.replace(&key(&name), "1", record("2"), at(NOW)).await.unwrap());
                say(&format!("acknowledged {name}"));
            }
        })
    });
    join_all(savers).await;
}

/// Prints without a buffer, so that the death of the process loses no line.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n{line}").unwrap();
    stdout.flush().unwrap();
}

async fn meets_a_disk_that_fails(file: &Path) {
    let store = SqliteStore::open(file, rekey).unwrap();
    store.save(&room("a"), entries([1])).await.unwrap();
    store.history(&room("a")).await.unwrap();
    store.create(&key("ann"), record("1"), at(NOW)).await.unwrap();

    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 1, hard).unwrap();
    for _ in 0..3 {
        let answer = store.save(&room("a"), entries([2])).await;
        assert!(matches!(answer, Err(SaveError::Unavailable(_))), "{answer:?}");
        assert!(store.check().await.is_err());
        assert_eq!(store.history(&room("a")).await.unwrap(), texts(&entries([1])));
        assert!(store.create(&key("bob"), record("1"), at(NOW)).await.is_err());
        assert!(store.replace(&key("ann"), "1", record("2"), at(NOW)).await.is_err());
        assert!(store.remove(&key("ann"), "1").await.is_err());
        assert_eq!(get(&store, "ann").await, Some(record("1")));
    }

    setrlimit(Resource::RLIMIT_FSIZE, hard, hard).unwrap();
    assert!(store.replace(&key("ann"), "1", record("2"), at(NOW)).await.unwrap());
    assert_eq!(store.save(&room("a"), entries([2])).await.unwrap(), Saved { added: 1 });
    store.save(&room("b"), vec![entry_of("large", &format!("\"{}\"", "x".repeat(60_000)))]).await.unwrap();
    assert_eq!(store.history(&room("a")).await.unwrap(), texts(&entries([1, 2])));
    store.close().await;
}
