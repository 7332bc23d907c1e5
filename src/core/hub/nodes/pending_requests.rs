//! Questions to other nodes that have not been answered yet.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::core::model::{ids::NodeId, lock::lock, seat_table::SeatKey};

/// How long an answer is of any use.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// All questions of a node.
#[derive(Default)]
pub(in crate::core::hub) struct PendingRequests {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Ask>>,
}

struct Ask {
    at: Instant,
    to: NodeId,
    what: What,
}

enum What {
    /// Is somebody there? Can something be done?
    Probe(oneshot::Sender<bool>),
    /// What was kept for the holder of this seat.
    Mailbox(SeatKey),
}

impl PendingRequests {
    /// Asks a node whether somebody is there, or to do something. Returns the question's number, and what will resolve to the answer.
    pub(in crate::core::hub) fn probe(&self, to: NodeId, now: Instant) -> (u64, oneshot::Receiver<bool>) {
        let (answer, answered) = oneshot::channel();
        (self.open(to, What::Probe(answer), now), answered)
    }

    /// Asks a node for what it kept for one who holds `seat` now. Returns the question's number.
    pub(in crate::core::hub) fn mailbox(&self, to: NodeId, seat: SeatKey, now: Instant) -> u64 {
        self.open(to, What::Mailbox(seat), now)
    }

    /// Answers whether somebody is there, or something is done.
    pub(in crate::core::hub) fn probed(&self, ask: u64, alive: bool) {
        if let Some(Ask { what: What::Probe(answer), .. }) = lock(&self.open).remove(&ask) {
            // Whoever asked may have gone.
            let _ = answer.send(alive);
        }
    }

    /// Closes a question for a mailbox. Returns for whom it was.
    pub(in crate::core::hub) fn close(&self, ask: u64) -> Option<SeatKey> {
        match lock(&self.open).remove(&ask)?.what {
            What::Mailbox(seat) => Some(seat),
            What::Probe(_) => None,
        }
    }

    /// The questions for mailboxes that a node was asked.
    pub(in crate::core::hub) fn asked_of(&self, node: NodeId) -> Vec<u64> {
        let open = lock(&self.open);
        let is_its = |ask: &Ask| ask.to == node && matches!(ask.what, What::Mailbox(_));
        open.iter().filter(|(_, ask)| is_its(ask)).map(|(number, _)| *number).collect()
    }

    /// Lets go of what will not be answered any more.
    pub(in crate::core::hub) fn forget_old(&self, now: Instant) {
        lock(&self.open).retain(|_, ask| now.saturating_duration_since(ask.at) < ANSWERS_WITHIN);
    }

    fn open(&self, to: NodeId, what: What, now: Instant) -> u64 {
        let ask = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.open).insert(ask, Ask { at: now, to, what });
        ask
    }
}
