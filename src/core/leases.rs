//! Looking after leases: those of the connected are renewed, those of the lost run out.

use std::time::Instant;

use tracing::warn;

use super::{
    cluster::{Lost, Renewal},
    error::Unavailable,
    event::LeaveReason,
    hub::Hub,
    neighbours::close_all,
    seat::SeatKey,
    sync::lock,
};

impl Hub {
    /// Renews the leases of all who are connected and ends those that ran out, and finds out what became of those who
    /// sit on other nodes. To be called several times in the time of the shortest lease, about every second.
    pub async fn tick(&self) {
        let now = self.0.clock.now();
        self.0.contention.forget_old(now);
        self.0.asks.forget_old(now);
        // Renewing comes first: a process that was stopped for a while must not end the seats of people who are
        // still there.
        if let Err(error) = self.renew(now).await {
            warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
        }
        match self.0.cluster.expire().await {
            Ok(lost) => self.lose(lost),
            Err(error) => warn!(error = &error as &dyn std::error::Error, "leases could not be checked"),
        }
        self.settle(now);
        self.settle_doubts().await;
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
        if !due.is_empty() {
            self.lose(self.0.cluster.renew(&due).await?);
        }
        Ok(())
    }

    /// Tells the rooms here which holdings are no more. One whose holder came back elsewhere has not ended.
    fn lose(&self, lost: Vec<Lost>) {
        for lost in lost {
            match lost {
                Lost::Moved(key, seat) if seat.node != self.0.site.node => {
                    if let Some(room) = self.room(&key.room) {
                        close_all(lock(&room).hear_seat(&seat, None, self.0.clock.now()));
                    }
                }
                Lost::Moved(key, _) | Lost::GivenUp(key) => self.end_here(&key, LeaveReason::LeaseEnded),
            }
        }
    }

    /// Takes what has been waited for in vain to be lost, and tells other nodes again what they could not be told.
    fn settle(&self, now: Instant) {
        let owed = self.0.site.take_owed();
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
                self.give_up(&key, LeaveReason::LeaseEnded).await?;
            }
        }
        Ok(())
    }
}
