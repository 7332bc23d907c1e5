//! Signals on their way: to one participant, to a whole room, to another room on this node. Synchronous: what one sender
//! sends arrives in the order of these calls. What leaves for another room on another node is in `letters`.

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
    /// As [`Room::signal`].
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

    /// Delivers a signal to everybody else in the sender's own room.
    ///
    /// # Errors
    /// As [`Room::broadcast`].
    pub fn broadcast(&self, seat: &Seated, kind: SignalKind, payload: Bytes) -> Result<(), SignalError> {
        let now = self.0.clock.now();
        lock(&seat.room).broadcast(seat.key.participant, seat.key.epoch, kind, payload, now)
    }

    /// Delivers a signal to everybody in the room called `to`, which need not be the sender's own: for doors whose
    /// clients may address others without sharing a room with them.
    ///
    /// # Errors
    /// - [`SignalError::Replaced`]: the seat is not the sender's any more.
    /// - [`SignalError::NoSuchParticipant`]: nobody sits there on this node.
    /// - [`SignalError::Unavailable`]: somebody cannot be reached who sits there on another node.
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

    /// Who in the same room is called `name`; where names are not unique, the first who sat down.
    pub fn find(&self, seat: &Seated, name: &Name) -> Option<ParticipantId> {
        lock(&seat.room).find(name)
    }
}
