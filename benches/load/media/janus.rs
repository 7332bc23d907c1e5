//! A client of Janus and its `VideoRoom`, over WebSocket. Clients choose their own numbers there, so that
//! others know which publisher to subscribe to.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::load::socket::Socket;

/// Limit and interval of the attempts to connect.
const TIMEOUT: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(5);

/// More than the publishers of any room here.
const MOST_SENDERS: u32 = 100;

/// Errors of the `VideoRoom`: the room exists already, and the publisher does not send.
const ROOM_EXISTS: u64 = 427;
const NO_SUCH_FEED: u64 = 428;

/// A participant that has joined.
pub struct Client {
    socket: Socket,
    session: u64,
    /// The handle for publishing.
    handle: u64,
    room: u32,
    last_transaction: u64,
}

/// An offer of another participant's media.
pub struct Subscription {
    handle: u64,
    pub offer: String,
}

impl Client {
    pub async fn join(server: SocketAddr, room: u32, name: u32) -> anyhow::Result<Self> {
        let socket = connect(server).await?;
        let mut client = Self { socket, session: 0, handle: 0, room, last_transaction: 0 };
        client.session = number(&client.ask(json!({ "janus": "create" })).await?["data"]["id"])?;
        client.handle = client.attach().await?;
        let create = json!({ "request": "create", "room": room, "publishers": MOST_SENDERS });
        let created = client.tell(client.handle, create, Value::Null).await?;
        let refused = &created["plugindata"]["data"]["error_code"];
        ensure!(refused.is_null() || *refused == ROOM_EXISTS, "no room: {created}");
        let join = json!({ "request": "join", "ptype": "publisher", "room": room, "id": name });
        client.request(client.handle, join, Value::Null, "joined").await?;
        Ok(client)
    }

    /// Sends an offer to publish and returns the answer.
    pub async fn publish(&mut self, offer: &str) -> anyhow::Result<String> {
        let description = json!({ "type": "offer", "sdp": offer, "trickle": false });
        let event = self.request(self.handle, json!({ "request": "publish" }), description, "event").await?;
        sdp(&event)
    }

    /// Requests an offer of a publisher's media, as soon as Janus knows that the publisher is connected.
    pub async fn subscribe(&mut self, sender: u32) -> anyhow::Result<Subscription> {
        let handle = self.attach().await?;
        let join = json!({
            "request": "join", "ptype": "subscriber", "room": self.room, "streams": [{ "feed": sender }],
        });
        let end = Instant::now() + TIMEOUT;
        loop {
            let event = self.tell(handle, join.clone(), Value::Null).await?;
            if event["plugindata"]["data"]["error_code"] != NO_SUCH_FEED || Instant::now() > end {
                return Ok(Subscription { handle, offer: sdp(&event)? });
            }
            sleep(GLANCE).await;
        }
    }

    /// Answers Janus's offer.
    pub async fn start(&mut self, subscription: &Subscription, answer: &str) -> anyhow::Result<()> {
        let description = json!({ "type": "answer", "sdp": answer, "trickle": false });
        let start = json!({ "request": "start" });
        self.request(subscription.handle, start, description, "event").await.map(drop)
    }

    pub async fn leave(mut self) -> anyhow::Result<()> {
        self.ask(json!({ "janus": "destroy" })).await.map(drop)
    }

    pub fn into_socket(self) -> Socket {
        self.socket
    }

    async fn attach(&mut self) -> anyhow::Result<u64> {
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" });
        number(&self.ask(attach).await?["data"]["id"])
    }

    /// Sends a request to the plugin and returns its answer of this kind.
    async fn request(
        &mut self,
        handle: u64,
        body: Value,
        description: Value,
        kind: &str,
    ) -> anyhow::Result<Value> {
        let event = self.tell(handle, body, description).await?;
        let data = &event["plugindata"]["data"];
        ensure!(data["error"].is_null() && data["videoroom"] == kind, "{kind} was refused: {event}");
        Ok(event)
    }

    async fn tell(&mut self, handle: u64, body: Value, description: Value) -> anyhow::Result<Value> {
        let mut message = json!({ "janus": "message", "handle_id": handle, "body": body });
        if !description.is_null() {
            message["jsep"] = description;
        }
        self.ask(message).await
    }

    async fn ask(&mut self, mut message: Value) -> anyhow::Result<Value> {
        self.last_transaction += 1;
        let transaction = self.last_transaction.to_string();
        message["transaction"] = transaction.clone().into();
        if self.session != 0 {
            message["session_id"] = self.session.into();
        }
        self.socket.send(message.to_string().as_bytes());
        loop {
            let message: Value = serde_json::from_slice(self.socket.text().await?)?;
            ensure!(message["janus"] != "error", "refused: {message}");
            // The acknowledgement comes before or after the answer.
            if message["transaction"] == transaction && message["janus"] != "ack" {
                return Ok(message);
            }
        }
    }
}

/// Janus does not announce that it listens.
async fn connect(server: SocketAddr) -> anyhow::Result<Socket> {
    let end = Instant::now() + TIMEOUT;
    loop {
        match Socket::connect_with(server, "/", "Sec-WebSocket-Protocol: janus-protocol\r\n").await {
            Err(_) if Instant::now() < end => sleep(GLANCE).await,
            connected => return connected.context("Janus does not answer"),
        }
    }
}

fn number(value: &Value) -> anyhow::Result<u64> {
    value.as_u64().context("no number")
}

fn sdp(event: &Value) -> anyhow::Result<String> {
    Ok(event["jsep"]["sdp"].as_str().with_context(|| format!("no description: {event}"))?.to_owned())
}
