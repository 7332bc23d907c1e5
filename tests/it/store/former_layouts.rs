//! Chats of the former layout, whose entries were identified by id alone: they are served unchanged and
//! recognised when saved back.

use std::path::Path;

use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use rusqlite::Connection;
use serde_json::Value;
use switchboard::{
    core::{
        model::ids::RoomId,
        ports::chat_store::{Appended, ChatStore, Saved},
    },
    protocols::chat_json::rekey,
    store::{MongoStore, SqliteStore},
};

use super::{mongo_faults, sqlite_faults::place};
use crate::support::{
    chats::{message, room, saved},
    mongod::Mongod,
    wait::{TIMEOUT, until},
};

const LAYOUT: &str = include_str!("second_layout.sql");

/// The history of each room, as the former release serves it.
fn served() -> Vec<(RoomId, Vec<Box<str>>)> {
    let file = Connection::open_in_memory().unwrap();
    file.execute_batch(LAYOUT).unwrap();
    let mut select = file.prepare("SELECT json FROM message WHERE room = ?1 ORDER BY seq").unwrap();
    let mut texts = |name: &str| -> Vec<Box<str>> {
        let rows = select.query_map([name], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|text| text.unwrap().into()).collect()
    };
    let rooms = [room("a"), RoomId::within("kurento", "talk").unwrap()];
    rooms.map(|room| (room.clone(), texts(room.as_str()))).into()
}

fn make_file(path: &Path) {
    Connection::open(path).unwrap().execute_batch(LAYOUT).unwrap();
}

/// An entry in the form of a page with another JSON parser.
fn written_again(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap().to_string()
}

async fn assert_known_again(store: &dyn ChatStore) {
    for (room, texts) in served() {
        assert_eq!(store.history(&room).await.unwrap(), texts);
        for back in [saved(&texts), saved(texts.iter().map(|text| written_again(text)))] {
            assert_eq!(store.save(&room, back).await.unwrap(), Saved { added: 0 });
        }
        assert_eq!(store.history(&room).await.unwrap(), texts);
    }
}

/// Later saves into a migrated room follow the rules of this release.
async fn assert_goes_on(store: &dyn ChatStore) {
    let (room, texts) = served().remove(0);
    let ann = "3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11".parse().unwrap();
    let retry = store.append(&room, message(ann, "m1", "hello")).await.unwrap();
    assert_eq!(retry, Appended::AlreadyStored(texts[0].clone()));
    assert_eq!(store.append(&room, message(ann, "m2", "other")).await.unwrap(), Appended::Conflict);

    let newer = r#"{"id":"x","sender":"Bob","text":"changed"}"#;
    assert_eq!(store.save(&room, saved([newer, "\"ok\"", "\"ok\"", "\"ok\""])).await.unwrap().added, 2);
    let live = message(ann, "m3", "saved, not sent");
    assert_eq!(store.append(&room, live.clone()).await.unwrap(), Appended::Stored);
    let mut expected = texts;
    expected[1] = newer.into();
    expected.remove(11);
    expected.extend(["\"ok\"".into(), live.json]);
    assert_eq!(store.history(&room).await.unwrap(), expected);
}

#[tokio::test]
async fn file_of_the_former_layout_is_served_and_recognised_when_saved_back() {
    let (_directory, path) = place();
    make_file(&path);
    for _ in 0..2 {
        let store = SqliteStore::open(&path, rekey).unwrap();
        assert_known_again(&store).await;
        store.close().await;
    }
    let store = SqliteStore::open(&path, rekey).unwrap();
    assert_goes_on(&store).await;
    assert!(store.history(&room("damaged")).await.is_err(), "as unreadable as it was");
    store.close().await;
    let file = Connection::open(&path).unwrap();
    let kept: usize =
        file.query_row("SELECT count(*) FROM message WHERE room = 'damaged'", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 2, "what there is of it is there for repair");
}

/// Writes the file's rows into `database` in the layout of the former release.
async fn make_documents(mongod: &Mongod, database: &str) -> mongodb::Collection<Document> {
    let messages = mongod.admin().await.client().database(database).collection::<Document>("messages");
    let file = Connection::open_in_memory().unwrap();
    file.execute_batch(LAYOUT).unwrap();
    let mut select =
        file.prepare("SELECT room, seq, key, json FROM message WHERE room <> 'damaged'").unwrap();
    let rows = select.query_map([], |row| {
        let (room, seq, key, json): (String, i64, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(doc! { "room": room, "seq": seq, "key": key, "bytes": 7_i64 * seq, "json": json })
    });
    let documents: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    messages.insert_many(documents).await.unwrap();
    messages
}

async fn ready(mongod: &Mongod, database: &str) -> MongoStore {
    let store = mongo_faults::store(mongod, database);
    until("the store checks out", TIMEOUT, || async { store.check().await.ok() }).await;
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_of_the_former_layout_are_served_and_recognised_when_saved_back() {
    let mongod = Mongod::shared().await;
    make_documents(mongod, "former").await;
    let store = mongo_faults::store(mongod, "former");
    // Before, during and after the migration of their keys.
    for (room, texts) in served() {
        let history = async || store.history(&room).await.ok();
        assert_eq!(until("the history is read", TIMEOUT, history).await, texts);
    }
    store.close().await;
    for _ in 0..2 {
        let store = ready(mongod, "former").await;
        assert_known_again(&store).await;
        store.close().await;
    }
    let store = ready(mongod, "former").await;
    assert_goes_on(&store).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_may_migrate_documents_at_once() {
    let mongod = Mongod::shared().await;
    make_documents(mongod, "former_nodes").await;
    let stores = join_all((0..4).map(|_| ready(mongod, "former_nodes"))).await;
    for store in &stores {
        assert_known_again(store).await;
    }
    assert_goes_on(&stores[0]).await;
    for store in stores {
        store.close().await;
    }
}

/// A process that died during the migration has changed any subset of the documents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_migration_is_completed() {
    let mongod = Mongod::shared().await;
    let messages = make_documents(mongod, "former_broken_off").await;
    let before = all(&messages).await;
    ready(mongod, "former_broken_off").await.close().await;
    let after = all(&messages).await;
    assert_eq!(before.len(), after.len());
    for changed in [vec![0], vec![13, 3, 5], (0..7).collect(), (5..after.len()).collect::<Vec<_>>()] {
        let mixed = (0..after.len()).map(|n| if changed.contains(&n) { &after[n] } else { &before[n] });
        let mixed: Vec<_> = mixed.cloned().collect();
        messages.delete_many(doc! {}).await.unwrap();
        messages.insert_many(mixed).await.unwrap();
        let marks =
            mongod.admin().await.client().database("former_broken_off").collection::<Document>("marks");
        marks.delete_many(doc! {}).await.unwrap();
        let store = ready(mongod, "former_broken_off").await;
        assert_known_again(&store).await;
        assert_eq!(all(&messages).await, after);
        store.close().await;
    }
}

async fn all(messages: &mongodb::Collection<Document>) -> Vec<Document> {
    use futures_util::TryStreamExt;
    let found = messages.find(doc! {}).sort(doc! { "room": 1, "seq": 1 }).await.unwrap();
    let mut documents: Vec<Document> = found.try_collect().await.unwrap();
    // Fields keep the order in which they were written.
    for document in &mut documents {
        let mut fields: Vec<_> = std::mem::take(document).into_iter().collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        document.extend(fields);
    }
    documents
}

/// Nodes of the former release must be stopped. Documents that one writes all the same are migrated too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_writes_of_a_former_node_are_migrated() {
    let mongod = Mongod::shared().await;
    let messages = make_documents(mongod, "former_late").await;
    let store = ready(mongod, "former_late").await;
    let late =
        doc! { "room": "a", "seq": 14_i64, "key": "i:\"late\"", "json": r#"{"id":"late","from":"Bob"}"# };
    messages.insert_one(late).await.unwrap();
    assert_eq!(store.save(&room("a"), saved([r#"{"id":"late","from":"Bob"}"#])).await.unwrap().added, 0);
    assert_eq!(store.save(&room("a"), saved(["\"after\""])).await.unwrap().added, 1);
    assert_eq!(store.history(&room("a")).await.unwrap().len(), 15);
    store.close().await;
}
