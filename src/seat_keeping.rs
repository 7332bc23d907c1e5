//! Seats that outlive the process: written behind to the embedded store, read when the next process starts.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{cluster::LocalRegistry, core::model::error::Unavailable, store::SqliteStore};

/// How often changes are written: with the time that writing takes, no change is written more than a second late.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// How many rooms are written in one step at most: a step must not hold chats up.
const ROOMS_AT_ONCE: usize = 1_000;

/// Keeps the protected seats of a node that shares none with others.
#[derive(Clone)]
pub struct SeatKeeping {
    cluster: Arc<LocalRegistry>,
    store: Arc<SqliteStore>,
}

impl SeatKeeping {
    /// Holds the seats that the last process held, for participants who are away from now on.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn start(cluster: Arc<LocalRegistry>, store: Arc<SqliteStore>) -> Result<Self, Unavailable> {
        cluster.restore(store.saved_seats().await?);
        Ok(Self { cluster, store })
    }

    /// Writes changes until `stop`. No join waits for it.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(WRITE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.write().await;
        }
    }

    /// Writes what has changed. What cannot be written is tried again the next time.
    pub async fn write(&self) {
        for some in self.cluster.take_changes().chunks(ROOMS_AT_ONCE) {
            if let Err(error) = self.store.save_seats(some.to_vec()).await {
                warn!(error = &error as &dyn std::error::Error, "seats could not be written down");
                self.cluster.not_written(some.iter().map(|(room, _)| room.clone()));
            }
        }
    }
}
