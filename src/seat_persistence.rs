//! Seats that outlive the process: saved to the embedded store in the background, restored by the next
//! process.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{cluster::LocalRegistry, core::model::error::Unavailable, store::SqliteStore};

/// How often changes are saved. With the time that saving takes, each change is saved within a second.
const SAVE_EVERY: Duration = Duration::from_millis(200);

/// The most rooms saved in one step: chats wait while a step runs.
const ROOMS_AT_ONCE: usize = 1_000;

/// Saves the protected seats of a node that shares its seats with no other node.
#[derive(Clone)]
pub struct SeatPersistence {
    registry: Arc<LocalRegistry>,
    store: Arc<SqliteStore>,
}

impl SeatPersistence {
    /// Restores the seats of the previous process, with their participants away.
    ///
    /// # Errors
    ///
    /// The seats cannot be read.
    pub async fn start(registry: Arc<LocalRegistry>, store: Arc<SqliteStore>) -> Result<Self, Unavailable> {
        registry.restore(store.saved_seats().await?);
        Ok(Self { registry, store })
    }

    /// Saves changes until `stop`. No join waits for it.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = interval(SAVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.save().await;
        }
    }

    /// Saves the rooms that have changed. Rooms that cannot be saved are tried again the next time.
    pub async fn save(&self) {
        for some in self.registry.take_changes().chunks(ROOMS_AT_ONCE) {
            if let Err(error) = self.store.save_seats(some.to_vec()).await {
                warn!(error = &error as &dyn std::error::Error, "seats could not be saved");
                self.registry.not_saved(some.iter().map(|(room, _)| room.clone()));
            }
        }
    }
}
