//! MongoDB: killed, hanging and missing servers, and addresses with a weak write concern.

mod long;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use switchboard::{
    core::{
        model::{error::SaveError, ids::RoomId},
        ports::{
            chat_store::{ChatStore, Saved},
            record_store::RecordStore,
        },
    },
    protocols::chat_json::rekey,
    store::MongoStore,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    chats::{entries, entry, fresh_room, texts},
    mongod::{Kind, Mongod},
    records::{NOW, at, get, key, record},
    wait::{TIMEOUT, until},
};

pub fn store(mongod: &Mongod, database: &str) -> MongoStore {
    MongoStore::connect(&mongod.uri(database), rekey).unwrap()
}

async fn recovers(store: &MongoStore) {
    until("the store checks out", TIMEOUT, || async { store.check().await.ok() }).await;
}

fn is_unavailable<T>(answer: &Result<T, SaveError>) -> bool {
    matches!(answer, Err(SaveError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_standalone_server_loses_no_acknowledged_save() {
    survives_kills(Mongod::start(Kind::Standalone).await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_number_one_room_without_a_gap() {
    let mongod = Mongod::shared().await;
    let (room, said) = (fresh_room(), entries(0..40));
    let servers = [store(mongod, "two_servers"), store(mongod, "two_servers")];
    // Each server's knowledge of the end of the history is stale after a write of the other.
    let writing = servers.iter().zip(said.chunks(20)).map(|(server, said)| {
        let room = &room;
        async move {
            for entry in said {
                assert_eq!(server.save(room, vec![entry.clone()]).await.unwrap(), Saved { added: 1 });
                assert_eq!(server.save(room, vec![entry.clone()]).await.unwrap(), Saved { added: 0 });
            }
        }
    });
    join_all(writing).await;

    let found = servers[0].history(&room).await.unwrap();
    for said in said.chunks(20).map(texts) {
        let in_order: Vec<_> = found.iter().filter(|text| said.contains(text)).cloned().collect();
        assert_eq!(in_order, said, "each once, in the order in which it was said");
    }
    assert_eq!(found.len(), said.len());
    let numbers = mongod.admin().await.client().database("two_servers").collection::<Document>("messages");
    let last =
        numbers.find_one(doc! { "room": room.as_str() }).sort(doc! { "seq": -1 }).await.unwrap().unwrap();
    let bytes: usize = found.iter().map(|text| text.len()).sum();
    assert_eq!(last.get_i64("seq").unwrap(), i64::try_from(said.len()).unwrap());
    let tally = last.get_document("tally").unwrap();
    assert_eq!(tally.get_i64("saved_bytes").unwrap(), i64::try_from(bytes).unwrap());
}

async fn survives_kills(mut mongod: Mongod, kills: usize) {
    let store = Arc::new(store(&mongod, "killed"));
    let writers: [Arc<Writer>; 4] = std::array::from_fn(|number| Arc::new(Writer::new(number)));
    let rooms = [fresh_room(), fresh_room()];
    let enough = CancellationToken::new();
    let writing = writers.iter().enumerate().map(|(number, writer)| {
        // Two writers in each room, as in calls.
        let room = rooms[number % 2].clone();
        tokio::spawn(writer.clone().write(store.clone(), room, enough.clone()))
    });
    let writing: Vec<_> = writing.collect();

    for round in 1..=kills {
        every(&writers, "it saves", |record| record.acknowledged >= round * 60).await;
        mongod.kill();
        every(&writers, "the writer gets the error of an absent database", |record| record.unavailable > 0)
            .await;
        mongod.run().await;
        for writer in &writers {
            writer.record.lock().unwrap().unavailable = 0;
        }
    }
    enough.cancel();
    join_all(writing).await;

    for (position, room) in rooms.iter().enumerate() {
        let found = store.history(room).await.unwrap();
        let distinct: HashSet<_> = found.iter().collect();
        assert_eq!(found.len(), distinct.len(), "nothing is there twice");
        for writer in writers.iter().skip(position).step_by(2) {
            let expected = texts(&entries(writer.acknowledged()));
            let in_order: Vec<_> = found.iter().filter(|text| expected.contains(text)).cloned().collect();
            assert_eq!(in_order, expected, "all that was acknowledged, in its order");
            for name in writer.acknowledged() {
                assert_eq!(get(&*store, &name).await, Some(record("1")), "{name}");
            }
        }
    }
    store.close().await;
}

/// Saves numbered entries, and a record of the same name each, and repeats each until it is acknowledged.
struct Writer {
    number: usize,
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    acknowledged: usize,
    unavailable: usize,
}

impl Writer {
    fn new(number: usize) -> Self {
        Self { number, record: Mutex::default() }
    }

    async fn write(self: Arc<Self>, store: Arc<MongoStore>, room: RoomId, enough: CancellationToken) {
        for next in 0.. {
            let name = self.name(next);
            while store.create(&key(&name), record("1"), at(NOW)).await.is_err() {
                self.record.lock().unwrap().unavailable += 1;
            }
            let entry = entry(&name);
            while let Err(error) = store.save(&room, vec![entry.clone()]).await {
                assert!(matches!(error, SaveError::Unavailable(_)), "{error}");
                self.record.lock().unwrap().unavailable += 1;
            }
            self.record.lock().unwrap().acknowledged = next + 1;
            if enough.is_cancelled() {
                return;
            }
        }
    }

    fn name(&self, entry: usize) -> String {
        format!("{} {entry}", self.number)
    }

    fn acknowledged(&self) -> Vec<String> {
        let count = self.record.lock().unwrap().acknowledged;
        (0..count).map(|entry| self.name(entry)).collect()
    }
}

async fn every(writers: &[Arc<Writer>], what: &str, holds: impl Fn(&Record) -> bool) {
    for writer in writers {
        until(what, TIMEOUT, async || holds(&writer.record.lock().unwrap()).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_opened_before_mongod_connects_later() {
    let mut mongod = Mongod::prepare(Kind::ReplicaSet);
    let store = store(&mongod, "late");
    let room = fresh_room();
    assert!(is_unavailable(&store.save(&room, entries([1])).await));
    assert!(store.history(&room).await.is_err());
    assert!(store.create(&key("ann"), record("1"), at(NOW)).await.is_err());
    assert!(store.check().await.is_err());

    mongod.run().await;
    recovers(&store).await;
    store.create(&key("ann"), record("1"), at(NOW)).await.unwrap();
    assert_eq!(store.save(&room, entries([1])).await.unwrap(), Saved { added: 1 });
    store.close().await;
}

#[tokio::test]
async fn close_does_not_wait_for_an_unreachable_server() {
    let store = store(&Mongod::prepare(Kind::ReplicaSet), "away");
    let room = fresh_room();
    let (answer, ()) = tokio::join!(store.save(&room, entries([1])), store.close());
    assert!(is_unavailable(&answer));
    assert!(store.check().await.is_err());
}

#[tokio::test]
async fn no_address_weakens_the_write_concern() {
    let mongod = Mongod::shared().await;
    for (number, options) in
        ["w=0", "w=1", "w=1&journal=false", "w=majority&journal=false"].iter().enumerate()
    {
        let name = format!("durability_{number}");
        let database = mongod.admin().await.client().database(&name);
        database.run_command(doc! { "profile": 2 }).await.unwrap();
        let store = MongoStore::connect(&format!("{}&{options}", mongod.uri(&name)), rekey).unwrap();
        store.save(&fresh_room(), entries([1])).await.unwrap();
        store.close().await;

        let profile = database.collection::<Document>("system.profile");
        let insert = profile.find_one(doc! { "command.insert": "messages" }).await.unwrap();
        let command = insert.expect("the server saw the save").get_document("command").unwrap().clone();
        let concern = command.get_document("writeConcern").unwrap();
        assert_eq!(concern.get_str("w").unwrap(), "majority", "{options}");
        assert!(concern.get_bool("j").unwrap(), "{options}");
        assert!(concern.contains_key("wtimeout"), "{options}");
    }
}

#[tokio::test]
async fn no_save_is_acknowledged_without_the_unique_index() {
    let mongod = Mongod::shared().await;
    let messages = mongod.admin().await.client().database("twins").collection::<Document>("messages");
    let twins = [1, 2].map(|seq| doc! { "room": "a", "seq": seq, "key": "i:1", "json": "1" });
    messages.insert_many(twins).await.unwrap();

    let store = store(mongod, "twins");
    assert!(is_unavailable(&store.save(&fresh_room(), entries([1])).await));
    assert!(store.check().await.is_err());
    messages.delete_one(doc! { "seq": 2 }).await.unwrap();
    recovers(&store).await;
    store.save(&fresh_room(), entries([1])).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn debug_output_hides_the_password() {
    let store = MongoStore::connect("mongodb://ann:secret@127.0.0.1:1/", rekey).unwrap();
    let error = store.check().await.unwrap_err();
    assert!(!format!("{store:?} {error} {error:?}").contains("secret"));
}
