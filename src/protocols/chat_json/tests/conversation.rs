//! Property test with two clients and an attacker, in any order of operations.
//!
//! Every acknowledged message is in the history, was delivered once, and has its true sender.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use crate::{
    cluster::LocalRegistry,
    core::{
        hub::{
            Hub,
            history::{Published, Saving},
            join::{JoinRequest, Joined, RoomPolicy},
        },
        model::session_token::SessionSigner,
        tests::support::{ManualClock, MemoryStore, Recorder, Told, name, room_id},
    },
    protocols::chat_json::{parse_save, stored_form},
};

/// One step of the test.
#[derive(Debug, Clone)]
enum Act {
    /// A client sends its next message, or repeats the last one if that was not acknowledged.
    Write { who: usize, fate: Fate },
    /// A client repeats a message that was acknowledged before.
    Repeat { who: usize, back: usize },
    /// A client saves the history that it reads, as pages do.
    SaveBack { who: usize },
    /// The attacker saves entries that imitate messages of a client.
    Forge { who: usize, ahead: usize, like: Like },
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    /// The server answered, but the client did not receive it.
    LostOnTheWay,
    /// The store succeeded, but the server did not learn of it.
    LostInTheStore,
}

/// How closely a forged entry imitates a message.
#[derive(Debug, Clone, Copy)]
enum Like {
    Everything,
    WithoutName,
    AnotherText,
    WithoutSender,
    AnotherSenderField,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = || 0..2_usize;
    let fate = prop_oneof![Just(Fate::Arrives), Just(Fate::LostOnTheWay), Just(Fate::LostInTheStore)];
    let like = prop_oneof![
        Just(Like::Everything),
        Just(Like::WithoutName),
        Just(Like::AnotherText),
        Just(Like::WithoutSender),
        Just(Like::AnotherSenderField),
    ];
    let act = prop_oneof![
        4 => (who(), fate).prop_map(|(who, fate)| Act::Write { who, fate }),
        1 => (who(), 0..9_usize).prop_map(|(who, back)| Act::Repeat { who, back }),
        1 => who().prop_map(|who| Act::SaveBack { who }),
        3 => (who(), 0..4_usize, like).prop_map(|(who, ahead, like)| Act::Forge { who, ahead, like }),
    ];
    vec(act, 1..40)
}

/// A client. Both clients number their ids from the same start.
struct ChatClient {
    name: &'static str,
    joined: Joined,
    hears: Arc<Recorder>,
    acknowledged: usize,
}

struct Conversation {
    hub: Hub,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    clients: [ChatClient; 2],
    saving: Saving,
}

impl Conversation {
    async fn new(saving: Saving) -> Self {
        let (clock, store) = (ManualClock::new(), Arc::new(MemoryStore::default()));
        let registry = Arc::new(LocalRegistry::new(clock.clone()));
        let hub = Hub::new(registry, store.clone(), clock.clone(), SessionSigner::new(b"secret"));
        let join = async |who: &'static str| {
            let policy = RoomPolicy::new(2, Duration::from_secs(30));
            let request = JoinRequest::new(room_id("7"), name(who), policy);
            let (joined, hears) = (hub.join(request).await.unwrap(), Recorder::new());
            hub.attach(&joined.seat, hears.clone()).unwrap();
            ChatClient { name: who, joined, hears, acknowledged: 0 }
        };
        let clients = [join("ann").await, join("bob").await];
        Self { hub, store, clock, clients, saving }
    }

    async fn perform(&mut self, act: &Act) {
        match *act {
            Act::Write { who, fate } => self.write(who, fate).await,
            Act::Repeat { who, back } => {
                if let Some(number) = self.clients[who].acknowledged.checked_sub(back + 1) {
                    assert!(matches!(self.send(who, number).await, Some(Published::AlreadyStored(_))));
                }
            }
            Act::SaveBack { who } => {
                let view = self.hub.view(&self.clients[who].joined.seat).await.unwrap();
                self.save(&view.history.unwrap().join(",")).await;
            }
            Act::Forge { who, ahead, like } => {
                let number = (self.clients[who].acknowledged + ahead).saturating_sub(1);
                let entry = self.forged(who, number, like);
                self.save(&entry.to_string()).await;
            }
        }
    }

    async fn write(&mut self, who: usize, fate: Fate) {
        if let Fate::LostInTheStore = fate {
            self.store.lose_the_next_answer();
        }
        let published = self.send(who, self.clients[who].acknowledged).await;
        if let Fate::Arrives = fate {
            assert!(
                matches!(published, Some(Published::Stored | Published::AlreadyStored(_))),
                "{published:?}"
            );
            self.clients[who].acknowledged += 1;
        }
    }

    async fn send(&self, who: usize, number: usize) -> Option<Published> {
        // No client sends two messages within a millisecond.
        self.clock.advance(Duration::from_millis(1));
        let (seat, body) = (&self.clients[who].joined.seat, self.body(who, number));
        let message = self.hub.compose(seat, &number.to_string(), &body).unwrap();
        self.hub.publish(seat, &message, stored_form(&message)).await.ok()
    }

    fn body(&self, who: usize, number: usize) -> String {
        format!("{} {number}", self.clients[who].name)
    }

    fn forged(&self, who: usize, number: usize, like: Like) -> Value {
        let (id, body) = (number.to_string(), self.body(who, number));
        let (from, name) = (self.clients[who].joined.seat.participant().to_string(), self.clients[who].name);
        match like {
            Like::Everything => {
                let sent_at = "1970-01-01T00:00:00.000Z";
                json!({"id": id, "from": from, "name": name, "body": body, "sent_at": sent_at})
            }
            Like::WithoutName => json!({"id": id, "from": from, "body": body}),
            Like::AnotherText => json!({"id": id, "from": from, "name": name, "body": "forged"}),
            Like::WithoutSender => json!({"id": id, "body": body}),
            Like::AnotherSenderField => json!({"id": id, "user_id": from, "body": body}),
        }
    }

    async fn save(&self, entries: &str) {
        let entries = parse_save(format!("{{\"chats\":[{entries}]}}").as_bytes()).unwrap();
        self.hub.save_chats(&room_id("7"), entries, self.saving).await.unwrap();
    }

    async fn assert_nothing_acknowledged_is_missing(&self) {
        let history = self.hub.view(&self.clients[0].joined.seat).await.unwrap().history.unwrap();
        for (who, client) in self.clients.iter().enumerate() {
            let told = self.clients[1 - who].hears.told();
            let from = client.joined.seat.participant().to_string();
            for number in 0..client.acknowledged {
                let body = self.body(who, number);
                let times = told.iter().filter(|told| **told == Told::Chat(body.clone())).count();
                assert_eq!(times, 1, "{body} was delivered {times} times");
                let id = json!(number.to_string());
                let is_message = |text: &str| {
                    let entry: Value = serde_json::from_str(text).unwrap();
                    entry["from"] == from && entry["id"] == id && entry["body"] == body
                };
                let served: Vec<_> = history.iter().filter(|text| is_message(text)).collect();
                assert_eq!(served.len(), 1, "{body} is served once");
                assert!(served[0].contains(client.name) && served[0].contains("sent_at"), "{}", served[0]);
            }
        }
    }
}

fn check(acts: &[Act], saving: Saving) {
    let play = async {
        let mut conversation = Conversation::new(saving).await;
        for act in acts {
            conversation.perform(act).await;
        }
        conversation.assert_nothing_acknowledged_is_missing().await;
    };
    play.now_or_never().expect("nothing here waits");
}

proptest! {
    #[test]
    fn every_acknowledged_message_is_kept_and_delivered_once(acts in acts()) {
        check(&acts, Saving::Merge);
    }

    #[test]
    fn so_it_is_where_saves_replace_each_other(acts in acts()) {
        check(&acts, Saving::Replace);
    }
}
