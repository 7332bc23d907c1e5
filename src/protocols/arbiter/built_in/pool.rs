//! The pool of the server's own SFUs: a number of places, each with one SFU after the other.
//!
//! Every SFU serves one call. The next one in its place has another id, so that a client of the former call
//! cannot enter the next. The size of the pool outlives the process.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::{
    sync::{Mutex, OnceCell, OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tracing::warn;

use super::{forwarder::Forwarder, inbox};
use crate::{
    core::model::ids::Name,
    protocols::{
        arbiter::{
            ArbiterDoor, NAMESPACE, REFRESH_EVERY,
            records::unique,
            rooms::{SfuLifetime, SfuRoom},
            sfu::Sfu,
            start::{RoomStarter, StartError, StartOrder},
        },
        unavailable::log_unavailable,
    },
};

/// How long a claim waits for the next SFU in a place.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);

/// How often the size of the pool is recorded again.
const RECORD_EVERY: Duration = Duration::from_hours(24);

/// The pool of one node.
pub struct Pool {
    door: Weak<ArbiterDoor>,
    /// Places without an SFU.
    vacant: Arc<Semaphore>,
    /// The present SFU of each place.
    rooms: Arc<watch::Sender<Vec<Arc<SfuRoom>>>>,
    restored: OnceCell<()>,
    /// When the size was recorded last; locked while it is.
    recorded: Mutex<Option<Instant>>,
}

impl Pool {
    /// Creates a pool of at most `places` SFUs, at `door`.
    pub fn new(door: Weak<ArbiterDoor>, places: usize) -> Self {
        Self {
            door,
            vacant: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            rooms: Arc::default(),
            restored: OnceCell::new(),
            recorded: Mutex::default(),
        }
    }

    fn door(&self) -> Result<Arc<ArbiterDoor>, StartError> {
        let door = self.door.upgrade().filter(|door| !door.runtime.stop.is_cancelled());
        door.ok_or(StartError::ShuttingDown)
    }

    /// Fills a vacant place: with the SFU called `id`, and after each call with another.
    async fn fill(
        &self,
        door: &Arc<ArbiterDoor>,
        id: Name,
        place: OwnedSemaphorePermit,
    ) -> Result<(), StartError> {
        let first = open(door, id).await?;
        let mut number = 0;
        self.rooms.send_modify(|rooms| {
            number = rooms.len();
            rooms.push(first.room());
        });
        let (rooms, door) = (self.rooms.clone(), door.clone());
        door.clone().runtime.tasks.spawn(async move {
            let mut sfu = first;
            loop {
                sfu.serve().await;
                let Some(next) = open_next(&door).await else { break };
                rooms.send_modify(|rooms| rooms[number] = next.room());
                sfu = next;
            }
            drop(place);
        });
        Ok(())
    }

    /// Replaces the SFU that has been unclaimed for the longest time.
    async fn reclaim(&self, door: &ArbiterDoor) -> Result<(), StartError> {
        let mut unclaimed = Vec::new();
        for room in self.present() {
            let since = room.last_known.lock().await.as_ref().map(|entry| entry.free_since);
            unclaimed.push((since, room));
        }
        unclaimed.sort_by_key(|(since, _)| *since);
        for (_, room) in unclaimed {
            if door.claims.reclaim(&room).await? {
                self.until_settled(door).await;
                return Ok(());
            }
        }
        Err(StartError::Enough)
    }

    async fn record_size(&self, door: &ArbiterDoor) {
        let mut recorded = self.recorded.lock().await;
        match door.claims.record_pool(self.present().len()).await {
            Ok(()) => *recorded = Some(door.common.clock.now()),
            Err(error) => log_unavailable(NAMESPACE, &error),
        }
    }

    async fn restore_from(&self, door: &Arc<ArbiterDoor>) -> Result<(), StartError> {
        let size = door.claims.pool_size().await?;
        while self.present().len() < size {
            let Ok(place) = self.vacant.clone().try_acquire_owned() else { break };
            self.fill(door, new_id(), place).await?;
        }
        Ok(())
    }

    fn present(&self) -> Vec<Arc<SfuRoom>> {
        self.rooms.borrow().clone()
    }

    /// Waits until each place has an SFU that can be claimed or serves a call.
    async fn until_settled(&self, door: &ArbiterDoor) {
        // The record of an SFU is removed under this lock, which is held until the room has ended.
        join_all(self.present().iter().map(async |room| drop(room.last_known.lock().await))).await;
        let is_settled = |rooms: &Vec<Arc<SfuRoom>>| !rooms.iter().any(|room| room.has_ended());
        let mut rooms = self.rooms.subscribe();
        let settled = timeout(SETTLES_WITHIN, rooms.wait_for(is_settled));
        door.runtime.stop.run_until_cancelled(settled).await;
    }
}

#[async_trait]
impl RoomStarter for Pool {
    async fn start(&self, order: StartOrder) -> Result<(), StartError> {
        let door = self.door()?;
        self.restore().await;
        let Ok(place) = self.vacant.clone().try_acquire_owned() else { return self.reclaim(&door).await };
        self.fill(&door, order.sfu, place).await?;
        self.record_size(&door).await;
        Ok(())
    }

    async fn restore(&self) {
        let Ok(door) = self.door() else { return };
        if let Err(error) = self.restored.get_or_try_init(|| self.restore_from(&door)).await {
            warn!(error = &error as &dyn std::error::Error, "the SFUs of before could not all be started");
        }
    }

    async fn settle(&self) -> bool {
        let Ok(door) = self.door() else { return false };
        self.restore().await;
        let lapsed = door.claims.lapsed().await.unwrap_or_default();
        let lapsed = lapsed.iter().filter_map(|id| door.rooms.get(&id.parse().ok()?));
        join_all(lapsed.map(async |room| door.refresh(&room).await)).await;
        self.until_settled(&door).await;
        // Even where nothing was to be waited for: an SFU may have come between the claim and this.
        true
    }

    async fn tidy(&self) {
        let (Ok(door), recorded) = (self.door(), *self.recorded.lock().await) else { return };
        let is_due = recorded.is_none_or(|at| door.common.clock.now() >= at + RECORD_EVERY);
        if is_due && !self.present().is_empty() {
            self.record_size(&door).await;
        }
    }
}

fn new_id() -> Name {
    unique().parse().expect("a UUID is a name")
}

/// Opens an SFU called `id`.
async fn open(door: &Arc<ArbiterDoor>, id: Name) -> Result<Forwarder, StartError> {
    let (inbox, events) = inbox::open();
    let sfu = Sfu::join(door, id, unique(), SfuLifetime::ForOneCall, Box::new(inbox)).await;
    Ok(Forwarder::new(door.clone(), sfu.map_err(StartError::NotLetIn)?, events))
}

/// Opens the next SFU in a place. `None` if the server stops.
async fn open_next(door: &Arc<ArbiterDoor>) -> Option<Forwarder> {
    while !door.runtime.stop.is_cancelled() {
        match open(door, new_id()).await {
            Ok(sfu) => return Some(sfu),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "no SFU followed one whose call is over");
                door.runtime.stop.run_until_cancelled(sleep(REFRESH_EVERY)).await;
            }
        }
    }
    None
}
