//! A participant that remembers what a page remembers: the session, and the number of the last event.

use serde_json::{Value, json};

use crate::support::client::Client;

pub struct Person {
    pub client: Client,
    /// The id that the other side knows.
    pub id: Value,
    room: String,
    name: String,
    session: Value,
    /// The number of the last handled event.
    received: u64,
}

impl Person {
    /// Joins for the first time, and returns the answer too.
    pub async fn join(mut client: Client, room: &str, name: &str) -> (Self, Value) {
        let joined = client.join(room, name).await;
        let person = Self {
            client,
            id: joined["participant"].clone(),
            room: room.to_owned(),
            name: name.to_owned(),
            session: joined["session"].clone(),
            received: joined["seq"].as_u64().unwrap(),
        };
        (person, joined)
    }

    /// Joins over another connection, to any node, and returns the answer. The former connection is dropped.
    pub async fn come_back(&mut self, client: Client) -> Value {
        std::mem::replace(&mut self.client, client).vanish();
        let joined = self.client.joins(self.request()).await;
        self.take(&joined);
        joined
    }

    /// The payload of a page's repeated join.
    pub fn request(&self) -> Value {
        json!({
            "appointment_id": self.room, "name": self.name, "session": self.session, "received": self.received,
        })
    }

    /// Handles the answer to [`request`](Self::request). The seat must be the same.
    pub fn take(&mut self, joined: &Value) {
        assert_eq!(joined["participant"], self.id, "the same seat: {joined}");
        self.session = joined["session"].clone();
        self.received = joined["seq"].as_u64().unwrap();
    }

    /// Marks an event as handled. A gap or a repetition panics.
    pub fn handled(&mut self, event: &Value) {
        if let Some(seq) = event["seq"].as_u64() {
            assert_eq!(seq, self.received + 1, "{event}");
            self.received = seq;
        }
    }

    /// The next event of that name. Events before it are handled too; `user_left` panics.
    pub async fn hear(&mut self, event: &str) -> Value {
        loop {
            let (name, payload) = self.client.next_any().await;
            self.handled(&payload);
            if name == event {
                return payload;
            }
            assert_ne!(name, "user_left", "while waiting for {event}");
        }
    }

    /// Sends a numbered candidate to `to` without waiting for the ack.
    pub async fn signal(&mut self, to: &Value, number: u64) {
        self.client.emit("ice_candidate", candidate(to, number)).await;
    }

    /// Like [`signal`](Self::signal), and waits for the ack.
    pub async fn signal_acknowledged(&mut self, to: &Value, number: u64) {
        let answer = self.client.ask("ice_candidate", candidate(to, number)).await;
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// Receives candidates, which must have these numbers.
    pub async fn hear_numbers(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            assert_eq!(self.hear("ice_candidate").await["candidate"]["number"], number);
        }
    }
}

pub fn candidate(to: &Value, number: u64) -> Value {
    json!({"remoteSocketId": to, "candidate": {"number": number}})
}
