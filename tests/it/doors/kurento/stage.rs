//! A kurento door on real ports over a fake media plane, and users with the messages of the original's
//! clients.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use clap::Parser;
use serde_json::{Value, json};
use switchboard::{
    core::{hub::Hub, ports::clock::SystemClock},
    media::{EndpointId, fake::FakeMedia},
    protocols::{
        door::Common,
        kurento::{self, CustomRequests, Unsupported},
    },
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::interval};

use crate::support::{
    door::{self, serve},
    peer::{Heard, Peer},
    wait::{TIMEOUT, until},
};

pub const ADMIN_TOKEN: &str = "sixteen letters!";

/// An offer of the connection with this number.
pub fn offer(connection: u32) -> String {
    format!(
        "v=0\r\no=- {connection} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\n"
    )
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    kurento: kurento::Options,
}

/// The door, open until this value is dropped.
pub struct Stage {
    pub media: Arc<FakeMedia>,
    pub address: String,
    pub ops_address: String,
    hub: Hub,
    _data: TempDir,
    _running: JoinSet<()>,
}

impl Stage {
    pub async fn open() -> Self {
        Self::open_with(&[], Arc::new(Unsupported)).await
    }

    pub async fn open_with(settings: &[&str], custom: Arc<dyn CustomRequests>) -> Self {
        let (data, media) = (tempfile::tempdir().unwrap(), FakeMedia::new());
        let common = Common {
            admin_token: ADMIN_TOKEN.parse().unwrap(),
            ..door::common(data.path(), media.clone(), Arc::new(SystemClock))
        };
        let mut running = JoinSet::new();
        let hub = common.hub.clone();
        let ticking = hub.clone();
        running.spawn(async move {
            let mut ticks = interval(Duration::from_millis(100));
            loop {
                ticks.tick().await;
                ticking.tick().await;
            }
        });
        let settings = Settings::parse_from(std::iter::once(&"test").chain(settings));
        let door = kurento::open_with(&common, &settings.kurento, custom);
        let address = serve(&mut running, door.clone().router()).await;
        let ops_address = serve(&mut running, door.ops_router()).await;
        Self { media, address, ops_address, hub, _data: data, _running: running }
    }

    /// A user on a WebSocket that has sent no request yet.
    pub async fn connect(&self) -> User {
        User::new(Peer::connect(&self.address, "/room").await)
    }

    /// Waits until the plane has these endpoints alone.
    pub async fn until_endpoints(&self, wanted: &[EndpointId]) {
        let are_these = async || (self.media.endpoints() == wanted).then_some(());
        until("the endpoints are these", TIMEOUT, are_these).await;
    }

    /// Number of connected participants.
    pub fn connected(&self) -> usize {
        self.hub.occupancy().connected
    }

    /// A user in a room, alone or the last to join.
    pub async fn join(&self, name: &str, room: &str) -> User {
        let mut user = self.connect().await;
        user.join(name, room).await;
        user
    }

    /// Two users in a room who know each other.
    pub async fn pair(&self, names: [&str; 2]) -> [User; 2] {
        let mut first = self.join(names[0], "r").await;
        let second = self.join(names[1], "r").await;
        assert_eq!(first.told().await, ("participantJoined".into(), json!({"id": names[1]})));
        [first, second]
    }
}

/// A user on a WebSocket. As in clients, `method` distinguishes notifications from answers.
pub struct User {
    pub peer: Peer,
    told: VecDeque<Value>,
    last_id: u64,
    pub session: String,
}

impl User {
    pub fn new(peer: Peer) -> Self {
        Self { peer, told: VecDeque::new(), last_id: 0, session: String::new() }
    }

    pub async fn join(&mut self, user: &str, room: &str) -> Value {
        self.done("joinRoom", json!({"user": user, "room": room})).await
    }

    /// Sends a request that must succeed and returns its result without the session.
    pub async fn done(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        let session =
            answer["result"].as_object_mut().unwrap_or_else(|| panic!("{method}")).remove("sessionId");
        session.unwrap().as_str().unwrap().clone_into(&mut self.session);
        answer["result"].take()
    }

    /// Sends a request that must fail and returns the code and the message.
    pub async fn refused(&mut self, method: &str, params: Value) -> (i64, String) {
        let answer = self.ask(method, params).await;
        let error = &answer["error"];
        (
            error["code"].as_i64().unwrap_or_else(|| panic!("{answer}")),
            error["message"].as_str().unwrap().to_owned(),
        )
    }

    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.peer
            .say(json!({"jsonrpc": "2.0", "method": method, "params": params, "id": id}).to_string())
            .await;
        loop {
            let message = self.peer.next().await;
            if message["method"].is_string() {
                self.told.push_back(message);
                continue;
            }
            assert_eq!(message["id"], id, "{message}");
            return message;
        }
    }

    /// The next notification: its method and its parameters.
    pub async fn told(&mut self) -> (String, Value) {
        let mut message = match self.told.pop_front() {
            Some(message) => message,
            None => self.peer.next().await,
        };
        (
            message["method"].as_str().unwrap_or_else(|| panic!("{message}")).to_owned(),
            message["params"].take(),
        )
    }

    /// The notifications before the answer to one more request.
    pub async fn told_so_far(&mut self) -> Vec<String> {
        self.all_told().await.into_iter().map(|(method, _)| method).collect()
    }

    /// Like [`told_so_far`](Self::told_so_far), with the parameters.
    pub async fn all_told(&mut self) -> Vec<(String, Value)> {
        self.ask("ping", json!({})).await;
        let told = self.told.drain(..);
        told.map(|mut message| (message["method"].as_str().unwrap().to_owned(), message["params"].take()))
            .collect()
    }

    /// Publishes over the connection with this number.
    pub async fn publish(&mut self, connection: u32) -> Value {
        self.done("publishVideo", json!({"sdpOffer": offer(connection), "doLoopback": false})).await
    }

    /// Subscribes to a participant over the connection with this number.
    pub async fn receive(&mut self, sender: &str, connection: u32) -> Value {
        self.done("receiveVideoFrom", json!({"sender": sender, "sdpOffer": offer(connection)})).await
    }

    /// Resumes the session on another WebSocket.
    pub async fn reconnect(&mut self, stage: &Stage) {
        self.peer = Peer::connect(&stage.address, "/room").await;
        let session = self.session.clone();
        let answer = self.done("connect", json!({"sessionId": session})).await;
        assert_eq!((answer, &self.session), (json!({"value": "reconnection successful"}), &session));
    }

    /// How the server ends the connection.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.peer.hear().await {
            Heard::Closed(code, reason) => (code, reason),
            other => panic!("{other:?}"),
        }
    }
}
