//! Signals to the participant of another room, which has one seat, on any node.
//!
//! A signal is answered by the node that it was sent to, and a sender waits for that before its next one. So
//! signals of one sender arrive in order and once, wherever the recipient moves.

use bytes::Bytes;
use tracing::warn;

use super::{
    super::{Hub, join::Seated},
    by_session::MAX_TRIES,
};
use crate::core::{
    model::{
        error::SignalError,
        event::{Signal, SignalKind},
        ids::{NodeId, RoomId},
        lock::lock,
    },
    ports::node_bus::NodeMessage,
};

impl Hub {
    /// Does [`signal_room`](Self::signal_room) for a room of one seat, on any node.
    ///
    /// Signals of one sender arrive in the order of these calls, if each waits for the one before. A signal
    /// for a node that does not answer in time stays on its way to that node.
    ///
    /// # Errors
    /// As for [`signal_room`](Self::signal_room), or [`SignalError::Unavailable`] if the registry does not
    /// answer.
    pub async fn signal_room_anywhere(
        &self,
        seat: &Seated,
        to: &RoomId,
        kind: SignalKind,
        payload: Bytes,
    ) -> Result<(), SignalError> {
        for _ in 0..MAX_TRIES {
            let outcome = self.signal_room(seat, to, kind, payload.clone());
            let is_alone = self.0.local_node.bus().alive().is_empty();
            if outcome != Err(SignalError::NoSuchParticipant) || is_alone {
                return outcome;
            }
            let node = self.node_of_room(to).await?;
            if node == self.0.local_node.id {
                // The recipient has just come.
                continue;
            }
            let (from, payload) = (seat.key.participant, payload.clone());
            let name = lock(&seat.room).name_of(from, seat.key.epoch)?;
            let signal = Signal { from, name, kind, payload };
            let message = |request| NodeMessage::CrossRoomSignal { to: to.clone(), signal, request };
            if self.ask_to_deliver(node, message).await? != Some(false) {
                return Ok(());
            }
            // The recipient has moved meanwhile.
        }
        Err(SignalError::NoSuchParticipant)
    }

    /// Delivers a signal that another node sent to a local room. Returns `false` if the room is
    /// empty.
    pub(super) fn receive_cross_room(&self, to: &RoomId, signal: &Signal) -> bool {
        let Some(room) = self.room(to) else { return false };
        let mut room = lock(&room);
        !room.is_empty() && room.receive_cross_room(signal, self.0.clock.now()).is_ok()
    }

    /// The node where the participant of a room sits.
    async fn node_of_room(&self, room: &RoomId) -> Result<NodeId, SignalError> {
        let seats = self.0.registry.seats(room).await.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "the node of a recipient could not be found");
            SignalError::Unavailable
        })?;
        let local = &self.0.local_node;
        let newest = seats.into_iter().max_by_key(|seat| seat.epoch).map(|seat| seat.node);
        let node = newest.filter(|node| *node == local.id || local.bus().is_alive(*node));
        node.ok_or(SignalError::NoSuchParticipant)
    }
}
