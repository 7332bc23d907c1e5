//! The server's own SFU: it is started when somebody asks for a room, comes in as any SFU does, and forwards with the media
//! plane. It serves one call and ends with it.
//!
//! - `ear`: what it hears of its room and of its connections, in a queue.
//! - `messages`: what it and its clients say to each other.
//! - `roster`: who is there, who sends what, and who is to be offered what.
//! - `forwarder`: does it all, one thing after the other.
//!
//! Source: arbiter document; `docs/arbiter.md`, “The server's own SFU”.

mod ear;
mod forwarder;
mod messages;
mod roster;

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use self::forwarder::Forwarder;
use super::{
    ArbiterDoor,
    rooms::Lasts,
    row::unique,
    sfu::Sfu,
    start::{NotStarted, Order, RoomStarter},
};

/// Starts SFUs that are part of this server.
pub struct BuiltInStarter {
    door: Weak<ArbiterDoor>,
    running: Arc<Semaphore>,
}

impl BuiltInStarter {
    /// At most `running` of them at once, at `door`.
    pub fn new(door: Weak<ArbiterDoor>, running: usize) -> Self {
        Self { door, running: Arc::new(Semaphore::new(running.min(Semaphore::MAX_PERMITS))) }
    }
}

#[async_trait]
impl RoomStarter for BuiltInStarter {
    async fn start(&self, order: Order) -> Result<(), NotStarted> {
        let permit = self.running.clone().try_acquire_owned().map_err(|_| NotStarted::Enough)?;
        let door = self.door.upgrade().filter(|door| !door.stop.is_cancelled());
        let door = door.ok_or(NotStarted::ShuttingDown)?;
        let (ear, news) = ear::open();
        let sfu = Sfu::come_in(&door, order.sfu, unique(), Lasts::ForOneCall, Box::new(ear)).await;
        let forwarder = Forwarder::new(door.clone(), sfu.map_err(NotStarted::NotLetIn)?, news);
        door.tasks.spawn(async move {
            forwarder.serve().await;
            drop(permit);
        });
        Ok(())
    }
}
