//! Rooms into which somebody is about to come: one claim after the other, and what other nodes say of them waits until this
//! node knows who it is.
//!
//! Others may learn of a seat before the node that claimed it does, if its answer takes long. And if two claim the same
//! seat on this node, its holder and one who keeps it for them, whoever claimed it first has to come in first: the second
//! finds with the first what was kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Mutex as AsyncMutex;

use crate::core::{
    model::{
        ids::{NodeId, RoomId},
        lock::lock,
    },
    ports::node_bus::NodeMessage,
};

/// How many messages wait for one room at most. What goes beyond is missed by its count, or found out by asking.
const MAX_WAITING: usize = 1_024;

/// All such rooms of a node.
#[derive(Default)]
pub(in crate::core::hub) struct ClaimGate(Mutex<HashMap<RoomId, Waiting>>);

#[derive(Default)]
struct Waiting {
    claims: usize,
    turn: Arc<AsyncMutex<()>>,
    messages: Vec<(NodeId, NodeMessage)>,
}

impl ClaimGate {
    /// Takes note that a seat is about to be claimed in a room. Returns what to lock before that.
    pub(in crate::core::hub) fn begin(&self, room: &RoomId) -> Arc<AsyncMutex<()>> {
        let mut rooms = self.lock();
        let waiting = rooms.entry(room.clone()).or_default();
        waiting.claims += 1;
        waiting.turn.clone()
    }

    /// Takes note that the claim has been dealt with, and lets `take` have what waited if it was the last.
    pub(in crate::core::hub) fn end(&self, room: &RoomId, mut take: impl FnMut(NodeId, NodeMessage)) {
        // Locked until all is taken, so that nothing overtakes it.
        let mut rooms = self.lock();
        let Some(waiting) = rooms.get_mut(room) else { return };
        waiting.claims -= 1;
        if waiting.claims == 0 {
            let waiting = rooms.remove(room).unwrap_or_default();
            waiting.messages.into_iter().for_each(|(from, message)| take(from, message));
        }
    }

    /// Lets `take` have a message, now or when nobody is about to come in any more.
    pub(in crate::core::hub) fn pass(
        &self,
        from: NodeId,
        message: NodeMessage,
        take: impl FnOnce(NodeId, NodeMessage),
    ) {
        let mut rooms = self.lock();
        match message.room().and_then(|room| rooms.get_mut(room)) {
            Some(waiting) if waiting.messages.len() < MAX_WAITING => waiting.messages.push((from, message)),
            Some(_) => {}
            None => take(from, message),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Waiting>> {
        lock(&self.0)
    }
}
