//! Records are created, replaced and removed by one caller each, whatever the others do.

use futures_util::future::join_all;
use switchboard::core::ports::record_store::{Created, RecordStore};
use tokio::runtime::Runtime;

use super::Close;
use crate::support::records::{NOW, at, expiring, get, key, record};

pub fn created_record_is_returned(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        assert_eq!(get(store, "ann").await, None);
        assert_eq!(store.create(&key("ann"), record("1"), at(NOW)).await.unwrap(), Created::Stored);
        let before = Created::Existing(record("1"));
        assert_eq!(store.create(&key("ann"), record("2"), at(NOW)).await.unwrap(), before);
        assert_eq!(get(store, "ann").await, Some(record("1")));
    });
}

pub fn one_of_many_concurrent_creates_succeeds(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(one_of_many_creates(store));
}

pub fn one_of_many_concurrent_creates_replaces_an_expired_record(
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
    let winners: Vec<_> = created.iter().filter(|(_, created)| *created == Created::Stored).collect();
    let [(winner, _)] = winners[..] else { panic!("{} created it", winners.len()) };
    assert_eq!(get(store, "ann").await.as_ref(), Some(winner));
    let losers = created.iter().filter(|(_, created)| *created != Created::Stored);
    assert!(losers.into_iter().all(|(_, created)| *created == Created::Existing(winner.clone())));
}

pub fn record_is_replaced_only_if_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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

pub fn concurrent_increments_lose_no_count(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
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

pub fn record_is_removed_only_if_unchanged(runtime: &Runtime, store: &dyn RecordStore, _: Close) {
    runtime.block_on(async {
        assert!(!store.remove(&key("ann"), "1").await.unwrap(), "there is none");
        store.create(&key("ann"), record("1"), at(NOW)).await.unwrap();
        assert!(!store.remove(&key("ann"), "2").await.unwrap());
        assert_eq!(get(store, "ann").await, Some(record("1")));
        assert!(store.remove(&key("ann"), "1").await.unwrap());
        assert!(!store.remove(&key("ann"), "1").await.unwrap());
        assert_eq!(get(store, "ann").await, None);
        assert_eq!(store.create(&key("ann"), record("2"), at(NOW)).await.unwrap(), Created::Stored);
    });
}
