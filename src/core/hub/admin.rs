//! Seats end by order of an administrator, on all nodes.

use std::{sync::Mutex, time::Duration};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::Hub;
use crate::core::{
    model::{error::Unavailable, ids::RoomId, lock::lock, seat_table::SeatKey},
    ports::node_bus::NodeMessage,
    room::Room,
};

/// How long other nodes have to end the seats.
const SEATS_END_WITHIN: Duration = Duration::from_secs(5);

/// Rooms whose seats are ended at once.
const AT_ONCE: usize = 64;

impl Hub {
    /// Ends every seat in the rooms of `namespace`, on all nodes, and closes their connections as dismissed.
    /// Participants with a session may join again at once.
    ///
    /// # Errors
    /// The seat registry or another node does not answer; some seats may be held still.
    pub async fn dismiss(&self, namespace: &str) -> Result<(), Unavailable> {
        let mut answers = Vec::new();
        for node in self.0.local_node.bus().alive() {
            let ask = |request| NodeMessage::EndSeats { namespace: namespace.into(), request };
            answers.push(self.ask(node, ask).map_err(|error| Unavailable::new("another node", error))?);
        }
        self.dismiss_local(namespace).await?;
        let answers = timeout(SEATS_END_WITHIN, join_all(answers)).await.unwrap_or_else(|_| vec![Ok(false)]);
        if answers.into_iter().all(|answer| answer == Ok(true)) {
            Ok(())
        } else {
            Err(Unavailable { what: "another node", source: None })
        }
    }

    /// Does [`dismiss`](Self::dismiss) on this node alone.
    pub(super) async fn dismiss_local(&self, namespace: &str) -> Result<(), Unavailable> {
        let mut rooms = self.all_rooms();
        rooms.retain(|(id, _)| id.is_within(namespace));
        for some in rooms.chunks(AT_ONCE) {
            let dismissed = some.iter().map(|(id, room)| self.dismiss_room(id, room));
            join_all(dismissed).await.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    async fn dismiss_room(&self, id: &RoomId, room: &Mutex<Room>) -> Result<(), Unavailable> {
        let claims = lock(room).claims();
        for (participant, epoch) in claims {
            let key = SeatKey { room: id.clone(), participant, epoch };
            lock(room).begin_release(participant, epoch);
            let released = self.0.registry.release(&key).await;
            lock(room).dismiss(participant, epoch, self.0.clock.now());
            self.remove_if_over(id);
            released?;
        }
        Ok(())
    }
}
