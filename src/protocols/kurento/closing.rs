//! Rooms that an operator is closing. Joins to them are refused.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::core::model::{ids::RoomId, lock::lock};

/// Counts the running closures of each room.
#[derive(Default, Clone)]
pub struct Closing(Arc<Mutex<HashMap<RoomId, usize>>>);

impl Closing {
    /// Marks `room` as closing until the returned guard is dropped.
    pub fn begin(&self, room: &RoomId) -> ClosingRoom {
        *lock(&self.0).entry(room.clone()).or_default() += 1;
        ClosingRoom { closing: self.clone(), room: room.clone() }
    }

    /// Whether `room` is being closed.
    pub fn contains(&self, room: &RoomId) -> bool {
        lock(&self.0).contains_key(room)
    }
}

/// A closure in progress.
pub struct ClosingRoom {
    closing: Closing,
    room: RoomId,
}

impl Drop for ClosingRoom {
    fn drop(&mut self) {
        let mut closing = lock(&self.closing.0);
        if let Some(count) = closing.get_mut(&self.room) {
            *count -= 1;
            if *count == 0 {
                closing.remove(&self.room);
            }
        }
    }
}
