//! Messages of other nodes, and news of nodes.

use tokio::spawn;

use super::super::{Hub, Inner, liveness};
use crate::core::{
    model::{
        error::SignalError,
        event::LeaveReason,
        ids::{Epoch, NodeId, ParticipantId, RoomId},
        lock::lock,
        seat_table::SeatKey,
    },
    ports::node_bus::{NodeListener, NodeMessage, NodeSeat},
};

impl NodeListener for Inner {
    fn receive(&self, from: NodeId, message: NodeMessage) {
        if let Some(hub) = self.hub() {
            self.claim_gate.pass(from, message, |from, message| hub.handle(from, message));
        }
    }

    fn messages_lost(&self, node: NodeId) {
        let Some(hub) = self.hub() else { return };
        let now = self.clock.now();
        for (_, room) in hub.all_rooms() {
            lock(&room).reset_after_loss(node, now);
        }
        // Some may have been about new participants.
        hub.verify_all_rooms();
    }

    fn node_lost(&self, node: NodeId) {
        if let Some(hub) = self.hub() {
            hub.set_node_lost(node, true);
        }
    }

    fn node_returned(&self, node: NodeId) {
        self.local_node.note_peer();
        if let Some(hub) = self.hub() {
            hub.set_node_lost(node, false);
        }
    }
}

impl Inner {
    fn hub(&self) -> Option<Hub> {
        self.me.upgrade().map(Hub)
    }
}

impl Hub {
    /// Handles a message of another node.
    pub(super) fn handle(&self, from: NodeId, message: NodeMessage) {
        let now = self.0.clock.now();
        match message {
            NodeMessage::Seats { room, seats, streams, reply, request } => {
                self.handle_seats(from, &room, &seats, &streams, reply);
                if let Some(request) = request {
                    self.answer(from, request, true);
                }
            }
            NodeMessage::SeatEnded { key, reason } => self.handle_seat_ended(&key, reason),
            NodeMessage::Deliver { to, from, seq, event } => {
                if let Some(room) = self.room(&to.room) {
                    lock(&room).receive((to.participant, to.epoch), from, seq, event, now);
                }
            }
            NodeMessage::Probe { key, request } => {
                let hub = self.clone();
                spawn(async move {
                    let is_alive = hub.holds(&key) && liveness::shows_life(&hub, &key).await;
                    hub.answer(from, request, is_alive);
                });
            }
            NodeMessage::Answer { request, yes } => self.0.pending_requests.decide(request, yes),
            NodeMessage::FetchMailbox { former, epoch } => self.handle_fetch(from, former, epoch),
            NodeMessage::MailboxFetched { seat, mailbox } => {
                if let Some(room) = self.room(&seat.room) {
                    lock(&room).import_mailbox(seat.participant, seat.epoch, mailbox, now);
                }
            }
            NodeMessage::TakeOver { claim } => drop(spawn(self.clone().take_over(*claim))),
            NodeMessage::CrossRoomSignal { to, signal, request } => {
                let is_delivered = self.receive_cross_room(&to, &signal);
                self.answer(from, request, is_delivered);
            }
            NodeMessage::SignalBySession { from: key, kind, payload, request } => {
                let outcome = self.signal_local(&key, kind, payload);
                // Without an answer, the sender's node reports the recipient as unavailable.
                if outcome != Err(SignalError::Unavailable) {
                    self.answer(from, request, outcome.is_ok());
                }
            }
            NodeMessage::EndSeats { namespace, request } => {
                let hub = self.clone();
                spawn(async move {
                    let is_done = hub.dismiss_local(&namespace).await.is_ok();
                    hub.answer(from, request, is_done);
                });
            }
        }
    }

    fn answer(&self, node: NodeId, request: u64, yes: bool) {
        // If the bus does not take it, the other node's deadline ends the request.
        let _ = self.0.local_node.send(node, NodeMessage::Answer { request, yes });
    }

    fn handle_seats(
        &self,
        from: NodeId,
        id: &RoomId,
        seats: &[NodeSeat],
        streams: &[(ParticipantId, Epoch)],
        reply: bool,
    ) {
        let answer = if let Some(room) = self.room(id) {
            let mut room = lock(&room);
            let now = self.0.clock.now();
            room.apply_node_seats(from, seats, now);
            room.apply_streams(streams, now);
            reply.then(|| room.seats_for(from, false, None))
        } else {
            reply.then(|| NodeMessage::no_seats(id.clone()))
        };
        if let Some(answer) = answer {
            self.0.local_node.send_or_retry(from, answer);
        }
    }

    fn handle_seat_ended(&self, key: &SeatKey, reason: LeaveReason) {
        let Some(room) = self.room(&key.room) else { return };
        let ended = lock(&room).end_by_node(key.participant, key.epoch, reason, self.0.clock.now());
        self.remove_if_over(&key.room);
        if let Some(key) = ended {
            // If the registry forgot all seats meanwhile, this node has restored this one.
            let registry = self.0.registry.clone();
            spawn(async move { registry.release(&key).await });
        }
    }

    fn handle_fetch(&self, from: NodeId, former: SeatKey, epoch: Epoch) {
        if let Some(room) = self.room(&former.room) {
            return lock(&room).send_mailbox(&former, epoch, from, self.0.clock.now());
        }
        let lost = NodeMessage::MailboxFetched { seat: SeatKey { epoch, ..former }, mailbox: None };
        self.0.local_node.send_or_retry(from, lost);
    }

    /// True if this node holds the seat.
    fn holds(&self, key: &SeatKey) -> bool {
        self.room(&key.room).is_some_and(|room| lock(&room).holds(key.participant, key.epoch))
    }

    fn set_node_lost(&self, node: NodeId, is_lost: bool) {
        let now = self.0.clock.now();
        for (_, room) in self.all_rooms() {
            lock(&room).set_node_lost(node, is_lost, now);
        }
    }
}
