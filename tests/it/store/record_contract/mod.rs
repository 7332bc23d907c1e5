//! The contract of every record store, run against each of them.

use std::time::Duration;

use futures_util::future::join_all;
use switchboard::{
    core::ports::{
        chat_store::ChatStore,
        record_store::{Created, MAX_RECORD_BYTES, MAX_RECORD_NAME_BYTES, Record, RecordKey, RecordStore},
    },
    protocols::chat_json::rekey,
    store::{MongoStore, SqliteStore},
};
use tokio::runtime::{Builder, Runtime};

use crate::store::json;
use crate::support::{
    mongod::Mongod,
    property::check_property,
    records::{NOW, at, expiring, get, key, names, record},
    wait::{TIMEOUT, until},
};

mod model;

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

fn created_record_is_returned(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        assert_eq!(get(store, "ann").await, None);
        assert_eq!(store.create(&key("ann"), record("1"), at(NOW)).await.unwrap(), Created::Now);
        let before = Created::Before(record("1"));
        assert_eq!(store.create(&key("ann"), record("2"), at(NOW)).await.unwrap(), before);
        assert_eq!(get(store, "ann").await, Some(record("1")));
    });
}

fn one_of_many_concurrent_creates_succeeds(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(one_of_many_creates(store));
}

fn one_of_many_concurrent_creates_replaces_an_expired_record(
    runtime: &Runtime,
    store: &dyn RecordStore,
    _: Close,
) {
    runtime.block_on(async {
        store.create(&key("ann"), expiring("0", NOW), at(0)).await.unwrap();
        one_of_many_creates(store).await;
    });
}

async fn one_of_many_creates(store: &dyn RecordStore) {
    let creations = (1..=50).map(async |racer| {
        let mine = record(&racer.to_string());
        (mine.clone(), store.create(&key("ann"), mine, at(NOW)).await.unwrap())
    });
    let created = join_all(creations).await;
    let winners: Vec<_> = created.iter().filter(|(_, created)| *created == Created::Now).collect();
    let [(winner, _)] = winners[..] else { panic!("{} created it", winners.len()) };
    assert_eq!(get(store, "ann").await.as_ref(), Some(winner));
    let losers = created.iter().filter(|(_, created)| *created != Created::Now);
    assert!(losers.into_iter().all(|(_, created)| *created == Created::Before(winner.clone())));
}

fn record_expires_exactly_at_its_instant(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        let nanosecond = Duration::from_nanos(1);
        let given = Record { json: "1".into(), expires: Some(at(NOW) + 999_999 * nanosecond) };
        store.create(&key("ann"), given, at(0)).await.unwrap();
        for (now, expected) in [
            (at(0), Some(expiring("1", NOW))),
            (at(NOW) - nanosecond, Some(expiring("1", NOW))),
            (at(NOW), None),
            (at(NOW) + nanosecond, None),
        ] {
            assert_eq!(store.get(&key("ann"), now).await.unwrap(), expected, "{now:?}");
            let listed = store.list("user", 9, now).await.unwrap();
            assert_eq!(listed.into_iter().map(|(_, record)| record).next(), expected, "{now:?}");
        }
        assert!(!store.replace(&key("ann"), "1", record("2"), at(NOW)).await.unwrap());
    });
}

fn expired_record_is_replaced_by_a_new_one(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.create(&key("ann"), expiring("1", NOW), at(0)).await.unwrap();
        let early = store.create(&key("ann"), record("2"), at(NOW - 1)).await.unwrap();
        assert_eq!(early, Created::Before(expiring("1", NOW)));
        let again = expiring("1", NOW + 5);
        assert_eq!(store.create(&key("ann"), again.clone(), at(NOW)).await.unwrap(), Created::Now);
        assert_eq!(get(store, "ann").await, Some(again));
        assert_eq!(store.create(&key("ann"), record("3"), at(NOW + 5)).await.unwrap(), Created::Now);
        assert_eq!(store.get(&key("ann"), at(i64::MAX)).await.unwrap(), Some(record("3")));
    });
}

fn record_is_replaced_only_if_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        let replace =
            async |expected, json| store.replace(&key("ann"), expected, record(json), at(NOW)).await.unwrap();
        assert!(!replace("1", "2").await, "there is none");
        assert_eq!(get(store, "ann").await, None);
        store.create(&key("ann"), record("1"), at(NOW)).await.unwrap();
        for other in ["2", "", "1 ", "01", "1.0", r#"{"$ne":"2"}"#] {
            assert!(!replace(other, "3").await, "{other}");
        }
        assert!(replace("1", "1").await, "with what it was");
        assert!(replace("1", "2").await);
        assert!(!replace("1", "3").await);
        assert_eq!(get(store, "ann").await, Some(record("2")));
    });
}

fn concurrent_increments_lose_no_count(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.create(&key("count"), record("0"), at(NOW)).await.unwrap();
        join_all((0..100).map(|_| count_one_more(store))).await;
        assert_eq!(get(store, "count").await, Some(record("100")));
    });
}

async fn count_one_more(store: &dyn RecordStore) {
    loop {
        let counted = get(store, "count").await.expect("no caller removes it").json;
        let next = record(&(counted.parse::<u32>().unwrap() + 1).to_string());
        if store.replace(&key("count"), &counted, next, at(NOW)).await.unwrap() {
            return;
        }
    }
}

fn replacement_changes_the_expiry(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.create(&key("ann"), expiring("1", NOW), at(0)).await.unwrap();
        for next in [expiring("1", NOW + 9), record("1"), expiring("1", NOW + 3)] {
            assert!(store.replace(&key("ann"), "1", next.clone(), at(NOW - 1)).await.unwrap());
            assert_eq!(get(store, "ann").await, Some(next));
        }
        assert_eq!(store.get(&key("ann"), at(NOW + 3)).await.unwrap(), None);
    });
}

fn record_is_removed_only_if_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        assert!(!store.remove(&key("ann"), "1").await.unwrap(), "there is none");
        store.create(&key("ann"), record("1"), at(NOW)).await.unwrap();
        assert!(!store.remove(&key("ann"), "2").await.unwrap());
        assert_eq!(get(store, "ann").await, Some(record("1")));
        assert!(store.remove(&key("ann"), "1").await.unwrap());
        assert!(!store.remove(&key("ann"), "1").await.unwrap());
        assert_eq!(get(store, "ann").await, None);
        assert_eq!(store.create(&key("ann"), record("2"), at(NOW)).await.unwrap(), Created::Now);
    });
}

fn namespaces_are_independent(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    const NAMESPACES: [&str; 4] = ["user", "users", "claim", "User"];
    runtime.block_on(async {
        let ann = |namespace| RecordKey { namespace, name: "ann".into() };
        for namespace in NAMESPACES {
            let created = store.create(&ann(namespace), record(namespace), at(NOW)).await.unwrap();
            assert_eq!(created, Created::Now, "{namespace}");
        }
        assert!(store.remove(&ann("claim"), "claim").await.unwrap());
        assert!(store.replace(&ann("users"), "users", record("0"), at(NOW)).await.unwrap());
        for (namespace, expected) in
            [("user", Some("user")), ("users", Some("0")), ("claim", None), ("User", Some("User"))]
        {
            let expected: Vec<_> = expected.map(|json| (ann(namespace), record(json))).into_iter().collect();
            assert_eq!(store.list(namespace, 9, at(NOW)).await.unwrap(), expected, "{namespace}");
        }
    });
}

fn record_names_are_compared_by_bytes(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        let long = "n".repeat(MAX_RECORD_NAME_BYTES - 1);
        let (long_a, long_b) = (format!("{long}a"), format!("{long}b"));
        let wide = "é".repeat(MAX_RECORD_NAME_BYTES / 2);
        let given = [
            "",
            " ",
            "a",
            "A",
            "a ",
            " a",
            "a\t",
            "\u{e9}",
            "e\u{301}",
            "ß",
            "ss",
            "1",
            "01",
            "$",
            "$where",
            ".",
            "a.b",
            "a/b",
            "%",
            "_",
            "'; DROP TABLE record; --",
            "{}",
            "\0",
            "a\0",
            "a\0b",
            "\u{feff}a",
            "😀",
            &long,
            &long_a,
            &long_b,
            &wide,
        ];
        for name in given {
            let created = store.create(&key(name), record(&format!("{name:?}")), at(NOW)).await.unwrap();
            assert_eq!(created, Created::Now, "{name:?}");
        }
        for name in given {
            assert_eq!(get(store, name).await, Some(record(&format!("{name:?}"))));
        }
        assert_eq!(names(store).await, given.map(Box::from));
        for name in given {
            assert!(store.remove(&key(name), &format!("{name:?}")).await.unwrap(), "{name:?}");
        }
    });
}

fn every_json_is_returned_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    check_property(24, &json::texts(), |texts: Vec<String>| {
        runtime.block_on(async {
            let mut last = record("null");
            store.create(&key("ann"), last.clone(), at(NOW)).await.unwrap();
            for text in &texts {
                let next = record(text);
                assert!(store.replace(&key("ann"), &last.json, next.clone(), at(NOW)).await.unwrap());
                assert_eq!(get(store, "ann").await.as_ref(), Some(&next));
                last = next;
            }
            assert!(store.remove(&key("ann"), &last.json).await.unwrap());
            assert_eq!(store.create(&key("ann"), last.clone(), at(NOW)).await.unwrap(), Created::Now);
            assert_eq!(get(store, "ann").await.as_ref(), Some(&last));
            assert!(store.remove(&key("ann"), &last.json).await.unwrap());
        });
    });
}

fn largest_record_fits(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        let name = "n".repeat(MAX_RECORD_NAME_BYTES);
        let content = |letter: &str| record(&format!("\"{}\"", letter.repeat(MAX_RECORD_BYTES - 2)));
        store.create(&key(&name), content("a"), at(NOW)).await.unwrap();
        assert!(store.replace(&key(&name), &content("a").json, content("b"), at(NOW)).await.unwrap());
        assert_eq!(get(store, &name).await, Some(content("b")));
        assert!(store.remove(&key(&name), &content("b").json).await.unwrap());
    });
}

fn records_are_listed_oldest_first(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        // Sorted neither by name nor by content.
        for name in ["5", "1", "4", "2", "3"] {
            let given = if name == "4" { expiring("4", NOW) } else { record(name) };
            store.create(&key(name), given, at(0)).await.unwrap();
        }
        store.replace(&key("1"), "1", record("9"), at(0)).await.unwrap();
        store.create(&key("4"), record("4"), at(NOW)).await.unwrap();
        store.remove(&key("5"), "5").await.unwrap();
        store.create(&key("5"), record("5"), at(NOW)).await.unwrap();
        assert_eq!(names(store).await, ["1", "2", "3", "4", "5"].map(Box::from));
    });
}

fn a_list_has_no_more_than_asked_for_and_nothing_expired(
    runtime: &Runtime,
    store: &dyn RecordStore,
    _: Close,
) {
    runtime.block_on(async {
        assert!(store.list("user", 9, at(NOW)).await.unwrap().is_empty());
        let given = ["a", "b", "c", "d", "e", "f"];
        for (name, expires) in given.into_iter().zip([None, Some(0), Some(1), Some(-1), None, Some(2)]) {
            let expires = expires.map(|later| at(NOW + later));
            store.create(&key(name), Record { json: "1".into(), expires }, at(0)).await.unwrap();
        }
        let expected = ["a", "c", "e", "f"];
        for limit in 0..6 {
            let list = store.list("user", limit, at(NOW)).await.unwrap();
            let found: Vec<_> = list.iter().map(|(key, _)| &*key.name).collect();
            assert_eq!(found, expected[..limit.min(expected.len())]);
        }
    });
}

fn cleanup_removes_only_expired_records(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.forget_expired(at(NOW)).await.unwrap();
        let given = [
            ("stays", record("1")),
            ("earlier", expiring("1", NOW - 1)),
            ("now", expiring("1", NOW)),
            ("later", expiring("1", NOW + 1)),
        ];
        for (name, given) in given {
            store.create(&key(name), given, at(0)).await.unwrap();
        }
        store.forget_expired(at(NOW)).await.unwrap();
        // Reading at a time before the expiry would show records that are still stored.
        let left = store.list("user", 9, at(0)).await.unwrap();
        let left: Vec<_> = left.iter().map(|(key, _)| &*key.name).collect();
        assert_eq!(left, ["stays", "later"]);
    });
}

fn cleanup_removes_many_records_at_once(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        for hundred in 0..6 {
            let create = async |number: usize| {
                let key = key(&format!("{hundred} {number}"));
                store.create(&key, expiring("1", NOW), at(0)).await.unwrap()
            };
            join_all((0..100).map(create)).await;
        }
        assert_eq!(store.list("user", usize::MAX, at(0)).await.unwrap().len(), 600);
        store.forget_expired(at(NOW)).await.unwrap();
        assert!(store.list("user", usize::MAX, at(0)).await.unwrap().is_empty());
    });
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
    assert_eq!(created, Created::Before(expiring("2", NOW + 1)));
}
