//! Rooms that are just being closed: nobody comes in meanwhile.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::core::model::{ids::RoomId, lock::lock};

/// How often each room is being closed at the moment.
#[derive(Default, Clone)]
pub struct Closing(Arc<Mutex<HashMap<RoomId, usize>>>);

impl Closing {
    /// `room` is being closed for as long as what is returned lives.
    pub fn begin(&self, room: &RoomId) -> ClosingRoom {
        *lock(&self.0).entry(room.clone()).or_default() += 1;
        ClosingRoom { closing: self.clone(), room: room.clone() }
    }

    /// Whether `room` is being closed.
    pub fn contains(&self, room: &RoomId) -> bool {
        lock(&self.0).contains_key(room)
    }
}

/// A room that is being closed.
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
