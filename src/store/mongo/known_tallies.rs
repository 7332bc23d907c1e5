//! The last known tallies of rooms, so that a save need not read them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::core::model::{chat::Tally, ids::RoomId, lock::lock};

/// The most rooms whose tallies are remembered. Beyond it, rooms without a save under way are dropped.
const MAX_ROOMS: usize = 4_096;

/// The last known tally of one room, locked by the save under way.
pub(super) type KnownTally = OwnedMutexGuard<Option<Tally>>;

/// The tallies of the rooms that were written last. Each may be outdated: another node may have written
/// since.
#[derive(Default)]
pub(super) struct KnownTallies {
    rooms: Mutex<HashMap<RoomId, Arc<AsyncMutex<Option<Tally>>>>>,
}

impl KnownTallies {
    /// Locks and returns the tally of `room`: two saves at once would only conflict.
    pub(super) async fn of(&self, room: &RoomId) -> KnownTally {
        let end = {
            let mut rooms = lock(&self.rooms);
            if rooms.len() >= MAX_ROOMS && !rooms.contains_key(room) {
                rooms.retain(|_, end| Arc::strong_count(end) > 1);
            }
            rooms.entry(room.clone()).or_default().clone()
        };
        end.lock_owned().await
    }

    /// The number of an array that `room` serves or has served: earlier rows need not be read. 0 if none is
    /// known.
    pub(super) fn base(&self, room: &RoomId) -> usize {
        let end = lock(&self.rooms).get(room).cloned();
        let end = end.and_then(|end| end.try_lock().ok().and_then(|end| *end));
        end.map_or(0, |tally| tally.base)
    }
}
