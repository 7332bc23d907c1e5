//! What other nodes say to this one, and what is done about it.

use std::sync::Arc;

use tokio::spawn;

use super::{
    contention,
    error::SignalError,
    event::LeaveReason,
    hub::{Hub, Inner},
    ids::{NodeId, RoomId},
    outbox::{CloseReason, Connection},
    seat::SeatKey,
    sync::lock,
    wire::{Mailbox, Parcel, Recipient, Stay},
};

impl Recipient for Inner {
    fn receive(&self, from: NodeId, parcel: Parcel) {
        if let Some(hub) = self.hub() {
            self.coming.pass(from, parcel, |from, parcel| hub.take(from, parcel));
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
        for ask in self.asks.asked_of(node) {
            hub.give_up_mailbox(ask);
        }
    }

    fn back(&self, node: NodeId) {
        self.site.meet();
        if let Some(hub) = self.hub() {
            hub.hear_of(node, false);
        }
    }
}

impl Hub {
    /// Takes a parcel of another node.
    pub(super) fn take(&self, from: NodeId, parcel: Parcel) {
        let now = self.0.clock.now();
        match parcel {
            Parcel::Seats { room, stays, ask } => self.hear_seats(from, room, &stays, ask),
            Parcel::Left { key, reason } => self.hear_left(&key, reason),
            Parcel::Told { to, from, count, event } => {
                if let Some(room) = self.room(&to.room) {
                    lock(&room).hear((to.participant, to.epoch), from, count, event, now);
                }
            }
            Parcel::Probe { key, ask } => {
                let hub = self.clone();
                spawn(async move {
                    let alive = hub.is_seated(&key) && contention::is_here(&hub, &key).await;
                    // If it is not taken, there is no answer, as if this node were dead.
                    let _ = hub.0.site.send(from, Parcel::Probed { ask, alive });
                });
            }
            Parcel::Probed { ask, alive } => self.0.asks.probed(ask, alive),
            Parcel::Yield { former, epoch, ask } => {
                let fenced = match self.room(&former.room) {
                    Some(room) => lock(&room).hand_over(&former, epoch, (from, ask), now),
                    None => {
                        self.0.site.tell(from, Parcel::Yielded { ask, mailbox: Some(Mailbox::lost()) });
                        None
                    }
                };
                close_all(fenced);
            }
            Parcel::Yielded { ask, mailbox } => self.take_mailbox(ask, mailbox),
            Parcel::Adopt { claim } => {
                spawn(self.clone().adopt(*claim));
            }
            Parcel::Letter(letter) => self.receive_letter(from, letter),
            Parcel::Returned(letter) => self.take_back(*letter),
            Parcel::Say { from: key, kind, payload, ask } => {
                let outcome = self.say_here(&key, kind, payload);
                // Without an answer, whoever asked takes it that somebody cannot be reached.
                if outcome != Err(SignalError::Unavailable) {
                    let _ = self.0.site.send(from, Parcel::Done { ask, done: outcome.is_ok() });
                }
            }
            Parcel::Dismiss { namespace, ask } => {
                let hub = self.clone();
                spawn(async move {
                    let done = hub.dismiss_here(&namespace).await.is_ok();
                    let _ = hub.0.site.send(from, Parcel::Done { ask, done });
                });
            }
            Parcel::Done { ask, done } => self.0.asks.probed(ask, done),
        }
    }

    fn hear_seats(&self, from: NodeId, id: RoomId, stays: &[Stay], ask: bool) {
        let now = self.0.clock.now();
        self.0.places.hear(&id, stays, now);
        let mut own = Vec::new();
        if let Some(room) = self.room(&id) {
            let mut room = lock(&room);
            close_all(room.hear_seats(from, stays, now));
            own = room.stays();
        }
        if ask {
            self.0.site.tell(from, Parcel::Seats { room: id, stays: own, ask: false });
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
        let Some(seat) = self.0.asks.close(ask) else { return };
        let Some(room) = self.room(&seat.room) else { return };
        lock(&room).arrive(seat.participant, ask, mailbox, self.0.clock.now());
    }

    fn give_up_mailbox(&self, ask: u64) {
        let Some(seat) = self.0.asks.close(ask) else { return };
        if let Some(room) = self.room(&seat.room) {
            lock(&room).lose_answer(seat.participant, ask, self.0.clock.now());
        }
    }
}

/// Closes connections of those who are elsewhere now, or nowhere.
pub(super) fn close_all(connections: impl IntoIterator<Item = Arc<dyn Connection>>) {
    for connection in connections {
        connection.close(CloseReason::Replaced);
    }
}
