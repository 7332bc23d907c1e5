//! What joining takes and what it gives.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::core::{
    model::{
        ids::{Name, ParticipantId, RoomId},
        seat_table::SeatKey,
        session_token::SessionToken,
    },
    room::{Room, View},
};

/// How many seats a room has, how long one is kept without a connection, and whether names are unique. Set by the
/// door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomPolicy {
    /// The number of seats, at least 1.
    pub seats: usize,
    /// How long a seat outlives its connection.
    pub lease: Duration,
    /// How long an unprotected seat outlives its connection, open to any newcomer at once. `None`: for `lease`, and
    /// a newcomer gets it only after a liveness probe.
    pub unprotected_lease: Option<Duration>,
    /// How many seats without a connection one address may hold; newcomers from there are refused beyond it.
    pub away_per_address: usize,
    /// Whether no two participants may be called the same.
    pub unique_names: bool,
}

impl RoomPolicy {
    /// Rooms of `seats` seats, each kept for `lease`, with the same rules for every seat and no further limit.
    pub const fn new(seats: usize, lease: Duration) -> Self {
        Self { seats, lease, unprotected_lease: None, away_per_address: usize::MAX, unique_names: false }
    }
}

/// Who wants in where.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomId,
    /// What to call the participant.
    pub name: Name,
    /// The room's policy; the same for everybody who joins this room.
    pub policy: RoomPolicy,
    /// A token from an earlier join, unchecked.
    pub session: Option<String>,
    /// The number of the last event that the participant has, if it comes back and knows.
    pub received: Option<u64>,
    /// Whether the client can resume: if so, no newcomer gets the seat before its lease ends.
    pub protected: bool,
    /// The client's address, against whose limit the seat counts while it is held without a connection.
    pub address: Option<IpAddr>,
}

impl JoinRequest {
    /// A first join of a client that cannot resume, from an address without limits.
    pub fn new(room: RoomId, name: Name, policy: RoomPolicy) -> Self {
        Self { room, name, policy, session: None, received: None, protected: false, address: None }
    }
}

/// A seat held in a room; what a door keeps for a connection. Cheap to clone.
#[derive(Clone)]
pub struct Seated {
    pub(in crate::core) key: SeatKey,
    pub(in crate::core) room: Arc<Mutex<Room>>,
}

impl Seated {
    /// Who sits there.
    pub fn participant(&self) -> ParticipantId {
        self.key.participant
    }

    /// Where.
    pub fn room(&self) -> &RoomId {
        &self.key.room
    }
}

impl fmt::Debug for Seated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seated").field(&self.key).finish()
    }
}

/// What somebody who joined finds.
pub struct Joined {
    /// The seat.
    pub seat: Seated,
    /// Proves the seat theirs when they come back.
    pub session: SessionToken,
    /// Whether it is an earlier seat and nothing was lost since.
    pub resumed: bool,
    /// The room.
    pub view: View,
    /// The JSON of all chats of the room, oldest first; `None` if the store does not answer.
    pub history: Option<Vec<Box<str>>>,
}

/// A seat that was free, or the asker's own.
pub struct Taken {
    /// The seat.
    pub seat: Seated,
    /// Proves the seat theirs when they come back.
    pub session: SessionToken,
    /// Whether they held it already: nobody else was told that somebody joined.
    pub returned: bool,
}
