//! Who saves what where: savers, their rooms and their messages.

/// How many save at the same time, each one thing after the other.
pub const SAVERS: u32 = 64;

/// How many rooms they save into: two people in each.
pub const ROOMS: u32 = SAVERS / 2;

/// How chats come in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `send_message` over Socket.IO, with an ack.
    Live,
    /// `PUT save-chats` with one new message.
    Http,
}

pub fn room(number: u32) -> String {
    format!("saves-{number}")
}

/// What a saver writes, never the same twice: 100 bytes.
pub fn body(saver: u32, number: u32) -> String {
    format!("{:.<100}", format!("message {number} of saver {saver} "))
}

/// What it is known by.
pub fn id(saver: u32, number: u32) -> String {
    format!("{saver}-{number}")
}

/// A message as it is saved over HTTP, and as it is compared.
pub fn entry(id: &str, body: &str) -> String {
    format!(r#"{{"id":"{id}","body":"{body}"}}"#)
}
