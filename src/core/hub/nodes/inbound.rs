//! What other nodes say to this one, and what is done about it.

use std::sync::Arc;

use tokio::spawn;

use crate::core::{
    hub::{Hub, Inner, liveness},
    model::{
        error::SignalError,
        event::LeaveReason,
        ids::{NodeId, RoomId},
        lock::lock,
        seat_table::SeatKey,
    },
    ports::{
        connection::{CloseReason, Connection},
        node_bus::{Mailbox, NodeListener, NodeMessage, NodeSeat},
    },
};

impl NodeListener for Inner {
    fn receive(&self, from: NodeId, message: NodeMessage) {
        if let Some(hub) = self.hub() {
            self.claim_gate.pass(from, message, |from, message| hub.take(from, message));
        }
    }

    fn torn(&self, node: NodeId) {
        let Some(hub) = self.hub() else { return };
        for (_, room) in hub.all_rooms() {
            lock(&room).tear(node);
        }
        // Newcomers may be among what is lost.
        self.doubt_all();
    }

    fn gone(&self, node: NodeId) {
        let Some(hub) = self.hub() else { return };
        hub.hear_of(node, true);
        for ask in self.pending_requests.asked_of(node) {
            hub.give_up_mailbox(ask);
        }
    }

    fn back(&self, node: NodeId) {
        self.local_node.note_peer();
        if let Some(hub) = self.hub() {
            hub.hear_of(node, false);
        }
    }
}

impl Hub {
    /// Takes a message of another node.
    pub(in crate::core::hub) fn take(&self, from: NodeId, message: NodeMessage) {
        let now = self.0.clock.now();
        match message {
            NodeMessage::Seats { room, stays, ask } => self.hear_seats(from, room, &stays, ask),
            NodeMessage::Left { key, reason } => self.hear_left(&key, reason),
            NodeMessage::Told { to, from, count, event } => {
                if let Some(room) = self.room(&to.room) {
                    lock(&room).hear((to.participant, to.epoch), from, count, event, now);
                }
            }
            NodeMessage::Probe { key, ask } => {
                let hub = self.clone();
                spawn(async move {
                    let alive = hub.is_seated(&key) && liveness::is_here(&hub, &key).await;
                    // If it is not taken, there is no answer, as if this node were dead.
                    let _ = hub.0.local_node.send(from, NodeMessage::Probed { ask, alive });
                });
            }
            NodeMessage::Probed { ask, alive } => self.0.pending_requests.probed(ask, alive),
            NodeMessage::Yield { former, epoch, ask } => {
                let fenced = match self.room(&former.room) {
                    Some(room) => lock(&room).hand_over(&former, epoch, (from, ask), now),
                    None => {
                        self.0
                            .local_node
                            .tell(from, NodeMessage::Yielded { ask, mailbox: Some(Mailbox::lost()) });
                        None
                    }
                };
                close_all(fenced);
            }
            NodeMessage::Yielded { ask, mailbox } => self.take_mailbox(ask, mailbox),
            NodeMessage::Adopt { claim } => {
                spawn(self.clone().adopt(*claim));
            }
            NodeMessage::CrossRoomSignal(letter) => self.receive_letter(from, letter),
            NodeMessage::Returned(letter) => self.take_back(*letter),
            NodeMessage::Say { from: key, kind, payload, ask } => {
                let outcome = self.say_here(&key, kind, payload);
                // Without an answer, whoever asked takes it that somebody cannot be reached.
                if outcome != Err(SignalError::Unavailable) {
                    let _ = self.0.local_node.send(from, NodeMessage::Done { ask, done: outcome.is_ok() });
                }
            }
            NodeMessage::Dismiss { namespace, ask } => {
                let hub = self.clone();
                spawn(async move {
                    let done = hub.dismiss_here(&namespace).await.is_ok();
                    let _ = hub.0.local_node.send(from, NodeMessage::Done { ask, done });
                });
            }
            NodeMessage::Done { ask, done } => self.0.pending_requests.probed(ask, done),
        }
    }

    fn hear_seats(&self, from: NodeId, id: RoomId, stays: &[NodeSeat], ask: bool) {
        let now = self.0.clock.now();
        self.0.places.hear(&id, stays, now);
        let mut own = Vec::new();
        if let Some(room) = self.room(&id) {
            let mut room = lock(&room);
            close_all(room.hear_seats(from, stays, now));
            own = room.stays();
        }
        if ask {
            self.0.local_node.tell(from, NodeMessage::Seats { room: id, stays: own, ask: false });
        }
    }

    /// Whether somebody holds that seat on this node.
    fn is_seated(&self, key: &SeatKey) -> bool {
        self.room(&key.room).is_some_and(|room| lock(&room).lease_of(key.participant, key.epoch).is_ok())
    }

    fn hear_left(&self, key: &SeatKey, reason: LeaveReason) {
        let Some(room) = self.room(&key.room) else { return };
        let ended = lock(&room).end_by(key.participant, key.epoch, reason, self.0.clock.now());
        close_all(ended.and_then(|ended| ended.connection));
        self.remove_if_over(&key.room);
    }

    fn hear_of(&self, node: NodeId, is_gone: bool) {
        let now = self.0.clock.now();
        for (_, room) in self.all_rooms() {
            lock(&room).hear_of_node(node, is_gone, now);
        }
    }

    fn take_mailbox(&self, ask: u64, mailbox: Option<Box<Mailbox>>) {
        let Some(seat) = self.0.pending_requests.close(ask) else { return };
        let Some(room) = self.room(&seat.room) else { return };
        lock(&room).arrive(seat.participant, ask, mailbox, self.0.clock.now());
    }

    fn give_up_mailbox(&self, ask: u64) {
        let Some(seat) = self.0.pending_requests.close(ask) else { return };
        if let Some(room) = self.room(&seat.room) {
            lock(&room).lose_answer(seat.participant, ask, self.0.clock.now());
        }
    }
}

/// Closes connections of those who are elsewhere now, or nowhere.
pub(in crate::core::hub) fn close_all(connections: impl IntoIterator<Item = Arc<dyn Connection>>) {
    for connection in connections {
        connection.close(CloseReason::Replaced);
    }
}
