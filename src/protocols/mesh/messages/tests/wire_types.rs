//! Compares `wire.ts` with the server's types, its parser and `docs/mesh.md`.

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use serde_json::{Value, json};
use ts_rs::TS;

use super::Declared;
use crate::core::model::ids::MAX_CHARS;
use crate::protocols::{
    ice_servers::{IceConfiguration, IceServer},
    mesh::{
        Code,
        error::HttpRefusalBody,
        messages::{
            ClientMessage, JoinRoom, JoinedSuccessfully, Limits, MessageSent, RefusedAck, SendMessage,
            client::{LeaveRoom, MAX_BODY_BYTES, SendAnswer, SendCandidate, SendOffer},
            server::{Done, RefusedBecause, all_events},
        },
    },
};

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/src/signaling/wire.ts");

/// If set, `wire.ts` is written instead of compared.
const RENEW: &str = "RENEW_WIRE_TYPES";

const HEAD: &str = "\
// What goes over the wire. Generated from the server's own types by `make types`: do not edit.
// docs/mesh.md says what is sent when. What clients make up themselves, signals and chats, is unknown.
";

/// Every event that a client sends, with all fields that it may have.
fn examples() -> Vec<(&'static str, Value)> {
    let (room, to) = ("7", "6f1a4c1e-6f53-4a1e-9b0c-0123456789ab");
    vec![
        ("join_room", json!({"appointment_id": room, "name": "Ann", "session": "s", "received": 3})),
        ("send_offer", json!({"appointment_id": room, "offer": {"sdp": "v=0"}, "remoteSocketId": to})),
        ("send_answer", json!({"appointment_id": room, "answer": {"sdp": "v=0"}, "remoteSocketId": to})),
        ("ice_candidate", json!({"candidate": {"sdpMid": "0"}, "remoteSocketId": to})),
        ("send_message", json!({"id": "1", "body": "hello", "appointment_id": "room"})),
        ("leave_room", json!({})),
    ]
}

fn with_parsed<R>(event: &str, payload: &Value, look: impl FnOnce(Option<&ClientMessage>) -> R) -> R {
    let packet = json!([event, payload]).to_string();
    look(ClientMessage::parse(&packet).ok().as_ref())
}

/// The types of an event's payload, and of its ack when all is well.
fn types_of(message: &ClientMessage) -> (Declared, Declared) {
    fn pair<Payload: TS, Answer: TS>(_: &Payload) -> (Declared, Declared) {
        (Declared::of::<Payload>(), Declared::of::<Answer>())
    }
    match message {
        ClientMessage::JoinRoom(message) => pair::<JoinRoom, JoinedSuccessfully>(message),
        ClientMessage::SendOffer(message) => pair::<SendOffer, Done>(message),
        ClientMessage::SendAnswer(message) => pair::<SendAnswer, Done>(message),
        ClientMessage::SendCandidate(message) => pair::<SendCandidate, Done>(message),
        ClientMessage::SendMessage(message) => pair::<SendMessage, MessageSent>(message),
        ClientMessage::LeaveRoom(message) => pair::<LeaveRoom, Done>(message),
    }
}

fn client_types() -> Vec<(&'static str, Declared, Declared)> {
    let typed = examples().into_iter().map(|(event, example)| {
        let (payload, answer) = with_parsed(event, &example, |message| types_of(message.unwrap()));
        (event, payload, answer)
    });
    typed.collect()
}

fn wire_types() -> String {
    let mut declared = vec![Declared::of::<Code>(), Declared::of::<IceServer>(), Declared::of::<Limits>()];
    let (client, server) = (client_types(), all_events());
    declared.extend(client.iter().map(|(_, payload, _)| payload.clone()));
    declared.extend(server.iter().map(|(_, payload)| payload.clone()));
    declared.extend([Declared::of::<Done>(), Declared::of::<MessageSent>()]);
    declared.extend([Declared::of::<RefusedAck>(), Declared::of::<RefusedBecause>()]);
    declared.extend([Declared::of::<IceConfiguration>(), Declared::of::<HttpRefusalBody>()]);

    let mut file = HEAD.to_owned();
    for Declared { text, .. } in &declared {
        let _ = write!(file, "\n{text}");
    }
    file += "\n/** What a client sends, by event, and what it is told when all is well. */\nexport type ClientMessages = {\n";
    for (event, payload, answer) in &client {
        let _ = writeln!(file, "  {event}: {{ payload: {}; answer: {} }};", payload.name, answer.name);
    }
    file += "};\n\n/** What the server sends, by event. */\nexport type ServerMessages = {\n";
    for (event, payload) in &server {
        let _ = writeln!(file, "  {event}: {};", payload.name);
    }
    file + "};\n" + &limits()
}

/// Limits that the page checks before it sends, from the server's own constants.
fn limits() -> String {
    format!(
        "
/** Limits on what a client sends; the server refuses what exceeds them. */
export const limits = {{
  /** Longest appointment id and name, in characters. */
  nameChars: {MAX_CHARS},
  /** Longest body of a chat message, in bytes of UTF-8. */
  messageBytes: {MAX_BODY_BYTES},
}} as const;
"
    )
}

#[test]
fn wire_ts_is_generated_from_the_present_types() {
    let types = wire_types();
    if env::var_os(RENEW).is_some() {
        fs::write(WIRE, &types).unwrap();
    }
    let known = fs::read_to_string(WIRE).unwrap_or_default();
    assert!(
        known == types,
        "{} differs from the types of the server; renew it with: make types",
        Path::new(WIRE).display()
    );
}

#[test]
fn parser_and_declared_types_have_the_same_fields() {
    for (event, example) in examples() {
        let understood = with_parsed(event, &example, |message| json!(message));
        assert_eq!(understood, example, "nothing is dropped and nothing made up");
        let (declared, _) = with_parsed(event, &example, |message| types_of(message.unwrap()));
        for field in example.as_object().unwrap().keys() {
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(field);
            let accepted = with_parsed(event, &without, |message| message.is_some());
            assert_eq!(accepted, declared.is_optional(field), "{event} without {field}");
        }
    }
}

#[test]
fn every_event_is_documented() {
    let document = include_str!("../../../../../docs/mesh.md");
    let (_, document) = document.split_once("## What a client sends").unwrap();
    let (sent, document) = document.split_once("## What the server sends").unwrap();
    let (told, _) = document.split_once("### Coming back").unwrap();
    let documented = |section: &'static str| -> BTreeSet<_> {
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.filter_map(|row| Some(row.split_once('`')?.0)).collect()
    };
    assert_eq!(documented(sent), examples().into_iter().map(|(event, _)| event).collect());
    assert_eq!(documented(told), all_events().into_iter().map(|(event, _)| event).collect());
}
