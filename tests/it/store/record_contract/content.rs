//! Names, namespaces, contents and lists of records.

use switchboard::core::ports::record_store::{
    Created, MAX_RECORD_BYTES, MAX_RECORD_NAME_BYTES, Record, RecordKey, RecordStore,
};
use tokio::runtime::Runtime;

use super::Close;
use crate::{
    store::json,
    support::{
        property::check_property,
        records::{NOW, at, expiring, get, key, names, record},
    },
};

pub fn namespaces_are_independent(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    const NAMESPACES: [&str; 4] = ["user", "users", "claim", "User"];
    runtime.block_on(async {
        let ann = |namespace| RecordKey { namespace, name: "ann".into() };
        for namespace in NAMESPACES {
            let created = store.create(&ann(namespace), record(namespace), at(NOW)).await.unwrap();
            assert_eq!(created, Created::Stored, "{namespace}");
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

pub fn record_names_are_compared_by_bytes(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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
            assert_eq!(created, Created::Stored, "{name:?}");
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

pub fn every_json_is_returned_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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
            assert_eq!(store.create(&key("ann"), last.clone(), at(NOW)).await.unwrap(), Created::Stored);
            assert_eq!(get(store, "ann").await.as_ref(), Some(&last));
            assert!(store.remove(&key("ann"), &last.json).await.unwrap());
        });
    });
}

pub fn largest_record_fits(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        let name = "n".repeat(MAX_RECORD_NAME_BYTES);
        let content = |letter: &str| record(&format!("\"{}\"", letter.repeat(MAX_RECORD_BYTES - 2)));
        store.create(&key(&name), content("a"), at(NOW)).await.unwrap();
        assert!(store.replace(&key(&name), &content("a").json, content("b"), at(NOW)).await.unwrap());
        assert_eq!(get(store, &name).await, Some(content("b")));
        assert!(store.remove(&key(&name), &content("b").json).await.unwrap());
    });
}

pub fn records_are_listed_oldest_first(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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

pub fn a_list_has_no_more_than_asked_for_and_nothing_expired(
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
