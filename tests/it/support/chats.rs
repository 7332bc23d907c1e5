//! Rooms, and what is saved and written in them.

use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard::{
    core::model::{
        chat::{ChatEntry, LiveMessage},
        event::ChatMessage,
        ids::{ParticipantId, RoomId},
    },
    protocols::chat_json::{kept, parse_save},
};

/// The room called `name`.
pub fn room(name: &str) -> RoomId {
    name.parse().unwrap()
}

/// A room that no other test uses.
pub fn fresh_room() -> RoomId {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    room(&format!("room {}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The entry with the key `id`, whose text is made of it.
pub fn entry<T: ToString + ?Sized>(id: &T) -> ChatEntry {
    let id = id.to_string();
    entry_of(&id, &format!(r#"{{"id":"{id}","text":"hello {id}"}}"#))
}

/// The entry with the key `id` and the text `json`, of which there is one version.
pub fn entry_of(id: &str, json: &str) -> ChatEntry {
    let key = format!("o.{id}");
    ChatEntry { key: (&*key).into(), version: None, message: None, json: json.into() }
}

/// Several of them.
pub fn entries<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<ChatEntry> {
    ids.into_iter().map(|id| entry(&id)).collect()
}

/// Their texts.
pub fn texts(entries: &[ChatEntry]) -> Vec<Box<str>> {
    entries.iter().map(|entry| entry.json.clone()).collect()
}

/// The entries that a save of these texts brings, with the keys that the mesh door gives them.
pub fn saved<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<ChatEntry> {
    let texts: Vec<_> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
    parse_save(format!("{{\"chats\":[{}]}}", texts.join(",")).as_bytes()).unwrap()
}

/// The message that `from` sends under `id`, as it is kept.
pub fn message(from: ParticipantId, id: &str, body: &str) -> LiveMessage {
    kept(&ChatMessage {
        id: id.into(),
        from,
        name: "Ann".parse().unwrap(),
        body: body.into(),
        sent_at: std::time::UNIX_EPOCH,
    })
}
