//! An SFU, external or built in: its seat in the room of its name, and its records.

use std::sync::Arc;

use super::{
    ArbiterDoor, NAMESPACE,
    delivery::{SfuDelivery, SfuInbox},
    error::Refusal,
    rooms::{SfuLifetime, SfuRoom},
};
use crate::{
    core::{
        hub::join::Seated,
        model::{error::Replaced, ids::Name},
        ports::connection::{CloseReason, Connection},
    },
    protocols::unavailable::log_unavailable,
};

/// An SFU that is connected to this node.
pub struct Sfu {
    /// Seat of the SFU.
    pub seat: Seated,
    /// Room of the SFU.
    pub room: Arc<SfuRoom>,
}

impl Sfu {
    /// Takes the seat of an SFU and registers it for all nodes. `connection` is a new unique id; events go to
    /// `inbox`.
    ///
    /// # Errors
    /// The seat cannot be taken, as for a client.
    pub async fn join(
        door: &Arc<ArbiterDoor>,
        id: Name,
        connection: String,
        lifetime: SfuLifetime,
        inbox: Box<dyn SfuInbox>,
    ) -> Result<Self, Refusal> {
        let joined = door.join(&id, &id).await?;
        let clients = joined.view.others.iter().map(|other| other.participant);
        let room = Arc::new(SfuRoom::new(id, connection, lifetime, clients));
        door.rooms.open(room.clone());
        let delivery = Arc::new(SfuDelivery::new(door.clone(), room.clone(), inbox));
        if let Err(Replaced) = door.common.hub.attach(&joined.seat, delivery.clone()) {
            delivery.close(CloseReason::Replaced);
        }
        if let Err(error) = door.claims.register(&room).await {
            log_unavailable(NAMESPACE, &error);
        }
        door.rooms.mark_registered(&room);
        Ok(Self { seat: joined.seat, room })
    }

    /// Removes the records, then releases the seat, so that clients who are told do not find the SFU again.
    pub async fn leave(&self, door: &ArbiterDoor) {
        door.rooms.remove(&self.room);
        door.remove_records(&self.room).await;
        door.common.hub.leave(&self.seat).await;
    }
}
