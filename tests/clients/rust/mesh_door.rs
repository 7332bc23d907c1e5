//! The mesh door with `rust_socketio`, over each transport.
#![cfg(test)]

mod server;

use std::{
    sync::{
        Mutex,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use rust_socketio::{ClientBuilder, Event, Payload, TransportType, client::Client as SocketIo};
use serde_json::{Value, json};

use self::server::Server;

/// Only ends a test that hangs; no test depends on how long a wait took.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn two_people_call_chat_come_back_and_leave_by_polling_and_upgrading() {
    call_and_leave(TransportType::Any);
}

#[test]
fn two_people_call_chat_come_back_and_leave_by_polling() {
    call_and_leave(TransportType::Polling);
}

#[test]
fn two_people_call_chat_come_back_and_leave_by_websocket() {
    call_and_leave(TransportType::Websocket);
}

fn call_and_leave(transport: TransportType) {
    let server = Server::start();
    let appointment = "rust appointment";
    let ann = Client::connect(&server, transport.clone());
    let bob = Client::connect(&server, transport.clone());
    let ann_id = id(&ann.join(json!({ "appointment_id": appointment, "name": "Ann", "session": null })));
    let seat = bob.join(json!({ "appointment_id": appointment, "name": "Bob", "session": null }));
    assert_eq!(ann.next("peer_joined")["remoteSocket"], seat["participant"]);

    let offer = json!({ "appointment_id": appointment, "remoteSocketId": ann_id, "offer": { "sdp": "v=0" } });
    assert_eq!(bob.ask("send_offer", offer), json!({ "success": true }));
    assert_eq!(ann.next("receive_offer")["from"], seat["participant"]);
    for number in 0..20 {
        let candidate = json!({ "candidate": format!("candidate:{number}") });
        bob.emit("ice_candidate", json!({ "remoteSocketId": ann_id, "candidate": candidate }));
    }
    for number in 0..20 {
        let candidate = json!({ "candidate": format!("candidate:{number}") });
        assert_eq!(ann.next("ice_candidate")["candidate"], candidate);
    }
    ann.ask("send_message", json!({ "id": "one", "body": "hello" }));
    assert_eq!(bob.next("receive_message")["body"], "hello");

    let again = Client::connect(&server, transport);
    let (name, session) = ("Bob", &seat["session"]);
    let reply =
        again.join(json!({ "appointment_id": appointment, "name": name, "session": session, "received": 0 }));
    assert_eq!((&reply["resumed"], &reply["participant"]), (&json!(true), &seat["participant"]));
    bob.next("replaced");
    assert_eq!(again.ask("leave_room", json!({})), json!({ "success": true }));
    assert_eq!(ann.next("user_left")["remoteSocket"], seat["participant"]);
}

fn id(joined: &Value) -> String {
    joined["participant"].as_str().expect("an id").to_owned()
}

/// A client that keeps what it receives, in order.
struct Client {
    socket: SocketIo,
    told: Mutex<Receiver<(String, Value)>>,
}

impl Client {
    fn connect(server: &Server, transport: TransportType) -> Self {
        let (sender, told) = channel();
        let socket = ClientBuilder::new(server.url.as_str())
            .transport_type(transport)
            .reconnect(false)
            .on_any(move |event, payload, _| {
                let _ = sender.send((name(event), first(payload)));
            })
            .connect()
            .expect("a connection");
        Self { socket, told: Mutex::new(told) }
    }

    fn join(&self, payload: Value) -> Value {
        assert_eq!(self.ask("join_room", payload)["success"], true);
        self.next("joined_successfully")
    }

    fn emit(&self, event: &str, payload: Value) {
        self.socket.emit(event, payload).expect("an open connection");
    }

    fn ask(&self, event: &str, payload: Value) -> Value {
        let (sender, answer) = channel();
        let acknowledged = move |payload, _: rust_socketio::RawClient| {
            let _ = sender.send(first(payload));
        };
        self.socket.emit_with_ack(event, payload, DEADLINE, acknowledged).expect("an open connection");
        answer.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{event} is not acknowledged"))
    }

    /// The payload of the next event of this name; drops the events before it.
    fn next(&self, wanted: &str) -> Value {
        let told = self.told.lock().expect("no test thread panicked");
        loop {
            let (event, payload) = told.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no {wanted}"));
            if event == wanted {
                return payload;
            }
        }
    }
}

fn name(event: Event) -> String {
    event.as_str().to_owned()
}

fn first(payload: Payload) -> Value {
    let Payload::Text(values) = payload else { return Value::Null };
    // An acknowledgement arrives as one array in it.
    match values.into_iter().next() {
        Some(Value::Array(inner)) => inner.into_iter().next().unwrap_or_default(),
        value => value.unwrap_or_default(),
    }
}
