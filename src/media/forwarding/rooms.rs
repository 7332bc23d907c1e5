//! Who is in which room, as far as media goes: publishers by participant, and everybody who hears about the room.

use std::collections::HashMap;

use super::loudness::Speaker;
use crate::{
    core::model::ids::{ParticipantId, RoomId},
    media::EndpointId,
};

/// All rooms of a shard in which there is an endpoint.
#[derive(Debug, Default)]
pub struct Rooms(HashMap<RoomId, Room>);

/// One room.
#[derive(Debug, Default)]
pub struct Room {
    /// Oldest first.
    pub endpoints: Vec<EndpointId>,
    /// With what each publishes.
    pub publishers: HashMap<ParticipantId, EndpointId>,
    /// Who is the loudest.
    pub speaker: Speaker<ParticipantId>,
    /// Those who know who that is.
    pub told_speaker: Vec<ParticipantId>,
}

impl Rooms {
    /// The room, if somebody is there.
    pub fn get(&self, id: &RoomId) -> Option<&Room> {
        self.0.get(id)
    }

    /// The room, which is made if nobody was there.
    pub fn enter(&mut self, id: &RoomId) -> &mut Room {
        self.0.entry(id.clone()).or_default()
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Room> {
        self.0.values_mut()
    }

    /// The endpoint is gone, and its room with it if it was the last.
    pub fn leave(&mut self, id: &RoomId, endpoint: EndpointId) {
        let Some(room) = self.0.get_mut(id) else { return };
        room.endpoints.retain(|other| *other != endpoint);
        room.publishers.retain(|_, other| *other != endpoint);
        if room.endpoints.is_empty() {
            self.0.remove(id);
        }
    }
}
