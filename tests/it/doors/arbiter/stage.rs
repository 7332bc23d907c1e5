//! Clients and SFUs with the messages of the original's.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{peer::Peer, server::TestServer};

/// A client or SFU on its WebSocket. As in the original, `type` distinguishes messages from status frames.
pub struct Arbiter {
    peer: Peer,
    heard: Vec<String>,
    id: String,
    room: String,
}

impl Deref for Arbiter {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Arbiter {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

/// A client with the signaling of the original's.
pub async fn client(server: &TestServer, id: &str, room: &str) -> Arbiter {
    let mut client = connect(server).await;
    assert_eq!(client.identify_client(id, room).await, json!({"statusCode": 200}));
    client
}

/// An SFU with the signaling of the original's.
pub async fn sfu(server: &TestServer, id: &str) -> Arbiter {
    let mut sfu = connect(server).await;
    assert_eq!(sfu.identify_sfu(id).await, json!({"statusCode": 200}));
    sfu
}

#[cfg(feature = "media")]
/// A client of a room that is requested from the server, and the id of the SFU.
pub async fn first_client(server: &TestServer, id: &str, path: &str) -> (Arbiter, String) {
    assert_eq!(send(server, "PUT", "/createRoom", "").await.0, 200);
    let room = claimed(server, path).await;
    (client(server, id, &room).await, room)
}

/// A connection that has not sent its identity.
pub async fn connect(server: &TestServer) -> Arbiter {
    Arbiter::new(Peer::connect(&server.address, "/production").await)
}

impl Arbiter {
    pub fn new(peer: Peer) -> Self {
        Self { peer, heard: Vec::new(), id: String::new(), room: String::new() }
    }

    /// Closes as a browser does, and waits for the server's close frame.
    pub async fn leave(self) {
        self.peer.leave().await;
    }

    pub async fn identify_client(&mut self, id: &str, room: &str) -> Value {
        (self.id, self.room) = (id.to_owned(), room.to_owned());
        let data = json!({"id": id, "roomId": room, "type": "client"});
        self.ask(&json!({"action": "identify", "data": data})).await
    }

    pub async fn identify_sfu(&mut self, id: &str) -> Value {
        id.clone_into(&mut self.id);
        self.ask(&json!({"action": "identify", "data": {"id": id, "type": "sfu"}})).await
    }

    /// A client's message to its SFU; `more` is its data.
    pub async fn tell_sfu(&mut self, kind: &str, more: Value) -> Value {
        let mut data = json!({"type": kind, "sender": self.id, "roomId": self.room});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.handshake(&data).await
    }

    /// An SFU's message to a client.
    pub async fn tell_client(&mut self, receiver: &str, kind: &str, more: Value) -> Value {
        let mut data = json!({"type": kind, "sender": self.id, "receiver": receiver});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.handshake(&data).await
    }

    pub async fn handshake(&mut self, data: &Value) -> Value {
        self.ask(&json!({"action": "handshake", "data": data})).await
    }

    /// Sends a message and returns its status frame.
    pub async fn ask(&mut self, message: &Value) -> Value {
        self.ask_text(&message.to_string()).await
    }

    pub async fn ask_text(&mut self, message: &str) -> Value {
        self.peer.say(message).await;
        loop {
            let text = self.peer.next_text().await;
            let value: Value = serde_json::from_str(&text).expect("every frame is JSON");
            if value.get("type").is_none() {
                return value;
            }
            self.heard.push(text);
        }
    }

    /// A client's offer or answer.
    pub async fn describe(&mut self, kind: &str, remote: Option<&str>, description: &str, sdp: &str) {
        let description = json!({"type": description, "sdp": sdp});
        let mut more = json!({"description": description});
        if let Some(remote) = remote {
            more["remotePeerId"] = remote.into();
        }
        assert_eq!(self.tell_sfu(kind, more).await, json!({"statusCode": 200}));
    }

    /// The next message from a peer or notice from the server.
    pub async fn told(&mut self) -> Value {
        serde_json::from_str(&self.told_text().await).unwrap()
    }

    /// Like [`told`](Self::told), byte for byte.
    pub async fn told_text(&mut self) -> String {
        if self.heard.is_empty() { self.peer.next_text().await } else { self.heard.remove(0) }
    }

    /// Everything received before the answer to one more request.
    pub async fn told_so_far(&mut self) -> Vec<Value> {
        assert_eq!(self.ask(&json!({})).await["message"], "Forbidden");
        self.heard.drain(..).map(|text| serde_json::from_str(&text).unwrap()).collect()
    }
}

/// An SFU that sends `header` when it connects.
pub async fn connect_with(server: &TestServer, path: &str, header: Option<&str>) -> Arbiter {
    let mut request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
    if let Some(header) = header {
        request.headers_mut().insert("authorization", header.parse().unwrap());
    }
    Arbiter::new(Peer::request(request).await.unwrap())
}

pub async fn get_room(server: &TestServer, path: &str) -> (u16, Value) {
    answer(server.get(&format!("/getRoomId?urlPath={path}")).await).await
}

pub async fn claim(server: &TestServer, path: &str) -> (u16, Value) {
    send(server, "PATCH", "/claimRoom", json!({"urlPath": path}).to_string()).await
}

/// Claims a path and returns its room; a refusal panics.
pub async fn claimed(server: &TestServer, path: &str) -> String {
    let (status, answer) = claim(server, path).await;
    assert_eq!(status, 200, "{answer}");
    answer["roomId"].as_str().unwrap().to_owned()
}

pub async fn send(
    server: &TestServer,
    method: &str,
    path: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let url = format!("http://{}{path}", server.address);
    let request = reqwest::Client::new().request(method.parse().unwrap(), url);
    answer(request.header("content-type", "application/json").body(body).send().await.unwrap()).await
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

pub fn not_found() -> (u16, Value) {
    (404, json!({"message": "Room not found"}))
}

pub fn refused(status: u16, message: &str) -> Value {
    json!({"statusCode": status, "message": message})
}
