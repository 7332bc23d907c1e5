//! Which messages the hub sends to the others, for each answer of the store.

use std::{sync::Arc, time::Duration};

use super::support::{ManualClock, MemoryStore, Recorder, Told, name, room_id, stored_form};
use crate::{
    cluster::LocalRegistry,
    core::{
        hub::{
            Hub,
            history::Published,
            join::{JoinRequest, Joined, RoomPolicy},
        },
        model::{
            chat::{MAX_ENTRIES, MAX_HISTORY_BYTES},
            error::Unavailable,
            session_token::SessionSigner,
        },
    },
};

/// Ann and Bob in one room; Ann receives.
struct Pair {
    hub: Hub,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    ann: Joined,
    bob: Joined,
    ann_hears: Arc<Recorder>,
}

impl Pair {
    async fn new() -> Self {
        let (clock, store) = (ManualClock::new(), Arc::new(MemoryStore::default()));
        let registry = Arc::new(LocalRegistry::new(clock.clone()));
        let hub = Hub::new(registry, store.clone(), clock.clone(), SessionSigner::new(b"secret"));
        let join = |who| {
            let policy = RoomPolicy::new(2, Duration::from_secs(30));
            hub.join(JoinRequest::new(room_id("7"), name(who), policy))
        };
        let (ann, bob) = (join("Ann").await.unwrap(), join("Bob").await.unwrap());
        let ann_hears = Recorder::new();
        hub.attach(&ann.seat, ann_hears.clone()).unwrap();
        Self { hub, store, clock, ann, bob, ann_hears }
    }

    async fn write(&self, from: &Joined, id: &str, body: &str) -> Result<Published, Unavailable> {
        let message = self.hub.compose(&from.seat, id, body).unwrap();
        self.hub.publish(&from.seat, &message, stored_form(&message)).await
    }

    /// The texts that Ann received.
    fn told(&self) -> Vec<String> {
        let told = self.ann_hears.told().into_iter();
        told.filter_map(|told| if let Told::Chat(body) = told { Some(body) } else { None }).collect()
    }

    async fn history(&self) -> Vec<Box<str>> {
        self.hub.view(&self.ann.seat).await.unwrap().history.unwrap()
    }
}

#[tokio::test]
async fn repeated_message_is_acknowledged_and_not_sent_again() {
    let pair = Pair::new().await;
    assert_eq!(pair.write(&pair.bob, "1", "hi").await.unwrap(), Published::Stored);
    assert!(matches!(pair.write(&pair.bob, "1", "hi").await, Ok(Published::AlreadyStored(_))));
    assert_eq!(pair.told(), ["hi"]);
    assert_eq!(pair.history().await.len(), 1);
}

#[tokio::test]
async fn other_text_under_the_same_id_is_a_conflict() {
    let pair = Pair::new().await;
    pair.write(&pair.bob, "1", "hi").await.unwrap();
    assert_eq!(pair.write(&pair.bob, "1", "ho").await.unwrap(), Published::Conflict);
    assert_eq!(pair.told(), ["hi"]);
}

#[tokio::test]
async fn same_id_of_another_participant_is_another_message() {
    let pair = Pair::new().await;
    assert_eq!(pair.write(&pair.ann, "1", "hi").await.unwrap(), Published::Stored);
    assert_eq!(pair.write(&pair.bob, "1", "hi").await.unwrap(), Published::Stored);
    assert_eq!(pair.told(), ["hi"]);
    assert_eq!(pair.history().await.len(), 2);
}

#[tokio::test]
async fn message_stored_without_an_answer_is_sent_when_repeated() {
    let pair = Pair::new().await;
    pair.store.lose_the_next_answer();
    assert!(pair.write(&pair.bob, "1", "hi").await.is_err());
    assert_eq!(pair.told(), [""; 0]);
    for _ in 0..2 {
        assert!(matches!(pair.write(&pair.bob, "1", "hi").await, Ok(Published::AlreadyStored(_))));
        assert_eq!(pair.told(), ["hi"]);
    }
    assert_eq!(pair.history().await.len(), 1);
}

#[tokio::test]
async fn unanswered_repetition_of_a_sent_message_is_not_sent_again() {
    let pair = Pair::new().await;
    pair.write(&pair.bob, "1", "hi").await.unwrap();
    pair.clock.advance(Duration::from_millis(1));
    pair.store.lose_the_next_answer();
    assert!(pair.write(&pair.bob, "1", "hi").await.is_err());
    assert!(matches!(pair.write(&pair.bob, "1", "hi").await, Ok(Published::AlreadyStored(_))));
    assert_eq!(pair.told(), ["hi"]);
}

#[tokio::test]
async fn message_is_delivered_without_being_stored_when_the_history_is_full() {
    let pair = Pair::new().await;
    let body = "x".repeat(MAX_HISTORY_BYTES / MAX_ENTRIES * 2);
    let mut number = 0;
    while pair.write(&pair.bob, &number.to_string(), &body).await.unwrap() == Published::Stored {
        number += 1;
    }
    let told = pair.told().len();
    assert_eq!(pair.write(&pair.bob, "late", &body).await.unwrap(), Published::NotStored);
    assert_eq!(pair.told().len(), told + 1);
    assert!(
        matches!(pair.write(&pair.bob, "0", &body).await, Ok(Published::AlreadyStored(_))),
        "a retry is none the less"
    );
    assert_eq!(pair.history().await.len(), number);
}
