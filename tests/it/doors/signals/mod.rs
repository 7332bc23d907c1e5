//! The signals door on a real port: seats, sockets and invalid input. `tests/transcripts/signals/` has its
//! exact messages.

mod nodes;
mod operators;
mod random_input;
mod seats;
mod sockets;

use serde_json::{Value, json};

use crate::support::{peer::Peer, server::TestServer};

/// A client with a seat.
pub struct Caller {
    address: String,
    call: String,
    session: String,
}

impl Caller {
    pub async fn join(server: &TestServer, call: &str) -> Self {
        Self::try_join(server, call).await.expect("there is a seat")
    }

    /// The status, if it is not 200.
    pub async fn try_join(server: &TestServer, call: &str) -> Result<Self, u16> {
        Self::sit_down(server, call, &format!("/call/{call}")).await
    }

    /// Joins once more with the session.
    async fn rejoin(&self, server: &TestServer) -> Result<Self, u16> {
        Self::sit_down(server, &self.call, &format!("/call/{}?session={}", self.call, self.session)).await
    }

    async fn sit_down(server: &TestServer, call: &str, path: &str) -> Result<Self, u16> {
        let response = server.get(path).await;
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        let joined: Value = response.json().await.unwrap();
        assert_eq!((&joined["call"], &joined["kind"]), (&json!(call), &json!("JOIN")));
        let session = joined["session"].as_str().unwrap().to_owned();
        Ok(Self { address: server.address.clone(), call: call.to_owned(), session })
    }

    /// Opens a WebSocket and receives the welcome.
    pub async fn connect(&self) -> Peer {
        let mut socket = Peer::connect(&self.address, "/ws").await;
        socket.say(self.handshake()).await;
        assert_eq!(socket.next_text().await, json!({"call": self.call, "kind": "WELCOME"}).to_string());
        socket
    }

    fn handshake(&self) -> String {
        json!({"kind": "JOIN", "call": self.call, "session": self.session}).to_string()
    }

    /// Publishes a signal and returns the status.
    pub async fn publish(&self, kind: &str, body: &str) -> u16 {
        let signal = json!({"kind": kind, "call": self.call, "session": self.session, "body": body});
        post(&self.address, signal.to_string()).await.status().as_u16()
    }
}

async fn post(address: &str, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("http://{address}/signal"));
    request.header("content-type", "application/json").body(body).send().await.unwrap()
}

/// The message to a caller whose peer joins or resumes.
pub const PEER: &str = r#"{"call":"7","kind":"PEER"}"#;

pub fn told(kind: &str, body: &str) -> String {
    format!(r#"{{"call":"7","body":{},"kind":"{kind}"}}"#, json!(body))
}
