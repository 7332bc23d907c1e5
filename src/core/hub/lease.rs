//! Looking after leases: those of the connected are renewed, those of the lost run out.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::{spawn, time::timeout};
use tracing::warn;

use super::{Hub, claim::GatedClaim, nodes::inbound::close_all};
use crate::core::{
    model::{
        error::Unavailable,
        event::LeaveReason,
        ids::RoomId,
        lock::lock,
        seat_table::{Renewal, Seat, SeatKey},
    },
    ports::{
        connection::CloseReason,
        node_bus::NodeMessage,
        seat_registry::{EndedClaim, Renewed},
    },
    room::Room,
};

/// How long other nodes have to let everybody go.
const DISMISSED_WITHIN: Duration = Duration::from_secs(5);

/// From how many rooms people are let go at once.
const DISMISSED_AT_ONCE: usize = 64;

impl Hub {
    /// Renews the leases of all who are connected and ends those that ran out, and finds out what became of those who
    /// sit on other nodes. To be called several times in the time of the shortest lease, about every second.
    pub async fn tick(&self) {
        let now = self.0.clock.now();
        self.0.liveness_probes.forget_old(now);
        self.0.pending_requests.forget_old(now);
        self.0.places.forget_idle(now);
        // Renewing comes first: a process that was stopped for a while must not end the seats of people who are
        // still there.
        self.renew_due(now).await;
        match self.0.registry.expire().await {
            Ok(lost) => self.lose(lost),
            Err(error) => warn!(error = &error as &dyn std::error::Error, "leases could not be checked"),
        }
        self.settle(now);
        self.settle_doubts().await;
    }

    async fn renew_due(&self, now: Instant) {
        let mut due = Vec::new();
        for (_, room) in self.all_rooms() {
            let mut room = lock(&room);
            room.forget_arrived(now);
            due.extend(room.due_renewals(now));
        }
        if !due.is_empty() {
            self.renew_all(&due).await;
        }
    }

    /// Renews seats of this node. What fails is due again at the next tick.
    pub(super) async fn renew_all(&self, renewals: &[Renewal]) {
        let Renewed { lost, failed, error } = self.0.registry.renew(renewals).await;
        if let Some(error) = error {
            let failed = failed.len();
            warn!(error = &error as &dyn std::error::Error, failed, "leases could not be renewed");
        }
        self.due_again(&failed);
        self.lose(lost);
    }

    fn due_again(&self, failed: &[SeatKey]) {
        for key in failed {
            if let Some(room) = self.room(&key.room) {
                lock(&room).due_again(key.participant, key.epoch);
            }
        }
    }

    /// Tells the rooms here which holdings are no more. One whose holder came back elsewhere has not ended.
    pub(super) fn lose(&self, lost: Vec<EndedClaim>) {
        for lost in lost {
            match lost {
                EndedClaim::Moved(key, seat) if seat.node != self.0.local_node.node => {
                    if let Some(room) = self.room(&key.room) {
                        close_all(lock(&room).hear_of_seat(&seat, self.0.clock.now()));
                    }
                }
                EndedClaim::Moved(key, seat) => drop(spawn(self.clone().follow(key, seat))),
                EndedClaim::GivenUp(key) => self.end_here(&key, LeaveReason::LeaseEnded),
            }
        }
    }

    /// Goes on with a holding that was followed by another one on this node: its claim is under way, or its answer is lost.
    async fn follow(self, former: SeatKey, seat: Seat) {
        let _claiming = GatedClaim::begin(&self, &former.room).await;
        // If it cannot be asked what became of that one, the next renewal says.
        let held = self.0.registry.holding(&former.room, seat.participant).await.unwrap_or(Some(seat));
        if let (Some(held), Some(room)) = (held, self.room(&former.room)) {
            let (mut room, now) = (lock(&room), self.0.clock.now());
            let is_here = held.node == self.0.local_node.node;
            close_all(if is_here { room.follow(&held, now) } else { room.hear_of_seat(&held, now) });
        }
        // Unless it went on, they left, and may have come again.
        self.end_here(&former, LeaveReason::LeaseEnded);
    }

    /// Takes what has been waited for in vain to be lost, and tells other nodes again what they could not be told.
    fn settle(&self, now: Instant) {
        let owed = self.0.local_node.tell_again();
        for (id, room) in self.all_rooms() {
            let is_over = {
                let mut room = lock(&room);
                room.settle(now);
                for node in &owed {
                    room.publish_to(Some(*node), true);
                }
                room.is_over()
            };
            if is_over {
                self.remove_if_over(&id);
            }
        }
    }

    /// Ends the lease of everybody who sits in a room of `namespace`, on whatever node, connected or not, and closes their
    /// connections with [`CloseReason::Dismissed`]. Whoever has a session may come back at once.
    ///
    /// # Errors
    /// The cluster or another node does not answer; some leases may go on.
    pub async fn dismiss(&self, namespace: &str) -> Result<(), Unavailable> {
        let now = self.0.clock.now();
        let mut answers = Vec::new();
        for node in self.0.local_node.node_bus().alive() {
            let (ask, answer) = self.0.pending_requests.probe(node, now);
            self.0
                .local_node
                .send(node, NodeMessage::Dismiss { namespace: namespace.into(), ask })
                .map_err(|error| Unavailable::new("another node", error))?;
            answers.push(answer);
        }
        self.dismiss_here(namespace).await?;
        let answers = timeout(DISMISSED_WITHIN, join_all(answers)).await.unwrap_or_else(|_| vec![Ok(false)]);
        if answers.into_iter().all(|answer| answer == Ok(true)) {
            Ok(())
        } else {
            Err(Unavailable { what: "another node", source: None })
        }
    }

    /// As [`dismiss`](Self::dismiss), on this node.
    pub(super) async fn dismiss_here(&self, namespace: &str) -> Result<(), Unavailable> {
        let mut rooms = self.all_rooms();
        rooms.retain(|(id, _)| id.is_within(namespace));
        for some in rooms.chunks(DISMISSED_AT_ONCE) {
            let dismissed = some.iter().map(|(id, room)| self.dismiss_room(id, room));
            join_all(dismissed).await.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    async fn dismiss_room(&self, id: &RoomId, room: &Mutex<Room>) -> Result<(), Unavailable> {
        let holdings = lock(room).holdings();
        for (participant, epoch) in holdings {
            let key = SeatKey { room: id.clone(), participant, epoch };
            let released = self.0.registry.release(&key).await;
            let ended = lock(room).end(participant, epoch, LeaveReason::LeaseEnded, self.0.clock.now());
            if let Some(connection) = ended.and_then(|ended| ended.connection) {
                connection.close(CloseReason::Dismissed);
            }
            self.remove_if_over(id);
            released?;
        }
        Ok(())
    }
}
