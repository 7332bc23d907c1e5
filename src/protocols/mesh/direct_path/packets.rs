//! The Socket.IO packets that pass on the direct path: events and acknowledgements of the namespace `/`.
//!
//! Source: Socket.IO protocol v5, "Packet encoding"; Engine.IO protocol v4, "Packet encoding".

use serde::Serialize;

use crate::protocols::mesh::messages::ServerEvent;

/// How the library's CONNECT packet begins: an Engine.IO message (`4`) that holds packet type 0.
/// Source: Socket.IO protocol v5, "Connection to a namespace".
pub const CONNECT: [u8; 2] = *b"40";

/// How an EVENT and an ACK of the namespace `/` begin.
const EVENT: &str = "42";
const ACK: &str = "43";

/// Appends an EVENT packet.
pub fn write_event<E: ServerEvent>(out: &mut Vec<u8>, event: &E) {
    out.extend(EVENT.bytes());
    out.extend(b"[\"");
    out.extend(E::NAME.bytes());
    out.extend(b"\",");
    write_json(out, event);
    out.push(b']');
}

/// Appends an ACK packet for the event with that id.
pub fn write_ack(out: &mut Vec<u8>, id: i64, answer: &impl Serialize) {
    out.extend(ACK.bytes());
    write_json(out, &id);
    out.push(b'[');
    write_json(out, answer);
    out.push(b']');
}

fn write_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("server events are always JSON, and a buffer takes them");
}
