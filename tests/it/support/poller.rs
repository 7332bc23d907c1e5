//! A Socket.IO client over long polling, from an address of its own.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr},
};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    client::DEADLINE,
    peer::{Heard, Peer},
};

/// The separator of packets in one payload.
const SEPARATOR: char = '\u{1e}';

/// The most packets in one answer: python-engineio drops payloads with more.
const MAX_PACKETS: usize = 16;

pub struct Poller {
    http: reqwest::Client,
    from: IpAddr,
    address: String,
    sid: String,
    /// `maxPayload` of the handshake.
    pub max_payload: u64,
    /// Received Engine.IO packets that no test has read yet, without pings.
    packets: VecDeque<String>,
}

impl Poller {
    /// Opens a session at `address`, from the loopback address `from`.
    pub async fn open(address: &str, from: impl Into<Ipv4Addr>) -> Self {
        let from = IpAddr::V4(from.into());
        let http = reqwest::Client::builder().local_address(from).timeout(DEADLINE).build().unwrap();
        let (address, packets) = (address.to_owned(), VecDeque::new());
        let mut poller = Self { http, from, address, sid: String::new(), max_payload: 0, packets };
        let open = poller.packet().await;
        let open: Value = serde_json::from_str(open.strip_prefix('0').expect("an open packet")).unwrap();
        open["sid"].as_str().unwrap().clone_into(&mut poller.sid);
        poller.max_payload = open["maxPayload"].as_u64().unwrap();
        poller
    }

    /// Connects to the namespace.
    pub async fn connect(&mut self) {
        self.say("40").await;
        assert!(self.packet().await.starts_with("40"));
    }

    /// Joins and returns the answer.
    pub async fn join(&mut self, room: &str, name: &str) -> Value {
        self.joins(&json!({"appointment_id": room, "name": name, "session": null})).await
    }

    pub async fn joins(&mut self, request: &Value) -> Value {
        self.emit("join_room", request).await;
        self.next("joined_successfully").await
    }

    pub async fn emit(&mut self, event: &str, payload: &Value) {
        self.say(&format!("42{}", json!([event, payload]))).await;
    }

    /// The payload of the next event of that name; events before it are dropped.
    pub async fn next(&mut self, event: &str) -> Value {
        let next = async {
            loop {
                if let Some(payload) = payload_of(&self.packet().await, event) {
                    return payload;
                }
            }
        };
        timeout(DEADLINE, next).await.unwrap_or_else(|_| panic!("{event} did not come"))
    }

    /// How many events of that name the last answers held that no test has read yet.
    pub fn count_unread(&self, event: &str) -> usize {
        self.packets.iter().filter(|packet| payload_of(packet, event).is_some()).count()
    }

    /// Polls the session at another address, and returns status and answer.
    pub async fn ask_at(&self, address: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(address)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Upgrades to a WebSocket.
    pub async fn upgrade(&mut self) -> Upgraded {
        let socket = self.probe().await;
        // The server ends the running poll; no test reads its answer.
        socket.say("5").await;
        Upgraded(socket)
    }

    /// Requests a second upgrade of an upgraded session, and waits until the server ends it.
    pub async fn try_upgrade_again(&self) {
        let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", self.sid);
        let mut socket = Peer::connect_from(self.from, &self.address, &path).await;
        socket.say("2probe").await;
        while socket.hear().await != Heard::Gone {}
    }

    /// Opens the WebSocket of an upgrade.
    pub async fn probe(&mut self) -> Peer {
        let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", self.sid);
        let mut socket = Peer::connect_from(self.from, &self.address, &path).await;
        socket.say("2probe").await;
        assert_eq!(socket.next_text().await, "3probe");
        socket
    }

    /// The next packet that is not a ping.
    pub async fn packet(&mut self) -> String {
        loop {
            if let Some(packet) = self.packets.pop_front() {
                return packet;
            }
            self.poll().await;
        }
    }

    async fn poll(&mut self) {
        let answer = self.http.get(self.url(&self.address)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "a poll");
        let payload = answer.text().await.unwrap();
        assert!(payload.split(SEPARATOR).count() <= MAX_PACKETS, "{payload:.2000}");
        for packet in payload.split(SEPARATOR) {
            match packet {
                "2" => self.say("3").await,
                packet => self.packets.push_back(packet.to_owned()),
            }
        }
    }

    pub async fn say(&self, packet: &str) {
        assert_eq!(self.post(packet.to_owned()).await, 200, "what was posted");
    }

    /// Posts a body and returns the status of the answer.
    pub async fn post(&self, body: String) -> u16 {
        self.http.post(self.url(&self.address)).body(body).send().await.unwrap().status().as_u16()
    }

    fn url(&self, address: &str) -> String {
        let session = if self.sid.is_empty() { String::new() } else { format!("&sid={}", self.sid) };
        format!("http://{address}/socket.io/?EIO=4&transport=polling{session}")
    }
}

/// An upgraded session.
pub struct Upgraded(pub Peer);

impl Upgraded {
    /// Like [`Poller::next`].
    pub async fn next(&mut self, event: &str) -> Value {
        let next = async {
            loop {
                if let Some(payload) = payload_of(&self.packet().await, event) {
                    return payload;
                }
            }
        };
        timeout(DEADLINE, next).await.unwrap_or_else(|_| panic!("{event} did not come"))
    }

    /// Like [`Poller::packet`].
    pub async fn packet(&mut self) -> String {
        loop {
            match self.0.next_text().await {
                ping if ping == "2" => self.0.say("3").await,
                packet => return packet,
            }
        }
    }
}

/// The payload, if an Engine.IO packet is that event.
fn payload_of(packet: &str, event: &str) -> Option<Value> {
    let mut event_and_payload: Vec<Value> = serde_json::from_str(packet.strip_prefix("42")?).ok()?;
    (event_and_payload.first()? == event).then(|| event_and_payload.swap_remove(1))
}
