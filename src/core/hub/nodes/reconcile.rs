//! Verifies seats on other nodes with the seat registry where messages may have been missed.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tracing::warn;

use super::super::Hub;
use crate::core::model::{error::Unavailable, lock::lock};

/// Rooms that are asked about at once.
const AT_ONCE: usize = 64;

impl Hub {
    /// Makes the next tick verify every room.
    pub(super) fn verify_all_rooms(&self) {
        self.0.verify_all.store(true, Ordering::Relaxed);
    }

    /// Asks the seat registry about the rooms whose seats on other nodes are in doubt.
    pub(in crate::core::hub) async fn verify_remote_seats(&self) {
        let now = self.0.clock.now();
        let all = self.0.verify_all.swap(false, Ordering::Relaxed);
        if !all && !self.0.local_node.knows_peers() {
            return;
        }
        let mut rooms = self.all_rooms();
        rooms.retain(|(_, room)| {
            let room = lock(room);
            room.needs_verification(now) || (all && !room.is_empty())
        });
        for some in rooms.chunks(AT_ONCE) {
            let verified = some.iter().map(|(id, room)| async move {
                let asked_at = self.0.clock.now();
                let seats = self.0.registry.seats(id).await?;
                lock(room).apply_registry(&seats, asked_at, self.0.clock.now());
                Ok::<_, Unavailable>(())
            });
            if let Some(error) = join_all(verified).await.into_iter().find_map(Result::err) {
                warn!(error = &error as &dyn std::error::Error, "seats on other nodes could not be verified");
                if all {
                    self.verify_all_rooms();
                }
                return;
            }
        }
    }
}
