//! Claims of one room on this node, one after the other. Other nodes' messages about the room wait meanwhile.
//!
//! Other nodes may learn of a seat before the node that claimed it does, if the answer takes long. And two
//! claims of the same seat, by its holder and by a take-over, have to enter in the order in which they were
//! made: the second finds what the first one left.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::super::Hub;
use crate::core::{
    model::{
        ids::{NodeId, RoomId},
        lock::lock,
    },
    ports::node_bus::NodeMessage,
};

/// Messages that wait for one room at most. The loss of others shows as a gap, or when the registry is asked.
const MAX_WAITING: usize = 1_024;

/// The rooms with claims under way.
#[derive(Default)]
pub(in crate::core::hub) struct ClaimGate(Mutex<HashMap<RoomId, GatedRoom>>);

#[derive(Default)]
struct GatedRoom {
    claims: usize,
    turn: Arc<AsyncMutex<()>>,
    messages: Vec<(NodeId, NodeMessage)>,
}

/// A claim under way: messages about its room, and further claims there, wait until this is dropped.
pub(in crate::core::hub) struct GatedClaim {
    hub: Hub,
    room: RoomId,
    turn: Option<OwnedMutexGuard<()>>,
}

impl GatedClaim {
    /// Waits until all earlier claims in the room have entered.
    pub(in crate::core::hub) async fn begin(hub: &Hub, room: &RoomId) -> Self {
        let turn = hub.0.claim_gate.close(room);
        let mut gated = Self { hub: hub.clone(), room: room.clone(), turn: None };
        gated.turn = Some(turn.lock_owned().await);
        gated
    }
}

impl Drop for GatedClaim {
    fn drop(&mut self) {
        self.hub.0.claim_gate.open(&self.room, |from, message| self.hub.handle(from, message));
    }
}

impl ClaimGate {
    /// Handles a message now, or when no claim in its room is under way any more.
    pub(super) fn pass(&self, from: NodeId, message: NodeMessage, handle: impl FnOnce(NodeId, NodeMessage)) {
        let mut rooms = self.lock();
        match message.room().and_then(|room| rooms.get_mut(room)) {
            Some(gated) if gated.messages.len() < MAX_WAITING => gated.messages.push((from, message)),
            Some(_) => {}
            None => handle(from, message),
        }
    }

    /// Closes the gate of a room for a claim. Returns what to lock before the claim.
    fn close(&self, room: &RoomId) -> Arc<AsyncMutex<()>> {
        let mut rooms = self.lock();
        let gated = rooms.entry(room.clone()).or_default();
        gated.claims += 1;
        gated.turn.clone()
    }

    /// Ends a claim; after the last one, handles the messages that waited.
    fn open(&self, room: &RoomId, mut handle: impl FnMut(NodeId, NodeMessage)) {
        // Locked until all are handled, so that no newer message overtakes them.
        let mut rooms = self.lock();
        let Some(gated) = rooms.get_mut(room) else { return };
        gated.claims -= 1;
        if gated.claims == 0 {
            let gated = rooms.remove(room).unwrap_or_default();
            gated.messages.into_iter().for_each(|(from, message)| handle(from, message));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, GatedRoom>> {
        lock(&self.0)
    }
}
