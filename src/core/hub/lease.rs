//! Leases: those of connected participants are renewed, all others run out.

use std::time::Instant;

use tokio::spawn;
use tracing::warn;

use super::{Hub, nodes::claim_gate::GatedClaim};
use crate::core::{
    model::{
        event::LeaveReason,
        lock::lock,
        seat_table::{Renewal, Seat, SeatKey},
    },
    ports::seat_registry::{EndedClaim, Renewed},
};

impl Hub {
    /// Renews leases, ends those that ran out, and verifies seats on other nodes.
    ///
    /// To be called several times in the shortest lease, about every second.
    pub async fn tick(&self) {
        let now = self.0.clock.now();
        self.0.liveness_probes.forget_old(now);
        self.0.pending_requests.forget_old(now);
        // Renewals come first: a process that was suspended for a while must not end seats of connected
        // participants.
        self.renew_due(now).await;
        match self.0.registry.expire().await {
            Ok(ended) => self.apply_ended(ended),
            Err(error) => warn!(error = &error as &dyn std::error::Error, "leases could not be checked"),
        }
        self.expire_waits(now);
        self.verify_remote_seats().await;
    }

    /// Renews seats of this node. A renewal that fails is due again at the next tick.
    pub(super) async fn renew(&self, renewals: &[Renewal]) {
        let Renewed { lost, failed, error } = self.0.registry.renew(renewals).await;
        if let Some(error) = error {
            let failed = failed.len();
            warn!(error = &error as &dyn std::error::Error, failed, "leases could not be renewed");
        }
        for key in failed {
            if let Some(room) = self.room(&key.room) {
                lock(&room).renewal_failed(key.participant, key.epoch);
            }
        }
        self.apply_ended(lost);
    }

    async fn renew_due(&self, now: Instant) {
        let mut due = Vec::new();
        for (_, room) in self.all_rooms() {
            let mut room = lock(&room);
            room.forget_arrived(now);
            due.extend(room.take_due_renewals(now));
        }
        if !due.is_empty() {
            self.renew(&due).await;
        }
    }

    /// Applies claims that ended to their rooms. A claim that a newer one of the same participant follows is
    /// a move.
    fn apply_ended(&self, ended: Vec<EndedClaim>) {
        for ended in ended {
            match ended {
                EndedClaim::Moved(key, seat) if seat.node != self.0.local_node.id => {
                    if let Some(room) = self.room(&key.room) {
                        lock(&room).apply_registry_seat(&seat, self.0.clock.now());
                    }
                }
                EndedClaim::Moved(key, seat) => drop(spawn(self.clone().continue_claim(key, seat))),
                EndedClaim::Released(key) => self.end_claim(key),
            }
        }
    }

    /// Ends the seat that is listed under this epoch or an older one.
    ///
    /// A join that is dropped after its claim never lists its own epoch.
    fn end_claim(&self, key: SeatKey) {
        let Some(room) = self.room(&key.room) else { return };
        let claims = lock(&room).claims();
        let listed = claims.into_iter().find(|(holder, _)| *holder == key.participant);
        if let Some((_, epoch)) = listed.filter(|(_, epoch)| *epoch <= key.epoch) {
            self.end_seat(&SeatKey { epoch, ..key }, LeaveReason::LeaseEnded);
        }
    }

    /// Continues a claim of this node under a newer epoch of its own.
    ///
    /// The newer claim is under way, or its answer was lost.
    async fn continue_claim(self, former: SeatKey, seat: Seat) {
        let _gated = GatedClaim::begin(&self, &former.room).await;
        // If the registry does not answer, the next renewal tells.
        let held = self.0.registry.seat_of(&former.room, seat.participant).await.unwrap_or(Some(seat));
        if let (Some(held), Some(room)) = (held, self.room(&former.room)) {
            let (mut room, now) = (lock(&room), self.0.clock.now());
            let is_local = held.node == self.0.local_node.id;
            if is_local {
                room.continue_claim(&held, now);
            } else {
                room.apply_registry_seat(&held, now);
            }
        }
        // If it was not continued, the participant left, and may have joined again.
        self.end_seat(&former, LeaveReason::LeaseEnded);
    }

    /// Ends what rooms have waited for too long, and repeats to other nodes what the bus did not take.
    fn expire_waits(&self, now: Instant) {
        let untold = self.0.local_node.retry_unsent();
        for (id, room) in self.all_rooms() {
            let is_over = {
                let mut room = lock(&room);
                room.expire_waits(now);
                for node in &untold {
                    room.publish_to(Some(*node), true);
                }
                room.is_over()
            };
            if is_over {
                self.remove_if_over(&id);
            }
        }
    }
}
