//! Tells whoever waits for a mailbox that it is here.

use futures_util::{FutureExt, future::Shared};
use tokio::sync::oneshot;

/// Resolves when a mailbox is here: whether all is in it that its owner missed. An error: it is lost.
pub type Arrival = Shared<oneshot::Receiver<bool>>;

/// Says so, once.
#[derive(Debug)]
pub struct Announcement(oneshot::Sender<bool>);

/// An arrival, and what announces it.
pub fn expected() -> (Announcement, Arrival) {
    let (sender, receiver) = oneshot::channel();
    (Announcement(sender), receiver.shared())
}

impl Announcement {
    /// The mailbox is here.
    pub fn announce(self, is_whole: bool) {
        // Whoever came back may have gone again.
        let _ = self.0.send(is_whole);
    }
}
