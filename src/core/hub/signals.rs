//! Signals to one participant, to a whole room, to another room on this node.
//!
//! Synchronous: signals of one sender arrive in the order of these calls. `nodes/cross_room.rs` sends them to
//! rooms on other nodes.

use bytes::Bytes;

use super::{Hub, join::Seated};
use crate::core::model::{
    error::SignalError,
    event::{Signal, SignalKind},
    ids::{Name, ParticipantId, RoomId},
    lock::lock,
};

impl Hub {
    /// Delivers a signal to `to`, in the sender's own room.
    ///
    /// # Errors
    /// As for [`Room::signal`](crate::core::room::Room::signal).
    pub fn signal(
        &self,
        seat: &Seated,
        to: ParticipantId,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        let now = self.0.clock.now();
        lock(&seat.room).signal(seat.key.participant, seat.key.epoch, to, kind, payload, now)
    }

    /// Delivers a signal to all others in the sender's own room.
    ///
    /// # Errors
    /// As for [`Room::broadcast`](crate::core::room::Room::broadcast).
    pub fn broadcast(&self, seat: &Seated, kind: SignalKind, payload: Bytes) -> Result<(), SignalError> {
        let now = self.0.clock.now();
        lock(&seat.room).broadcast(seat.key.participant, seat.key.epoch, kind, payload, now)
    }

    /// Delivers a signal to all participants of the room `to`, which need not be the sender's own.
    ///
    /// For doors whose clients may address participants of other rooms.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: the seat is held under another epoch, or ended.
    /// - [`SignalError::NoSuchParticipant`]: no participant of that room sits on this node.
    /// - [`SignalError::Unavailable`]: too much waits for the node of one of its participants.
    pub fn signal_room(
        &self,
        seat: &Seated,
        to: &RoomId,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        let from = seat.key.participant;
        let name = lock(&seat.room).name_of(from, seat.key.epoch)?;
        let room = self.room(to).ok_or(SignalError::NoSuchParticipant)?;
        let mut room = lock(&room);
        if room.is_empty() {
            return Err(SignalError::NoSuchParticipant);
        }
        Ok(room.receive_cross_room(&Signal { from, name, kind, payload }, self.0.clock.now())?)
    }

    /// The participant called `name` in the same room; where names are not unique, the first that sat down.
    pub fn find(&self, seat: &Seated, name: &Name) -> Option<ParticipantId> {
        lock(&seat.room).find(name)
    }
}
