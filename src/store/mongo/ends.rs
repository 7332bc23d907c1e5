//! Where the histories of rooms end, as far as this process knows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde::Deserialize;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::core::{
    chat::{ChatEntry, MAX_ENTRIES, MAX_HISTORY_BYTES},
    ids::RoomId,
    sync::lock,
};

/// How many rooms are known at once: about as many as people write in at one time. Beyond it, those in which nobody
/// writes just now are forgotten.
const MAX_ROOMS: usize = 4_096;

/// The end of a room's history: the number of its last entry, and the bytes of JSON of all. Of nothing at first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct End {
    /// The number of the last entry; how many there are.
    #[serde(rename = "seq")]
    pub(super) last: i64,
    /// How many bytes of JSON there are; 0 where that was not counted yet when the last entry was stored.
    #[serde(default)]
    pub(super) bytes: i64,
}

impl End {
    /// The end after one entry more.
    pub(super) fn plus(self, entry: &ChatEntry) -> Self {
        let bytes = i64::try_from(entry.json.len()).unwrap_or(i64::MAX);
        Self { last: self.last + 1, bytes: self.bytes.saturating_add(bytes) }
    }

    /// Whether a history may grow so far.
    pub(super) fn is_within_limits(self) -> bool {
        let within = |count: i64, most: usize| usize::try_from(count).is_ok_and(|count| count <= most);
        within(self.last, MAX_ENTRIES) && within(self.bytes, MAX_HISTORY_BYTES)
    }
}

/// What is known of one room, by the one that saves in it.
pub(super) type Known = OwnedMutexGuard<Option<End>>;

/// The ends of the rooms that were written in last. Each is a guess: another server may have written since.
#[derive(Default)]
pub(super) struct Ends {
    rooms: Mutex<HashMap<RoomId, Arc<AsyncMutex<Option<End>>>>>,
}

impl Ends {
    /// What is known of `room`, for one save at a time: two at once would only get in each other's way.
    pub(super) async fn of(&self, room: &RoomId) -> Known {
        let end = {
            let mut rooms = lock(&self.rooms);
            if rooms.len() >= MAX_ROOMS && !rooms.contains_key(room) {
                rooms.retain(|_, end| Arc::strong_count(end) > 1);
            }
            rooms.entry(room.clone()).or_default().clone()
        };
        end.lock_owned().await
    }
}
