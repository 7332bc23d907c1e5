//! The server's own SFU: started on request, it takes a seat like every SFU, and forwards through the media
//! plane. It serves one call and ends with it.
//!
//! - `inbox`: the queue of events from its room and its media connections.
//! - `messages`: messages between the SFU and its clients.
//! - `call_state`: members, publications, and offers that are due.
//! - `forwarder`: handles one event after the other.
//!
//! Source: arbiter document; `docs/arbiter.md`, “The server's own SFU”.

mod call_state;
mod forwarder;
mod inbox;
mod messages;

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use self::forwarder::Forwarder;
use super::{
    ArbiterDoor, Options,
    records::unique,
    rooms::SfuLifetime,
    sfu::Sfu,
    start::{RoomStarter, StartError, StartOrder},
};
use crate::media::MediaPlane;

/// The starter of the server's own SFUs, if media is on.
pub fn starter(
    options: &Options,
    media: &dyn MediaPlane,
    door: &Weak<ArbiterDoor>,
) -> Option<Arc<dyn RoomStarter>> {
    media.is_on().then(|| Arc::new(BuiltInStarter::new(door.clone(), options.arbiter_max_started)) as _)
}

/// Starts SFUs inside this server.
struct BuiltInStarter {
    door: Weak<ArbiterDoor>,
    running: Arc<Semaphore>,
}

impl BuiltInStarter {
    /// Creates a starter of at most `running` SFUs at once, at `door`.
    fn new(door: Weak<ArbiterDoor>, running: usize) -> Self {
        Self { door, running: Arc::new(Semaphore::new(running.min(Semaphore::MAX_PERMITS))) }
    }
}

#[async_trait]
impl RoomStarter for BuiltInStarter {
    async fn start(&self, order: StartOrder) -> Result<(), StartError> {
        let permit = self.running.clone().try_acquire_owned().map_err(|_| StartError::Enough)?;
        let door = self.door.upgrade().filter(|door| !door.runtime.stop.is_cancelled());
        let door = door.ok_or(StartError::ShuttingDown)?;
        let (inbox, events) = inbox::open();
        let sfu = Sfu::join(&door, order.sfu, unique(), SfuLifetime::ForOneCall, Box::new(inbox)).await;
        let forwarder = Forwarder::new(door.clone(), sfu.map_err(StartError::NotLetIn)?, events);
        door.runtime.tasks.spawn(async move {
            forwarder.serve().await;
            drop(permit);
        });
        Ok(())
    }
}
