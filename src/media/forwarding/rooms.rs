//! Endpoints and publishers by room.

use std::collections::HashMap;

use super::loudness::Speaker;
use crate::{
    core::model::ids::{ParticipantId, RoomId},
    media::EndpointId,
};

/// The rooms of a shard that have an endpoint.
#[derive(Debug, Default)]
pub struct Rooms(HashMap<RoomId, MediaRoom>);

/// One room.
#[derive(Debug, Default)]
pub struct MediaRoom {
    /// All endpoints, oldest first.
    pub endpoints: Vec<EndpointId>,
    /// The publishing endpoint of each participant.
    pub publishers: HashMap<ParticipantId, EndpointId>,
    /// The active speaker.
    pub speaker: Speaker<ParticipantId>,
    /// Participants who have been told the active speaker.
    pub told_speaker: Vec<ParticipantId>,
}

impl Rooms {
    /// The room, if it has an endpoint.
    pub fn get(&self, id: &RoomId) -> Option<&MediaRoom> {
        self.0.get(id)
    }

    /// The room, created if it is missing.
    pub fn enter(&mut self, id: &RoomId) -> &mut MediaRoom {
        self.0.entry(id.clone()).or_default()
    }

    /// All rooms.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut MediaRoom> {
        self.0.values_mut()
    }

    /// Removes an endpoint, and its room if it was the last.
    pub fn leave(&mut self, id: &RoomId, endpoint: EndpointId) {
        let Some(room) = self.0.get_mut(id) else { return };
        room.endpoints.retain(|other| *other != endpoint);
        room.publishers.retain(|_, other| *other != endpoint);
        if room.endpoints.is_empty() {
            self.0.remove(id);
        }
    }
}
