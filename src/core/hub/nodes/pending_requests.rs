//! Requests to other nodes for a yes or no that have not been answered yet.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::super::Hub;
use crate::core::{
    model::{ids::NodeId, lock::lock},
    ports::node_bus::{BusFull, NodeMessage},
};

/// How long a request stays open: longer than any caller waits for the answer.
const REQUEST_LIFETIME: Duration = Duration::from_secs(10);

/// The open requests of this node, by number.
#[derive(Default)]
pub(in crate::core::hub) struct PendingRequests {
    last: AtomicU64,
    open: Mutex<HashMap<u64, PendingRequest>>,
}

struct PendingRequest {
    at: Instant,
    answer: oneshot::Sender<bool>,
}

impl Hub {
    /// Sends a request that is answered by [`NodeMessage::Answer`]. Resolves to the answer; the caller sets
    /// the deadline.
    ///
    /// # Errors
    /// The bus did not take the request.
    pub(in crate::core::hub) fn ask(
        &self,
        node: NodeId,
        message: impl FnOnce(u64) -> NodeMessage,
    ) -> Result<oneshot::Receiver<bool>, BusFull> {
        let (answer, receiver) = oneshot::channel();
        let requests = &self.0.pending_requests;
        let number = requests.last.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&requests.open).insert(number, PendingRequest { at: self.0.clock.now(), answer });
        let sent = self.0.local_node.send(node, message(number));
        if sent.is_err() {
            lock(&requests.open).remove(&number);
        }
        sent.map(|()| receiver)
    }
}

impl PendingRequests {
    /// Answers a request by yes or no.
    pub(super) fn decide(&self, number: u64, yes: bool) {
        if let Some(request) = lock(&self.open).remove(&number) {
            // The task that asked may have been dropped.
            let _ = request.answer.send(yes);
        }
    }

    /// Drops requests that no node will answer any more.
    pub(in crate::core::hub) fn forget_old(&self, now: Instant) {
        lock(&self.open).retain(|_, request| now.saturating_duration_since(request.at) < REQUEST_LIFETIME);
    }
}
