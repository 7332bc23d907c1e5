//! The contract of every chat store, run against each of them.

use std::{collections::HashSet, sync::Mutex};

use futures_util::future::join_all;
use switchboard::{
    core::{
        model::{
            chat::{
                ChatEntry, MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_HISTORY_BYTES, RESERVED_BYTES, RESERVED_ENTRIES,
            },
            error::SaveError,
            ids::RoomId,
        },
        ports::chat_store::{ChatStore, Saved},
    },
    protocols::chat_json::rekey,
    store::{MongoStore, SqliteStore},
};
use tokio::runtime::{Builder, Runtime};

use crate::store::json;
use crate::support::{
    chats::{entries, entry, entry_of, fresh_room, room, saved, texts},
    mongod::Mongod,
    property::check_property,
    wait::{TIMEOUT, until},
};

/// Makes a test of each promise for each store.
macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $promise() { crate::store::chat_contract::on_sqlite(super::$promise); })*
        }
        mod mongodb {
            $(#[test] fn $promise() {
                crate::store::chat_contract::on_mongodb(stringify!($promise), super::$promise);
            })*
        }
    };
}

mod arrays;
mod limits;
mod messages;
mod strategies;
mod versions;

contract! {
    new_room_has_an_empty_history,
    entries_are_read_in_the_order_saved,
    repeated_save_adds_only_new_entries,
    duplicate_key_is_saved_once,
    concurrent_saves_store_each_entry_once,
    rooms_are_independent,
    long_keys_and_long_bodies_fit,
    check_of_a_working_store_succeeds,
    closed_store_is_unavailable,
    every_text_is_returned_unchanged,
    concurrent_clients_lose_no_entry,
}

fn on_sqlite(promise: impl FnOnce(&Runtime, &dyn ChatStore)) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = SqliteStore::open(&directory.path().join("chats.db"), rekey).unwrap();
    promise(&runtime, &store);
    runtime.block_on(store.close());
}

fn on_mongodb(database: &str, promise: impl FnOnce(&Runtime, &dyn ChatStore)) {
    let runtime = runtime();
    let mongod = runtime.block_on(Mongod::shared());
    let store = runtime.block_on(async { MongoStore::connect(&mongod.uri(database), rekey).unwrap() });
    // A busy machine may need longer to create a database than a save may take.
    runtime.block_on(until("the database is ready", TIMEOUT, || async { store.check().await.ok() }));
    promise(&runtime, &store);
    runtime.block_on(store.close());
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn new_room_has_an_empty_history(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        assert!(store.history(&room).await.unwrap().is_empty());
        assert_eq!(store.save(&room, Vec::new()).await.unwrap(), Saved { added: 0 });
        assert!(store.history(&room).await.unwrap().is_empty());
    });
}

fn entries_are_read_in_the_order_saved(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        // Sorted neither by id nor by text.
        let given = entries([5, 1, 4, 2, 3]);
        for save in given.chunks(2) {
            store.save(&room, save.to_vec()).await.unwrap();
        }
        assert_eq!(store.history(&room).await.unwrap(), texts(&given));
    });
}

fn repeated_save_adds_only_new_entries(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        assert_eq!(store.save(&room, entries(0..3)).await.unwrap(), Saved { added: 3 });
        assert_eq!(store.save(&room, entries(0..3)).await.unwrap(), Saved { added: 0 });
        assert_eq!(store.save(&room, entries([9, 1, 7, 0])).await.unwrap(), Saved { added: 2 });
        // The key identifies an entry, not its text: the first text stays.
        assert_eq!(store.save(&room, vec![entry_of("1", "0")]).await.unwrap(), Saved { added: 0 });
        assert_eq!(store.history(&room).await.unwrap(), texts(&entries([0, 1, 2, 9, 7])));
    });
}

fn duplicate_key_is_saved_once(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        assert_eq!(store.save(&room, entries([1, 2, 1, 2, 3])).await.unwrap(), Saved { added: 3 });
        assert_eq!(store.history(&room).await.unwrap(), texts(&entries([1, 2, 3])));
    });
}

fn concurrent_saves_store_each_entry_once(runtime: &Runtime, store: &dyn ChatStore) {
    const SAVERS: usize = 12;
    runtime.block_on(async {
        let room = fresh_room();
        // Each saves the same three entries, and two of its own.
        let saves = (0..SAVERS).map(|saver| {
            let mine = [0, 1, 2, 100 + saver, 200 + saver];
            store.save(&room, entries(mine))
        });
        let added: usize = join_all(saves).await.into_iter().map(|saved| saved.unwrap().added).sum();
        assert_eq!(added, 3 + 2 * SAVERS);

        let found = store.history(&room).await.unwrap();
        let distinct: HashSet<_> = found.iter().collect();
        assert_eq!((found.len(), distinct.len()), (added, added));
    });
}

fn rooms_are_independent(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let names =
            ["a", "A", "a b", "a.b", "$where", "%", "a%", "_", "'; DROP TABLE message; --", "ג", "{}"];
        for name in names {
            let mine = vec![entry_of("1", &format!("{name:?}")), entry("another")];
            assert_eq!(store.save(&room(name), mine).await.unwrap().added, 2, "{name}");
        }
        for name in names {
            let found = store.history(&room(name)).await.unwrap();
            assert_eq!((found.len(), &*found[0]), (2, &*format!("{name:?}")));
        }
    });
}

async fn assert_full(store: &dyn ChatStore, room: &RoomId, entries: Vec<ChatEntry>) {
    assert!(matches!(store.save(room, entries).await, Err(SaveError::Full)));
}

/// A JSON string of this length in bytes.
fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

fn long_keys_and_long_bodies_fit(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let text = text_of(MAX_ENTRY_BYTES);
        let long = entry_of(&text, &text);
        assert_eq!(store.save(&room, vec![long.clone()]).await.unwrap().added, 1);
        assert_eq!(store.save(&room, vec![long.clone()]).await.unwrap().added, 0);
        assert_eq!(store.history(&room).await.unwrap(), [long.json]);
    });
}

fn check_of_a_working_store_succeeds(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        store.check().await.unwrap();
        store.check().await.unwrap();
    });
}

fn closed_store_is_unavailable(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let begun = store.save(&room, entries([1]));
        let (saved, ()) = tokio::join!(begun, store.close());
        // The save began before the close, so it completes. A second close does no harm.
        assert_eq!(saved.unwrap(), Saved { added: 1 });
        store.close().await;

        assert!(matches!(store.save(&room, entries([1])).await, Err(SaveError::Unavailable(_))));
        assert!(store.history(&room).await.is_err());
        assert!(store.check().await.is_err());
    });
}

fn every_text_is_returned_unchanged(runtime: &Runtime, store: &dyn ChatStore) {
    check_property(48, &json::texts(), |texts: Vec<String>| {
        runtime.block_on(async {
            let room = fresh_room();
            let by_position = |(position, text): (usize, &String)| entry_of(&position.to_string(), text);
            let given: Vec<_> = texts.iter().enumerate().map(by_position).collect();
            store.save(&room, given.clone()).await.unwrap();
            assert_eq!(store.history(&room).await.unwrap(), self::texts(&given));

            // With the keys of the door, saving them again adds nothing.
            let room = fresh_room();
            let distinct = saved(&texts);
            store.save(&room, distinct.clone()).await.unwrap();
            assert_eq!(store.save(&room, distinct).await.unwrap(), Saved { added: 0 });
        });
    });
}

fn concurrent_clients_lose_no_entry(runtime: &Runtime, store: &dyn ChatStore) {
    check_property(32, &strategies::schedules(), |schedules: [Vec<strategies::Step>; 2]| {
        runtime.block_on(async {
            let (room, heard) = (fresh_room(), <[Heard; 2]>::default());
            let [ann, bob] = schedules;
            let (of_ann, of_bob) = tokio::join!(
                talk(store, &room, "ann", ann, &heard[0], &heard[1]),
                talk(store, &room, "bob", bob, &heard[1], &heard[0]),
            );
            let found = store.history(&room).await.unwrap();
            let mut expected = [of_ann.clone(), of_bob.clone()].concat();
            let mut sorted = found.clone();
            expected.sort();
            sorted.sort();
            assert_eq!(sorted, expected, "what was acknowledged, each once");
            for said in [of_ann, of_bob] {
                let in_order: Vec<_> = found.iter().filter(|text| said.contains(text)).cloned().collect();
                assert_eq!(in_order, said, "in the order in which it was said");
            }
        });
    });
}

/// A client's messages, as far as the other client received them.
type Heard = Mutex<Vec<ChatEntry>>;

/// Saves as the documented client does: the whole array each time, with the messages received from the other.
async fn talk(
    store: &dyn ChatStore,
    room: &RoomId,
    who: &str,
    steps: Vec<strategies::Step>,
    said: &Heard,
    by_other: &Heard,
) -> Vec<Box<str>> {
    for step in steps {
        for _ in 0..step.say {
            let mut said = said.lock().unwrap();
            let next = entry(&format!("{who} {}", said.len()));
            said.push(next);
        }
        let mut array = if step.hear { by_other.lock().unwrap().clone() } else { Vec::new() };
        array.extend(said.lock().unwrap().iter().cloned());
        store.save(room, array).await.unwrap();
    }
    let said = said.lock().unwrap();
    texts(&said)
}
