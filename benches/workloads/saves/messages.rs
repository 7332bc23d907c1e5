//! Savers, their rooms and their messages.

/// Concurrent savers; each saves one message after the other.
pub const SAVERS: u32 = 64;

/// Rooms of two savers each.
pub const ROOMS: u32 = SAVERS / 2;

/// The way of a message into the store.
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

/// The text of a message, unique and 100 bytes long.
pub fn body(saver: u32, number: u32) -> String {
    format!("{:.<100}", format!("message {number} of saver {saver} "))
}

/// The id of a message.
pub fn id(saver: u32, number: u32) -> String {
    format!("{saver}-{number}")
}

/// A message as saved over HTTP, and as compared.
pub fn entry(id: &str, body: &str) -> String {
    format!(r#"{{"id":"{id}","body":"{body}"}}"#)
}
