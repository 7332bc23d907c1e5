//! Where the histories of rooms end, as far as this process knows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::core::model::{chat::Tally, ids::RoomId, lock::lock};

/// How many rooms are known at once: about as many as people write in at one time. Beyond it, rooms without a save
/// under way are forgotten.
const MAX_ROOMS: usize = 4_096;

/// What is known of one room, by the one that saves in it.
pub(super) type KnownEnd = OwnedMutexGuard<Option<Tally>>;

/// The tallies of the rooms that were written in last. Each is a guess: another server may have written since.
#[derive(Default)]
pub(super) struct Ends {
    rooms: Mutex<HashMap<RoomId, Arc<AsyncMutex<Option<Tally>>>>>,
}

impl Ends {
    /// What is known of `room`, for one save at a time: two at once would only get in each other's way.
    pub(super) async fn of(&self, room: &RoomId) -> KnownEnd {
        let end = {
            let mut rooms = lock(&self.rooms);
            if rooms.len() >= MAX_ROOMS && !rooms.contains_key(room) {
                rooms.retain(|_, end| Arc::strong_count(end) > 1);
            }
            rooms.entry(room.clone()).or_default().clone()
        };
        end.lock_owned().await
    }

    /// The number of an array that `room` serves, or served once: rows before it need not be read. 0 if none is known.
    pub(super) fn base(&self, room: &RoomId) -> usize {
        let end = lock(&self.rooms).get(room).cloned();
        let end = end.and_then(|end| end.try_lock().ok().and_then(|end| *end));
        end.map_or(0, |tally| tally.base)
    }
}
