//! The drain of a node: joins are refused, clients reconnect to other nodes, and each seat migrates or is
//! released.
//!
//! Order: [`Hub::drain`], [`Hub::lose_all_connections`], [`Hub::migrate_all`], [`Hub::release_open_seats`].

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::{Hub, warn_not_released};
use crate::core::{
    model::{event::LeaveReason, lock::lock},
    ports::connection::CloseReason,
};

/// Seats that are released at once.
const AT_ONCE: usize = 64;

impl Hub {
    /// Refuses joins from now on, and closes every connection.
    ///
    /// Each client joins another node, or this one after its restart.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        for (_, room) in self.all_rooms() {
            for connection in lock(&room).connections() {
                connection.close(CloseReason::ShuttingDown);
            }
        }
    }

    /// True after [`drain`](Self::drain).
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Handles every connection of this node as lost. To be called when every client that reads was told of
    /// the drain.
    pub async fn lose_all_connections(&self) {
        let now = self.0.clock.now();
        let rooms = self.all_rooms();
        let lost: Vec<_> = rooms.iter().flat_map(|(_, room)| lock(room).lose_all_connections(now)).collect();
        if !lost.is_empty() {
            self.renew(&lost).await;
        }
    }

    /// Releases the local seats that are open to newcomers: their holders cannot resume.
    ///
    /// To be called after [`migrate_all`](Self::migrate_all).
    pub async fn release_open_seats(&self) {
        let rooms = self.all_rooms();
        let keys: Vec<_> = rooms.iter().flat_map(|(_, room)| lock(room).open_seats()).collect();
        for some in keys.chunks(AT_ONCE) {
            let released = some.iter().map(|key| self.release(key, LeaveReason::LeaseEnded));
            if let Some(error) = join_all(released).await.into_iter().find_map(Result::err) {
                return warn_not_released(&error);
            }
        }
    }
}
