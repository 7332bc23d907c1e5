//! Live messages: stored once per sender and id, and distinct from saved entries.

use switchboard::core::{
    model::ids::ParticipantId,
    ports::chat_store::{Appended, ChatStore, Saved},
};
use tokio::runtime::Runtime;

use crate::support::chats::{fresh_room, message, saved};

contract! {
    retry_returns_the_stored_message,
    another_body_under_the_same_id_is_a_conflict,
    equal_id_of_another_participant_is_another_message,
    saved_copy_of_a_live_message_is_not_stored_again,
    live_message_takes_the_place_of_its_saved_copy,
    another_body_saved_under_a_messages_id_is_a_separate_entry,
}

fn retry_returns_the_stored_message(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        for id in ["1", "2"] {
            let first = message(ann, id, "hi");
            assert_eq!(store.append(&room, first.clone()).await.unwrap(), Appended::Stored);
            let mut retry = first.clone();
            retry.json = r#"{"another":"time"}"#.into();
            assert_eq!(store.append(&room, retry).await.unwrap(), Appended::AlreadyStored(first.json));
        }
        assert_eq!(store.history(&room).await.unwrap().len(), 2);
    });
}

fn another_body_under_the_same_id_is_a_conflict(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let first = message(ann, "1", "hi");
        store.append(&room, first.clone()).await.unwrap();
        assert_eq!(store.append(&room, message(ann, "1", "ho")).await.unwrap(), Appended::Conflict);
        assert_eq!(
            store.append(&room, first.clone()).await.unwrap(),
            Appended::AlreadyStored(first.json.clone())
        );
        assert_eq!(store.history(&room).await.unwrap(), [first.json]);
    });
}

fn equal_id_of_another_participant_is_another_message(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let room = fresh_room();
        let messages = [(); 2].map(|()| message(ParticipantId::random(), "1", "hi"));
        for message in &messages {
            assert_eq!(store.append(&room, message.clone()).await.unwrap(), Appended::Stored);
        }
        assert_eq!(store.history(&room).await.unwrap(), messages.map(|message| message.json));
    });
}

fn saved_copy_of_a_live_message_is_not_stored_again(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let live = message(ann, "1", "hi");
        store.append(&room, live.clone()).await.unwrap();
        let with_more = format!(r#"{{"body":"hi","id":"1","from":"{ann}","name":"A","read":true}}"#);
        for text in [&*live.json, &with_more] {
            assert_eq!(store.save(&room, saved([text])).await.unwrap(), Saved { added: 0 });
        }
        assert_eq!(store.history(&room).await.unwrap(), [live.json]);
    });
}

fn live_message_takes_the_place_of_its_saved_copy(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let early = format!(r#"{{"id":"1","from":"{ann}","body":"hi","early":true}}"#);
        let older = format!(r#"{{"id":"2","from":"{ann}","body":"older"}}"#);
        let newer = format!(r#"{{"id":"2","from":"{ann}","body":"newer"}}"#);
        for text in [&early, &older, &newer] {
            assert_eq!(store.save(&room, saved([text])).await.unwrap(), Saved { added: 1 });
        }
        assert_eq!(store.history(&room).await.unwrap(), [&*early, &newer].map(Box::from));

        let live = [message(ann, "1", "hi"), message(ann, "2", "newer")];
        for live in &live {
            assert_eq!(store.append(&room, live.clone()).await.unwrap(), Appended::Stored);
        }
        // The version that equals no message is still served.
        let [first, second] = live.map(|live| live.json);
        assert_eq!(store.history(&room).await.unwrap(), [older.as_str().into(), first, second]);
        let again = store.save(&room, saved([&early, &older, &newer])).await.unwrap();
        assert_eq!(again, Saved { added: 0 });
    });
}

fn another_body_saved_under_a_messages_id_is_a_separate_entry(runtime: &Runtime, store: &dyn ChatStore) {
    runtime.block_on(async {
        let (room, ann) = (fresh_room(), ParticipantId::random());
        let forged = format!(r#"{{"id":"1","from":"{ann}","body":"forged"}}"#);
        store.save(&room, saved([&forged])).await.unwrap();
        let live = message(ann, "1", "hi");
        assert_eq!(store.append(&room, live.clone()).await.unwrap(), Appended::Stored);
        let again = format!(r#"{{"id":"1","from":"{ann}","body":"forged again"}}"#);
        store.save(&room, saved([&again])).await.unwrap();
        assert_eq!(store.history(&room).await.unwrap(), [again.as_str().into(), live.json]);
    });
}
