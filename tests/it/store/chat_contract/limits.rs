//! Full histories: the space of saves, the reserve for live messages, and refusals of whole saves.

use switchboard::core::{
    model::{
        chat::{MAX_SUPERSEDED, MAX_SUPERSEDED_BYTES},
        ids::ParticipantId,
    },
    ports::chat_store::Appended,
};

use super::*;
use crate::support::chats::message;

contract! {
    save_above_the_entry_limit_stores_nothing,
    save_above_the_byte_limit_stores_nothing,
    live_messages_use_the_reserved_space,
    full_history_saved_back_adds_nothing,
    versions_of_an_entry_are_limited,
    superseded_versions_have_their_own_budget,
}

const MAX_SAVED: usize = MAX_ENTRIES - RESERVED_ENTRIES;
const MAX_SAVED_BYTES: usize = MAX_HISTORY_BYTES - RESERVED_BYTES;

fn save_above_the_entry_limit_stores_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let most: Vec<_> = (0..MAX_SAVED).map(|id| entry_of(&id.to_string(), "1")).collect();
        assert_full(store, &room, [most.clone(), entries([MAX_SAVED])].concat()).await;
        assert!(store.history(&room).await.unwrap().is_empty());

        assert_eq!(store.save(&room, most.clone()).await.unwrap(), Saved { added: MAX_SAVED });
        assert_full(store, &room, entries([MAX_SAVED])).await;
        // Stored entries need no new space.
        assert_eq!(store.save(&room, most).await.unwrap(), Saved { added: 0 });
        assert_eq!(store.history(&room).await.unwrap().len(), MAX_SAVED);
    });
}

fn save_above_the_byte_limit_stores_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let large = |id: usize| entry_of(&id.to_string(), &text_of(MAX_ENTRY_BYTES));
        let most: Vec<_> = (0..MAX_SAVED_BYTES / MAX_ENTRY_BYTES).map(large).collect();
        store.save(&room, most[1..].to_vec()).await.unwrap();

        assert_full(store, &room, vec![entry_of("small", "1"), most[0].clone()]).await;
        assert_eq!(store.history(&room).await.unwrap(), texts(&most[1..]));
        assert_eq!(store.save(&room, most.clone()).await.unwrap(), Saved { added: 1 });
        assert_full(store, &room, vec![entry_of("small", "1")]).await;
        assert_eq!(store.history(&room).await.unwrap().len(), most.len());
    });
}

/// Fills the space of saves, then the reserve for live messages.
async fn fill(store: &dyn ChatStore, room: &RoomId, ann: ParticipantId) -> usize {
    let large = |id: usize| entry_of(&id.to_string(), &text_of(MAX_ENTRY_BYTES));
    store.save(room, (0..MAX_SAVED_BYTES / MAX_ENTRY_BYTES).map(large).collect()).await.unwrap();
    let body = "x".repeat(16 * 1024);
    for number in 0.. {
        match store.append(room, message(ann, &number.to_string(), &body)).await {
            Ok(appended) => assert_eq!(appended, Appended::Stored),
            Err(error) => {
                assert!(matches!(error, SaveError::Full));
                return number;
            }
        }
    }
    unreachable!()
}

fn live_messages_use_the_reserved_space(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let written = fill(store, &room, ann).await;
        assert_eq!(written, RESERVED_BYTES / (17 * 1024));
        assert_full(store, &room, vec![entry_of("small", "1")]).await;
        let first = message(ann, "0", &"x".repeat(16 * 1024));
        let retry = store.append(&room, first.clone()).await.unwrap();
        assert_eq!(retry, Appended::AlreadyStored(first.json), "a retry needs no room");
        let other = store.append(&room, message(ann, "0", "other")).await.unwrap();
        assert_eq!(other, Appended::Conflict);
    });
}

fn full_history_saved_back_adds_nothing(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let most: Vec<_> = (0..MAX_SAVED).map(|number| format!("{number}")).collect();
        store.save(&room, saved(&most)).await.unwrap();
        for number in 0..RESERVED_ENTRIES {
            store.append(&room, message(ann, &number.to_string(), "hi")).await.unwrap();
        }
        assert!(matches!(store.append(&room, message(ann, "late", "hi")).await, Err(SaveError::Full)));
        let served = store.history(&room).await.unwrap();
        assert_eq!(served.len(), MAX_ENTRIES);
        // A busy machine may need longer for a history of this size than a save may take.
        let back = async || match store.save(&room, saved(&served)).await {
            Err(SaveError::Unavailable(_)) => None,
            answer => Some(answer.unwrap()),
        };
        assert_eq!(until("it is saved back", TIMEOUT, back).await, Saved { added: 0 });
        assert_eq!(store.history(&room).await.unwrap(), served);
    });
}

fn version(n: usize, bytes: usize) -> String {
    format!(r#"{{"id":1,"from":"ann","n":{n},"x":"{}"}}"#, "x".repeat(bytes))
}

fn versions_of_an_entry_are_limited(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        for n in 0..=MAX_SUPERSEDED {
            assert_eq!(store.save(&room, saved([version(n, 0)])).await.unwrap().added, 1, "{n}");
        }
        let news = r#""news""#.to_owned();
        assert_full(store, &room, saved([news, version(MAX_SUPERSEDED + 1, 0)])).await;
        assert_eq!(store.save(&room, saved([version(0, 0)])).await.unwrap(), Saved { added: 0 });
        assert_eq!(store.history(&room).await.unwrap(), [Box::from(version(MAX_SUPERSEDED, 0))]);
        // In one save, too.
        let room = fresh_room();
        let too_many = (0..MAX_SUPERSEDED + 2).map(|n| version(n, 0));
        assert_full(store, &room, saved(too_many)).await;
        assert!(store.history(&room).await.unwrap().is_empty());
    });
}

fn superseded_versions_have_their_own_budget(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, bytes) = (fresh_room(), 60 * 1024);
        let fit = MAX_SUPERSEDED_BYTES / version(10, bytes).len();
        for n in 0..=fit {
            assert_eq!(store.save(&room, saved([version(n, bytes)])).await.unwrap().added, 1, "{n}");
        }
        assert_full(store, &room, saved([version(fit + 1, bytes)])).await;
        // The rest of the room is unchanged.
        assert_eq!(store.save(&room, saved(["\"news\""])).await.unwrap().added, 1);
        assert_eq!(store.history(&room).await.unwrap()[0], Box::from(version(fit, bytes)));
    });
}
