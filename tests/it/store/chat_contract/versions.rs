//! Saved entries: equal entries, newer versions and separate entries.

use switchboard::core::ports::chat_store::{ChatStore, Saved};
use tokio::runtime::Runtime;

use crate::support::chats::{fresh_room, saved};

contract! {
    newer_version_is_served_at_the_position_of_the_first,
    known_version_changes_nothing,
    versions_in_one_save_follow_each_other,
    sender_distinguishes_entries_of_equal_id,
    entry_without_a_sender_never_changes,
    equal_entries_are_kept_as_often_as_in_the_longest_save,
    content_equal_as_javascript_values_is_distinguished,
    history_saved_back_adds_nothing,
    concurrent_changes_of_one_entry_lose_no_version,
}

/// Saves `texts` at once and returns the number of added rows.
async fn save(store: &dyn ChatStore, room: &switchboard::core::model::ids::RoomId, texts: &[&str]) -> usize {
    store.save(room, saved(texts)).await.unwrap().added
}

fn newer_version_is_served_at_the_position_of_the_first(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let (old, new) = (r#"{"id":1,"from":"ann","text":"old"}"#, r#"{"id":1,"from":"ann","text":"new"}"#);
        assert_eq!(save(store, &room, &[old, "\"between\""]).await, 2);
        assert_eq!(save(store, &room, &[new, "\"after\""]).await, 2);
        assert_eq!(store.history(&room).await.unwrap(), [new, "\"between\"", "\"after\""].map(Box::from));
    });
}

fn known_version_changes_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let (a, b) = (r#"{"id":"x","sender":"ann","t":"a"}"#, r#"{"id":"x","sender":"ann","t":"b"}"#);
        for (text, added) in [(a, 1), (b, 1), (a, 0), (b, 0), (a, 0)] {
            assert_eq!(save(store, &room, &[text]).await, added);
        }
        assert_eq!(store.history(&room).await.unwrap(), [Box::from(b)]);
    });
}

fn versions_in_one_save_follow_each_other(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let versions: Vec<_> = (0..5).map(|n| format!(r#"{{"id":1,"name":"ann","n":{n}}}"#)).collect();
        let versions: Vec<_> = versions.iter().map(String::as_str).collect();
        assert_eq!(save(store, &room, &versions).await, 5);
        assert_eq!(save(store, &room, &versions).await, 0);
        assert_eq!(store.history(&room).await.unwrap(), [Box::from(versions[4])]);
    });
}

fn sender_distinguishes_entries_of_equal_id(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let texts = [
            r#"{"id":1,"from":"ann"}"#,
            r#"{"id":1,"sender":"bob"}"#,
            r#"{"id":1,"user_id":7}"#,
            r#"{"id":1,"name":"7"}"#,
            r#"{"id":"1","from":"ann"}"#,
        ];
        assert_eq!(save(store, &room, &texts).await, texts.len());
        assert_eq!(store.history(&room).await.unwrap(), texts.map(Box::from));
    });
}

fn entry_without_a_sender_never_changes(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let texts = [r#"{"id":1,"text":"a"}"#, r#"{"id":1,"text":"b"}"#];
        for text in texts {
            assert_eq!(save(store, &room, &[text]).await, 1);
        }
        assert_eq!(save(store, &room, &[texts[1], texts[0], texts[0]]).await, 0);
        assert_eq!(store.history(&room).await.unwrap(), texts.map(Box::from));
    });
}

fn equal_entries_are_kept_as_often_as_in_the_longest_save(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let ok = r#"{"from":"ann","text":"ok"}"#;
        for (times, added) in [(2, 2), (1, 0), (3, 1), (3, 0)] {
            assert_eq!(save(store, &room, &vec![ok; times]).await, added);
        }
        assert_eq!(store.history(&room).await.unwrap(), [ok; 3].map(Box::from));
    });
}

fn content_equal_as_javascript_values_is_distinguished(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let texts = [
            r#"{"n":9007199254740993}"#,
            r#"{"n":9007199254740992}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":2}"#,
            "1e400",
            "1e401",
            r#""\ud800""#,
        ];
        assert_eq!(save(store, &room, &texts).await, texts.len());
        assert_eq!(store.history(&room).await.unwrap(), texts.map(Box::from));
        let same = [r#"{"n":9007199254740993.0}"#, "10e399", r#""\ufffd""#, r#"{ "a" : 1.0, "a" : 2e0 }"#];
        assert_eq!(save(store, &room, &same).await, 0);
    });
}

fn history_saved_back_adds_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let (a, b) = (r#"{"id":1,"from":"ann","t":"a"}"#, r#"{"id":1,"from":"ann","t":"b"}"#);
        save(store, &room, &["\"ok\"", a, "\"ok\"", r#"{"id":2}"#]).await;
        save(store, &room, &[b, "\"ok\"", r#"{"id":2,"x":0}"#]).await;
        let served = store.history(&room).await.unwrap();
        assert_eq!(store.save(&room, saved(&served)).await.unwrap(), Saved { added: 0 });
        assert_eq!(store.history(&room).await.unwrap(), served);
    });
}

fn concurrent_changes_of_one_entry_lose_no_version(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let version = |who: &str, n: usize| format!(r#"{{"id":1,"from":"ann","by":"{who}","n":{n}}}"#);
        let change = |who: &'static str| {
            let room = &room;
            async move {
                for n in 0..8 {
                    save(store, room, &[&version(who, n)]).await;
                }
            }
        };
        tokio::join!(change("ann"), change("bob"));
        assert_eq!(store.history(&room).await.unwrap().len(), 1);
        for who in ["ann", "bob"] {
            for n in 0..8 {
                assert_eq!(save(store, &room, &[&version(who, n)]).await, 0, "{who} {n}");
            }
        }
    });
}
