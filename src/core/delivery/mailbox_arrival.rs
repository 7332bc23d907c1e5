//! Tells a join that waits for a mailbox when the mailbox has arrived.

use futures_util::{FutureExt, future::Shared};
use tokio::sync::oneshot;

/// Resolves when a mailbox has been imported: `true` if its owner resumes, `false` on a reset. An error is a
/// reset too.
pub type MailboxArrival = Shared<oneshot::Receiver<bool>>;

/// Resolves a [`MailboxArrival`], once.
#[derive(Debug)]
pub struct ArrivalNotice(oneshot::Sender<bool>);

/// An arrival and the notice that resolves it.
pub fn mailbox_arrival() -> (ArrivalNotice, MailboxArrival) {
    let (sender, receiver) = oneshot::channel();
    (ArrivalNotice(sender), receiver.shared())
}

impl ArrivalNotice {
    /// Resolves the arrival.
    pub fn send(self, resumed: bool) {
        // The join that waited may have been dropped.
        let _ = self.0.send(resumed);
    }
}
