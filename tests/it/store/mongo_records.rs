//! MongoDB: the order of records, and errors without content.

use std::{collections::HashSet, error::Error};

use futures_util::{TryStreamExt, future::join_all};
use mongodb::bson::{Document, doc};
use switchboard::core::{
    model::error::Unavailable,
    ports::{chat_store::ChatStore, record_store::RecordStore},
};

use super::mongo_faults::store;
use crate::support::{
    mongod::{Kind, Mongod},
    records::{NOW, at, key, names, record},
    wait::{TIMEOUT, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn record_order_is_the_same_with_and_without_a_replica_set() {
    for kind in [Kind::ReplicaSet, Kind::Standalone] {
        let mongod = Mongod::start(kind).await;
        let store = store(&mongod, "order");
        until("the store checks out", TIMEOUT, || async { store.check().await.ok() }).await;
        let created: Vec<_> =
            (0..30).map(|number| (number * 7 % 10).to_string() + " of " + &number.to_string()).collect();
        for name in &created {
            store.create(&key(name), record("1"), at(NOW)).await.unwrap();
        }
        assert!(names(&store).await.iter().map(|name| &**name).eq(&created), "{kind:?}");

        join_all((0..100).map(async |number: u32| {
            store.create(&key(&number.to_string()), record("1"), at(NOW)).await.unwrap()
        }))
        .await;
        let records = mongod.admin().await.client().database("order").collection::<Document>("records");
        let stamps = records.find(doc! {}).await.unwrap();
        let stamps = stamps.map_ok(|document| document.get_timestamp("created").unwrap());
        let stamps: HashSet<_> = stamps.try_collect().await.unwrap();
        assert_eq!(stamps.len(), 130, "{kind:?}: no two are the same");
        store.close().await;
    }
}

#[tokio::test]
async fn errors_do_not_quote_refused_documents() {
    let mongod = Mongod::shared().await;
    let store = store(mongod, "refuses");
    until("the store checks out", TIMEOUT, || async { store.check().await.ok() }).await;
    let create = async |name| store.create(&key(name), record("\"secret\""), at(NOW)).await;
    create("secret").await.unwrap();
    let database = mongod.admin().await.client().database("refuses");
    let never = doc! { "collMod": "records", "validator": { "json": "never" } };
    database.run_command(never).await.unwrap();

    let replaced = store.replace(&key("secret"), "\"secret\"", record("\"secrets\""), at(NOW)).await;
    for error in [create("another secret").await.unwrap_err(), replaced.unwrap_err()] {
        let told = told(&error);
        assert!(told.contains("121") && !told.contains("secret"), "{told}");
    }
    store.close().await;
}

/// Every text of the error that a log could contain.
fn told(error: &Unavailable) -> String {
    let source = error.source().map(ToString::to_string);
    format!("{error} {error:?} {source:?}")
}
