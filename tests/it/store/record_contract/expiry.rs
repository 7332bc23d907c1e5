//! Records expire, and a cleanup removes those that have.

use std::time::Duration;

use futures_util::future::join_all;
use switchboard::core::ports::record_store::{Created, Record, RecordStore};
use tokio::runtime::Runtime;

use super::Close;
use crate::support::records::{NOW, at, expiring, get, key, record};

pub fn record_expires_exactly_at_its_instant(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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

pub fn expired_record_is_replaced_by_a_new_one(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.create(&key("ann"), expiring("1", NOW), at(0)).await.unwrap();
        let early = store.create(&key("ann"), record("2"), at(NOW - 1)).await.unwrap();
        assert_eq!(early, Created::Existing(expiring("1", NOW)));
        let again = expiring("1", NOW + 5);
        assert_eq!(store.create(&key("ann"), again.clone(), at(NOW)).await.unwrap(), Created::Stored);
        assert_eq!(get(store, "ann").await, Some(again));
        assert_eq!(store.create(&key("ann"), record("3"), at(NOW + 5)).await.unwrap(), Created::Stored);
        assert_eq!(store.get(&key("ann"), at(i64::MAX)).await.unwrap(), Some(record("3")));
    });
}

pub fn replacement_changes_the_expiry(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        store.create(&key("ann"), expiring("1", NOW), at(0)).await.unwrap();
        for next in [expiring("1", NOW + 9), record("1"), expiring("1", NOW + 3)] {
            assert!(store.replace(&key("ann"), "1", next.clone(), at(NOW - 1)).await.unwrap());
            assert_eq!(get(store, "ann").await, Some(next));
        }
        assert_eq!(store.get(&key("ann"), at(NOW + 3)).await.unwrap(), None);
    });
}

pub fn cleanup_removes_only_expired_records(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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

pub fn cleanup_removes_many_records_at_once(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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
