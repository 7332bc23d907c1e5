//! An SFU, wherever it runs: the seat in the room that is called like it, its records, and how both end.

use std::sync::Arc;

use super::{
    ArbiterDoor,
    delivery::{Ear, SfuLine},
    error::{Refusal, log},
    rooms::{Lasts, SfuRoom},
};
use crate::core::{
    hub::join::Seated,
    model::{error::Replaced, ids::Name},
    ports::connection::{CloseReason, Connection},
};

/// An SFU, and its seat.
pub struct Sfu {
    /// Its seat.
    pub seat: Seated,
    /// What is known of its room.
    pub room: Arc<SfuRoom>,
}

impl Sfu {
    /// Lets an SFU in that hears with `ear`, and makes it known to all nodes. `connection` is a name that nothing had
    /// before.
    ///
    /// # Errors
    /// As for whoever takes a seat.
    pub async fn come_in(
        door: &Arc<ArbiterDoor>,
        id: Name,
        connection: String,
        lasts: Lasts,
        ear: Box<dyn Ear>,
    ) -> Result<Self, Refusal> {
        let joined = door.join(&id, &id).await?;
        let clients = joined.view.others.iter().map(|other| other.participant);
        let room = Arc::new(SfuRoom::new(id, connection, lasts, clients));
        door.rooms.open(room.clone());
        let line = Arc::new(SfuLine::new(door.clone(), room.clone(), ear));
        if let Err(Replaced) = door.hub.attach(&joined.seat, line.clone()) {
            line.close(CloseReason::Replaced);
        }
        if let Err(error) = door.claims.register(&room).await {
            log(&error);
        }
        door.rooms.has_come_in(&room);
        Ok(Self { seat: joined.seat, room })
    }

    /// Gives up its records, then its seat: nobody is sent to it any more when its clients hear that it has gone.
    pub async fn go(&self, door: &ArbiterDoor) {
        door.rooms.close(&self.room);
        door.forget(&self.room).await;
        door.hub.leave(&self.seat).await;
    }
}
