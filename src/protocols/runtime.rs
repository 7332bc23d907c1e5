//! Background tasks, stop signal and counters of one door.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use metrics::Counter;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

/// Runtime state that every door has: its tasks, the signal that stops them, and its counters.
pub struct DoorRuntime {
    /// Name of the door in metrics and in the log.
    pub name: &'static str,
    /// Connections, and work that must finish before the process exits.
    pub tasks: TaskTracker,
    /// Cancelled when the server stops. Ends tasks that no client waits for.
    pub stop: CancellationToken,
    /// Counters for `/metrics`.
    pub counters: DoorCounters,
}

impl DoorRuntime {
    /// Creates the runtime of the door called `name`.
    pub fn new(name: &'static str) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { name, tasks, stop, counters: DoorCounters::new(name) }
    }

    /// Cancels [`stop`](Self::stop) and waits for all tasks, at most `limit`.
    pub async fn shut_down(&self, limit: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(limit, self.tasks.wait()).await.is_err() {
            warn!(door = self.name, "some connections did not close in time");
        }
    }
}

/// Counters of one door, labelled by door, never by room or participant.
#[derive(Clone)]
pub struct DoorCounters {
    door: &'static str,
    /// Seats given to participants, new or returning.
    pub joins: Counter,
    /// Signals accepted for delivery to other participants.
    pub signals: Counter,
    /// Chat messages stored.
    pub messages: Counter,
}

impl DoorCounters {
    /// Registers the counters of the door called `door`.
    fn new(door: &'static str) -> Self {
        Self {
            door,
            joins: metrics::counter!("switchboard_joins_total", "door" => door),
            signals: metrics::counter!("switchboard_signals_total", "door" => door),
            messages: metrics::counter!("switchboard_messages_total", "door" => door),
        }
    }

    /// Counts one refusal under `code`, one of a small fixed set of words.
    pub fn refused(&self, code: impl Into<metrics::SharedString>) {
        count_refusal(self.door, code);
    }
}

/// Counts one refusal of `door` under `code`, one of a small fixed set of words.
pub fn count_refusal(door: &'static str, code: impl Into<metrics::SharedString>) {
    metrics::counter!("switchboard_refusals_total", "door" => door, "code" => code.into()).increment(1);
}

/// Runs `work` to its end, or until it panics. A panic is logged as the end of `what` at `door`, so that the
/// caller can tell others about the end in any case.
pub async fn contain_panic(door: &'static str, what: &str, work: impl Future) {
    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
        error!(door, "{what} ended by a panic");
    }
}
