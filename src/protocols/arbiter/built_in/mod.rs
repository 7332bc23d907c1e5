//! The server's own SFU: started on request, it takes a seat like every SFU, and forwards through the media
//! plane. It serves one call and ends with it; another one takes its place in the pool.
//!
//! - `pool`: the places for SFUs, each with one SFU after the other.
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
mod pool;

use std::sync::{Arc, Weak};

use self::pool::Pool;
use super::{ArbiterDoor, Options, start::RoomStarter};
use crate::media::MediaPlane;

/// The starter of the server's own SFUs, if media is on.
pub fn starter(
    options: &Options,
    media: &dyn MediaPlane,
    door: &Weak<ArbiterDoor>,
) -> Option<Arc<dyn RoomStarter>> {
    media.is_on().then(|| Arc::new(Pool::new(door.clone(), options.arbiter_max_started)) as _)
}
