//! Rooms, and entries and messages in them.

use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard::{
    core::model::{
        chat::{ChatEntry, LiveMessage},
        event::ChatMessage,
        ids::{ParticipantId, RoomId},
    },
    protocols::chat_json::{parse_save, stored_form},
};

/// The room `name`.
pub fn room(name: &str) -> RoomId {
    name.parse().unwrap()
}

/// A room that no other test uses.
pub fn fresh_room() -> RoomId {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    room(&format!("room {}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The entry with the key `id` and a text made of it.
pub fn entry<T: ToString + ?Sized>(id: &T) -> ChatEntry {
    let id = id.to_string();
    entry_of(&id, &format!(r#"{{"id":"{id}","text":"hello {id}"}}"#))
}

/// The entry with the key `id` and the text `json`, in a single version.
pub fn entry_of(id: &str, json: &str) -> ChatEntry {
    let key = format!("o.{id}");
    ChatEntry { key: (&*key).into(), version: None, message: None, json: json.into() }
}

/// Several entries.
pub fn entries<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<ChatEntry> {
    ids.into_iter().map(|id| entry(&id)).collect()
}

/// The texts of entries.
pub fn texts(entries: &[ChatEntry]) -> Vec<Box<str>> {
    entries.iter().map(|entry| entry.json.clone()).collect()
}

/// The entries of a save of these texts, with the keys of the mesh door.
pub fn saved<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<ChatEntry> {
    let texts: Vec<_> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
    parse_save(format!("{{\"chats\":[{}]}}", texts.join(",")).as_bytes()).unwrap()
}

/// The stored form of the message that `from` sends under `id`.
pub fn message(from: ParticipantId, id: &str, body: &str) -> LiveMessage {
    stored_form(&ChatMessage {
        id: id.into(),
        from,
        name: "Ann".parse().unwrap(),
        body: body.into(),
        sent_at: std::time::UNIX_EPOCH,
    })
}
