//! The contract of every record store, run against each of them.

mod changes;
mod content;
mod expiry;
mod model;

use switchboard::{
    core::ports::{
        chat_store::ChatStore,
        record_store::{Created, RecordStore},
    },
    protocols::chat_json::rekey,
    store::{MongoStore, SqliteStore},
};
use tokio::runtime::{Builder, Runtime};

use changes::{
    concurrent_increments_lose_no_count, created_record_is_returned,
    one_of_many_concurrent_creates_replaces_an_expired_record, one_of_many_concurrent_creates_succeeds,
    record_is_removed_only_if_unchanged, record_is_replaced_only_if_unchanged,
};
use content::{
    a_list_has_no_more_than_asked_for_and_nothing_expired, every_json_is_returned_unchanged,
    largest_record_fits, namespaces_are_independent, record_names_are_compared_by_bytes,
    records_are_listed_oldest_first,
};
use expiry::{
    cleanup_removes_many_records_at_once, cleanup_removes_only_expired_records,
    expired_record_is_replaced_by_a_new_one, record_expires_exactly_at_its_instant,
    replacement_changes_the_expiry,
};

use crate::support::{
    mongod::Mongod,
    property::check_property,
    records::{NOW, at, expiring, key, record},
    wait::{TIMEOUT, until},
};

/// Makes a test of each promise for each store.
macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $promise() { super::on_sqlite(super::$promise); })*

            #[test]
            fn records_survive_reopening() {
                super::reopens_sqlite();
            }
        }
        mod mongodb {
            $(#[test] fn $promise() { super::on_mongodb(stringify!($promise), super::$promise); })*

            #[test]
            fn records_survive_reopening() {
                super::reopens_mongodb();
            }
        }
    };
}

contract! {
    created_record_is_returned,
    one_of_many_concurrent_creates_succeeds,
    record_expires_exactly_at_its_instant,
    expired_record_is_replaced_by_a_new_one,
    one_of_many_concurrent_creates_replaces_an_expired_record,
    record_is_replaced_only_if_unchanged,
    concurrent_increments_lose_no_count,
    replacement_changes_the_expiry,
    record_is_removed_only_if_unchanged,
    namespaces_are_independent,
    record_names_are_compared_by_bytes,
    every_json_is_returned_unchanged,
    largest_record_fits,
    records_are_listed_oldest_first,
    a_list_has_no_more_than_asked_for_and_nothing_expired,
    cleanup_removes_only_expired_records,
    cleanup_removes_many_records_at_once,
    closed_record_store_is_unavailable,
    random_commands_behave_as_the_model,
}

fn on_sqlite(promise: impl FnOnce(&Runtime, &dyn RecordStore, Close)) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = SqliteStore::open(&directory.path().join("records.db"), rekey).unwrap();
    promise(&runtime, &store, &|| runtime.block_on(store.close()));
    runtime.block_on(store.close());
}

fn on_mongodb(database: &str, promise: impl FnOnce(&Runtime, &dyn RecordStore, Close)) {
    let runtime = runtime();
    let store = connect(&runtime, database);
    promise(&runtime, &store, &|| runtime.block_on(store.close()));
    runtime.block_on(store.close());
}

/// Closes the store.
type Close<'a> = &'a dyn Fn();

fn connect(runtime: &Runtime, database: &str) -> MongoStore {
    let mongod = runtime.block_on(Mongod::shared());
    let store = runtime.block_on(async { MongoStore::connect(&mongod.uri(database), rekey).unwrap() });
    // A busy machine may need longer to create a database than a step may take.
    runtime.block_on(until("the database is ready", TIMEOUT, || async { store.check().await.ok() }));
    store
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn closed_record_store_is_unavailable(runtime: &Runtime, store: &dyn RecordStore, close: Close) {
    runtime.block_on(store.create(&key("ann"), record("1"), at(NOW))).unwrap();
    close();
    runtime.block_on(async {
        assert!(store.create(&key("bob"), record("1"), at(NOW)).await.is_err());
        assert!(store.get(&key("ann"), at(NOW)).await.is_err());
        assert!(store.replace(&key("ann"), "1", record("2"), at(NOW)).await.is_err());
        assert!(store.remove(&key("ann"), "1").await.is_err());
        assert!(store.list("user", 9, at(NOW)).await.is_err());
        assert!(store.forget_expired(at(NOW)).await.is_err());
    });
}

fn random_commands_behave_as_the_model(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    check_property(32, &model::commands(), |commands| {
        runtime.block_on(model::compare(store, commands));
    });
}

fn reopens_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("records.db");
    let runtime = runtime();
    let store = SqliteStore::open(&path, rekey).unwrap();
    runtime.block_on(fill(&store));
    runtime.block_on(store.close());
    let store = SqliteStore::open(&path, rekey).unwrap();
    runtime.block_on(assert_filled(&store));
    runtime.block_on(store.close());
}

fn reopens_mongodb() {
    let runtime = runtime();
    let [one, other] = ["reopened"; 2].map(|database| connect(&runtime, database));
    runtime.block_on(fill(&one));
    runtime.block_on(assert_filled(&other));
    runtime.block_on(one.close());
    runtime.block_on(assert_filled(&other));
    runtime.block_on(other.close());
}

async fn fill(store: &dyn RecordStore) {
    for name in ["b", "a", "gone", "c"] {
        store.create(&key(name), record(name), at(NOW)).await.unwrap();
    }
    assert!(store.remove(&key("gone"), "gone").await.unwrap());
    assert!(store.replace(&key("a"), "a", expiring("2", NOW + 1), at(NOW)).await.unwrap());
}

async fn assert_filled(store: &dyn RecordStore) {
    let expected = [("b", record("b")), ("a", expiring("2", NOW + 1)), ("c", record("c"))];
    let expected = expected.map(|(name, record)| (key(name), record));
    assert_eq!(store.list("user", 9, at(NOW)).await.unwrap(), expected);
    let created = store.create(&key("a"), record("3"), at(NOW)).await.unwrap();
    assert_eq!(created, Created::Existing(expiring("2", NOW + 1)));
}
