//! Somebody in an appointment who remembers what a page remembers: the session, and the last event.

use serde_json::{Value, json};

use super::client::Client;

pub struct Person {
    pub client: Client,
    /// The id by which the other side knows them.
    pub id: Value,
    room: String,
    name: String,
    session: Value,
    /// The number of the last event that was looked at.
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

    /// Joins over another connection, wherever that leads, and returns the answer. The former one is forgotten.
    pub async fn come_back(&mut self, client: Client) -> Value {
        std::mem::replace(&mut self.client, client).vanish();
        let joined = self.client.joins(self.request()).await;
        self.take(&joined);
        joined
    }

    /// What a page asks for when it joins again.
    pub fn request(&self) -> Value {
        json!({
            "appointment_id": self.room, "name": self.name, "session": self.session, "received": self.received,
        })
    }

    /// Takes the answer to [`request`](Self::request). The seat must be the same one.
    pub fn take(&mut self, joined: &Value) {
        assert_eq!(joined["participant"], self.id, "the same seat: {joined}");
        self.session = joined["session"].clone();
        self.received = joined["seq"].as_u64().unwrap();
    }

    /// Remembers an event as handled. None may be missing, and none may come twice.
    pub fn handled(&mut self, event: &Value) {
        if let Some(seq) = event["seq"].as_u64() {
            assert_eq!(seq, self.received + 1, "{event}");
            self.received = seq;
        }
    }

    /// The next event by that name. What is heard before it is handled too, and must not be that somebody left.
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

    /// Sends a candidate with a number to `to`, without waiting for anything.
    pub async fn signal(&mut self, to: &Value, number: u64) {
        self.client.emit("ice_candidate", candidate(to, number)).await;
    }

    /// As [`signal`](Self::signal); must be acknowledged.
    pub async fn signal_acknowledged(&mut self, to: &Value, number: u64) {
        let answer = self.client.ask("ice_candidate", candidate(to, number)).await;
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// The numbers of the next candidates must be these.
    pub async fn hear_numbers(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            assert_eq!(self.hear("ice_candidate").await["candidate"]["number"], number);
        }
    }
}

pub fn candidate(to: &Value, number: u64) -> Value {
    json!({"remoteSocketId": to, "candidate": {"number": number}})
}
