//! One step for the writing thread, and the caller that waits for its outcome.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::row::RowError;
use crate::core::model::error::Unavailable;

/// A step with any type of outcome.
pub(super) trait Job: Send {
    /// The approximate number of bytes that the step writes.
    fn bytes(&self) -> usize;

    /// True if the caller has given up.
    fn is_abandoned(&self) -> bool;

    /// Performs the step within a transaction. Called again if the transaction was rolled back.
    fn perform(&mut self, connection: &Connection) -> Result<(), RowError>;

    /// Sends the outcome to the caller. Must be called after the commit.
    fn acknowledge(self: Box<Self>);

    /// Tells the caller that the step failed.
    fn refuse(self: Box<Self>, error: Unavailable);
}

/// Receives the outcome of a step.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, Unavailable>>;

/// Makes a job of `step`, which writes about `bytes` bytes.
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
        // The caller may have given up.
        let _ = self.reply.send(Ok(outcome));
    }

    fn refuse(self: Box<Self>, error: Unavailable) {
        let _ = self.reply.send(Err(error));
    }
}
