//! One step for the thread that writes, and who waits for what comes of it.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::row::RowError;
use crate::core::model::error::Unavailable;

/// A step, whatever its outcome is.
pub(super) trait Job: Send {
    /// How many bytes it writes, roughly.
    fn bytes(&self) -> usize;

    /// Whether whoever asked for it has gone.
    fn is_abandoned(&self) -> bool;

    /// Does it within a transaction, and once more if that was undone.
    fn perform(&mut self, connection: &Connection) -> Result<(), RowError>;

    /// Tells what came of it. To be called when what it did is committed.
    fn acknowledge(self: Box<Self>);

    /// Tells that nothing came of it.
    fn refuse(self: Box<Self>, error: Unavailable);
}

/// Where whoever asked for a step hears what came of it.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, Unavailable>>;

/// Makes a job of `step`, which writes about so many `bytes`.
pub(super) fn job<T: Send + 'static>(
    bytes: usize,
    step: impl Fn(&Connection) -> Result<T, RowError> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Step { bytes, perform: step, outcome: None, reply }), answer)
}

struct Step<T, F> {
    bytes: usize,
    perform: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, Unavailable>>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T, RowError> + Send> Job for Step<T, F> {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn perform(&mut self, connection: &Connection) -> Result<(), RowError> {
        self.outcome = Some((self.perform)(connection)?);
        Ok(())
    }

    fn acknowledge(self: Box<Self>) {
        let outcome = self.outcome.expect("invariant: only what was performed is acknowledged");
        // Whoever does not wait any more does not want to know.
        let _ = self.reply.send(Ok(outcome));
    }

    fn refuse(self: Box<Self>, error: Unavailable) {
        let _ = self.reply.send(Err(error));
    }
}
