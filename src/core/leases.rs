//! Looking after leases: those of the connected are renewed, those of the lost run out.

use std::time::Instant;

use tracing::warn;

use super::{
    cluster::Renewal,
    error::Unavailable,
    event::LeaveReason,
    hub::{Hub, end},
    seat::SeatKey,
    sync::lock,
};

impl Hub {
    /// Renews the leases of all who are connected and ends those that ran out. To be called several times in the
    /// time of the shortest lease, about every second.
    pub async fn tick(&self) {
        let now = self.0.clock.now();
        self.0.contention.forget_old(now);
        // Renewing comes first: a process that was stopped for a while must not end the seats of people who are
        // still there.
        if let Err(error) = self.renew(now).await {
            warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
        }
        match self.0.cluster.expire().await {
            Ok(ended) => {
                for lost in ended {
                    self.end_here(lost.key(), LeaveReason::LeaseEnded, now);
                }
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "leases could not be checked"),
        }
    }

    async fn renew(&self, now: Instant) -> Result<(), Unavailable> {
        let mut due = Vec::new();
        for (id, room) in self.all_rooms() {
            let mut room = lock(&room);
            room.forget_arrived(now);
            for (participant, epoch, lease) in room.due_renewals(now) {
                let key = SeatKey { room: id.clone(), participant, epoch };
                due.push(Renewal { key, lease, connected: true });
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        for lost in self.0.cluster.renew(&due).await? {
            self.end_here(lost.key(), LeaveReason::LeaseEnded, now);
        }
        Ok(())
    }

    /// Ends the lease of everybody who sits in a room of `namespace` on this node, connected or not, and closes their
    /// connections. Whoever has a session may come back at once.
    ///
    /// # Errors
    /// The cluster does not answer; some leases may go on.
    pub async fn end_leases(&self, namespace: &str) -> Result<(), Unavailable> {
        for (id, room) in self.all_rooms().into_iter().filter(|(id, _)| id.is_within(namespace)) {
            let holdings = lock(&room).holdings();
            for (participant, epoch) in holdings {
                let key = SeatKey { room: id.clone(), participant, epoch };
                self.give_up(&key, &room, LeaveReason::LeaseEnded).await?;
            }
        }
        Ok(())
    }

    fn end_here(&self, key: &SeatKey, reason: LeaveReason, now: Instant) {
        if let Some(room) = self.room(&key.room) {
            end(&mut lock(&room), key.participant, key.epoch, reason, now);
            self.remove_if_empty(&key.room);
        }
    }
}
