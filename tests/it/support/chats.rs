//! Rooms and entries to save.

use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard::core::{
    chat::{ChatEntry, ChatKey},
    ids::RoomId,
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

/// The entry with the id `id`, whose text is made of it.
pub fn entry<T: ToString + ?Sized>(id: &T) -> ChatEntry {
    let id = id.to_string();
    entry_of(&id, &format!(r#"{{"id":"{id}","text":"hello {id}"}}"#))
}

/// The entry with the id `id` and the text `json`.
pub fn entry_of(id: &str, json: &str) -> ChatEntry {
    ChatEntry { key: ChatKey::from_id(id), json: json.into() }
}

/// Several of them.
pub fn entries<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<ChatEntry> {
    ids.into_iter().map(|id| entry(&id)).collect()
}

/// Their texts.
pub fn texts(entries: &[ChatEntry]) -> Vec<Box<str>> {
    entries.iter().map(|entry| entry.json.clone()).collect()
}
