//! Requests to other nodes that have not been answered yet.

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
    model::{ids::NodeId, lock::lock, seat_table::SeatKey},
    ports::node_bus::{BusFull, NodeMessage},
};

/// How long an answer is of any use.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The open requests of this node, by number.
#[derive(Default)]
pub(in crate::core::hub) struct PendingRequests {
    last: AtomicU64,
    open: Mutex<HashMap<u64, PendingRequest>>,
}

struct PendingRequest {
    at: Instant,
    to: NodeId,
    answer: Answer,
}

/// Where the answer goes.
enum Answer {
    /// To the task that asks for a yes or no.
    Decision(oneshot::Sender<bool>),
    /// To the holder of this seat, whose mailbox it is.
    Mailbox(SeatKey),
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
        let (sender, receiver) = oneshot::channel();
        let requests = &self.0.pending_requests;
        let number = requests.open(node, Answer::Decision(sender), self.0.clock.now());
        let sent = self.0.local_node.send(node, message(number));
        if sent.is_err() {
            lock(&requests.open).remove(&number);
        }
        sent.map(|()| receiver)
    }
}

impl PendingRequests {
    /// Opens a request for the mailbox of `seat`'s holder. Returns its number.
    pub(super) fn open_for_mailbox(&self, to: NodeId, seat: SeatKey, now: Instant) -> u64 {
        self.open(to, Answer::Mailbox(seat), now)
    }

    /// Answers a request by yes or no.
    pub(super) fn decide(&self, number: u64, yes: bool) {
        if let Some(PendingRequest { answer: Answer::Decision(sender), .. }) =
            lock(&self.open).remove(&number)
        {
            // The task that asked may have been dropped.
            let _ = sender.send(yes);
        }
    }

    /// Closes a request for a mailbox. Returns the seat whose holder waits for it.
    pub(super) fn close_for_mailbox(&self, number: u64) -> Option<SeatKey> {
        match lock(&self.open).remove(&number)?.answer {
            Answer::Mailbox(seat) => Some(seat),
            Answer::Decision(_) => None,
        }
    }

    /// Numbers of the requests for mailboxes of a node.
    pub(super) fn for_mailboxes_of(&self, node: NodeId) -> Vec<u64> {
        let open = lock(&self.open);
        let is_its =
            |request: &PendingRequest| request.to == node && matches!(request.answer, Answer::Mailbox(_));
        open.iter().filter(|(_, request)| is_its(request)).map(|(number, _)| *number).collect()
    }

    /// Drops requests that no node will answer any more.
    pub(in crate::core::hub) fn forget_old(&self, now: Instant) {
        lock(&self.open).retain(|_, request| now.saturating_duration_since(request.at) < ANSWERED_WITHIN);
    }

    fn open(&self, to: NodeId, answer: Answer, now: Instant) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.open).insert(number, PendingRequest { at: now, to, answer });
        number
    }
}
