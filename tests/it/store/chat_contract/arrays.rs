//! Arrays that replace each other, for clients of a server that overwrites.

use switchboard::core::{
    model::{
        chat::{MAX_ENTRIES, MAX_REPLACED, RESERVED_ENTRIES},
        error::SaveError,
        ids::{ParticipantId, RoomId},
    },
    ports::chat_store::{ChatStore, Saved},
};
use tokio::runtime::Runtime;

use crate::support::chats::{fresh_room, message, saved};

contract! {
    array_replaces_the_one_before_it,
    prefix_of_the_current_array_changes_nothing,
    two_views_of_one_chat_are_stored_once,
    live_messages_are_neither_replaced_nor_duplicated,
    message_saved_before_it_was_sent_is_served_once,
    array_keeps_equal_entries_and_versions,
    oversized_array_changes_nothing,
    repeated_replacement_leaves_one_array,
    merging_and_replacing_may_alternate,
    concurrent_replacements_leave_one_whole_array,
}

async fn replace(store: &dyn ChatStore, room: &RoomId, texts: &[&str]) -> usize {
    store.replace_saved(room, saved(texts)).await.unwrap().added
}

async fn assert_serves(store: &dyn ChatStore, room: &RoomId, texts: &[&str]) {
    let served = store.history(room).await.unwrap();
    assert_eq!(served.iter().map(|text| &**text).collect::<Vec<_>>(), texts);
}

fn array_replaces_the_one_before_it(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        for array in [&["1", "2"][..], &["1", "2", "3"], &["2", "1"], &["4"], &["4", "1"]] {
            assert_eq!(replace(store, &room, array).await, array.len());
            assert_serves(store, &room, array).await;
        }
    });
}

fn prefix_of_the_current_array_changes_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let array = ["1", r#"{"a":1,"b":2}"#, r#""c""#];
        assert_eq!(replace(store, &room, &[]).await, 0);
        replace(store, &room, &array).await;
        for beginning in [&[][..], &["1.0"], &["1", r#"{ "b":2, "a":1 }"#], &["1", array[1], r#""\u0063""#]] {
            assert_eq!(replace(store, &room, beginning).await, 0);
            assert_serves(store, &room, &array).await;
        }
    });
}

/// Source: the saves of the original's page on each side when the two hang up.
fn two_views_of_one_chat_are_stored_once(runtime: &Runtime, store: &dyn ChatStore) {
    let mine = |id: &str, text: &str| format!(r#"{{"isMe":true,"user_id":"{id}","message":"{text}"}}"#);
    let theirs = |id: &str, text: &str| {
        format!(r#"{{"isMe":false,"message":"{text}","old_text":"{text}","user_id":"{id}"}}"#)
    };
    runtime.block_on(async {
        let room = fresh_room();
        let mut length = 0;
        for visit in 0..4 {
            let before = store.history(&room).await.unwrap();
            let before: Vec<_> = before.iter().map(ToString::to_string).collect();
            let (hello, hi) = (format!("hello {visit}"), format!("hi {visit}"));
            let ann = [before.clone(), vec![mine("ann", &hello), theirs("bob", &hi)]].concat();
            let bob = [before, vec![theirs("ann", &hello), mine("bob", &hi)]].concat();
            length += 2;
            for view in [ann, bob] {
                store.replace_saved(&room, saved(&view)).await.unwrap();
                assert_eq!(store.history(&room).await.unwrap().len(), length);
            }
        }
    });
}

fn live_messages_are_neither_replaced_nor_duplicated(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let live = ["one", "two"].map(|body| message(ann, body, body));
        let [one, two] = [&*live[0].json, &*live[1].json];
        store.append(&room, live[0].clone()).await.unwrap();
        replace(store, &room, &["1"]).await;
        assert_serves(store, &room, &[one, "1"]).await;
        store.append(&room, live[1].clone()).await.unwrap();
        assert_serves(store, &room, &[one, "1", two]).await;

        // The history saved back, then with more entries, then without the messages.
        assert_eq!(replace(store, &room, &[one, "1", two]).await, 0);
        replace(store, &room, &["1", one, "2", two, one, "3"]).await;
        assert_serves(store, &room, &["1", one, "2", two, "3"]).await;
        assert_eq!(replace(store, &room, &["1", "2", "3"]).await, 0);
        assert_eq!(replace(store, &room, &[two, one]).await, 0, "no entries are the beginning of any");
        replace(store, &room, &["4"]).await;
        assert_serves(store, &room, &[one, two, "4"]).await;
    });
}

fn message_saved_before_it_was_sent_is_served_once(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let live = message(ann, "1", "hi");
        replace(store, &room, &["1", &live.json, "2"]).await;
        store.append(&room, live.clone()).await.unwrap();
        assert_serves(store, &room, &["1", "2", &live.json]).await;
        assert_eq!(replace(store, &room, &["1", "2", &live.json]).await, 0);
        assert_eq!(replace(store, &room, &["1", &live.json, "2"]).await, 0);
    });
}

fn array_keeps_equal_entries_and_versions(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let array = [
            r#"{"id":1,"from":"a","n":1}"#,
            r#"{"id":1,"from":"a","n":2}"#,
            "7",
            "7",
            r#"{"id":2}"#,
            r#"{"id":2}"#,
        ];
        assert_eq!(replace(store, &room, &array).await, array.len());
        assert_serves(store, &room, &array).await;
        assert_eq!(replace(store, &room, &array).await, 0);
    });
}

fn oversized_array_changes_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let most: Vec<_> = (0..MAX_ENTRIES - RESERVED_ENTRIES).map(|number| number.to_string()).collect();
        let live = message(ann, "1", "hi");
        store.append(&room, live.clone()).await.unwrap();
        assert!(matches!(store.replace_saved(&room, saved(&most)).await, Err(SaveError::Full)));
        assert_serves(store, &room, &[&live.json]).await;
        // Messages among the entries need no space.
        let with_live: Vec<_> = most[1..].iter().map(String::as_str).chain([&*live.json]).collect();
        assert_eq!(replace(store, &room, &with_live).await, most.len() - 1);
        assert_serves(store, &room, &with_live).await;
    });
}

fn repeated_replacement_leaves_one_array(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let large = |number: usize| format!("\"{number} {}\"", "x".repeat(60_000));
        for number in 0..2 * MAX_REPLACED {
            let array = [0, 1, 2, 3].map(|item| large(number * 4 + item));
            assert_eq!(store.replace_saved(&room, saved(&array)).await.unwrap(), Saved { added: 4 });
        }
        let last = [0, 1, 2, 3].map(|item| large((2 * MAX_REPLACED - 1) * 4 + item));
        assert_serves(store, &room, &last.each_ref().map(String::as_str)).await;
    });
}

fn merging_and_replacing_may_alternate(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let (old, new) = (r#"{"id":1,"from":"ann","t":"old"}"#, r#"{"id":1,"from":"ann","t":"new"}"#);
        let save = async |texts: &[&str]| store.save(&room, saved(texts)).await.unwrap().added;
        assert_eq!(save(&["0", old]).await, 2);
        // The first replacing array is compared with the merged history.
        assert_eq!(replace(store, &room, &["0"]).await, 0);
        assert_eq!(replace(store, &room, &["1", old, "1"]).await, 3);
        assert_serves(store, &room, &["1", old, "1"]).await;

        assert_eq!(save(&["1", old, "1"]).await, 0, "the history saved back adds nothing");
        assert_eq!(
            save(&[new, "1", "1", "1", "0"]).await,
            3,
            "a version, a third of three, and what was replaced"
        );
        assert_serves(store, &room, &["1", new, "1", "1", "0"]).await;
        assert_eq!(save(&[old, "0"]).await, 0);
        let live = message(ann, "1", "hi");
        store.append(&room, live.clone()).await.unwrap();

        assert_eq!(replace(store, &room, &["1", new, "1", "1"]).await, 0, "a prefix of the history");
        assert_eq!(replace(store, &room, &["1", new, "1", "1", "0", &live.json, "2"]).await, 6);
        assert_serves(store, &room, &["1", new, "1", "1", "0", &live.json, "2"]).await;
        assert_eq!(save(&["1", new, "1", "1", "0", &live.json, "2"]).await, 0);
    });
}

fn concurrent_replacements_leave_one_whole_array(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let array = |who: &str, n: usize| -> Vec<String> {
            (0..3).map(|item| format!(r#""{who} {n} {item}""#)).collect()
        };
        let talk = |who: &'static str| {
            let room = &room;
            async move {
                for n in 0..6 {
                    store.replace_saved(room, saved(array(who, n))).await.unwrap();
                }
            }
        };
        tokio::join!(talk("ann"), talk("bob"));
        let served = store.history(&room).await.unwrap();
        let last = ["ann", "bob"].map(|who| array(who, 5));
        assert!(
            last.iter().any(|array| served.iter().map(|text| &**text).eq(array.iter().map(String::as_str)))
        );
    });
}
