//! Frames to a user over the WebSocket: messages of other users, notices, and the reason of the close.

use tracing::error;

use super::{
    connection::DirectConnection,
    error::{TOO_SLOW, status_of_close},
    messages::{Notice, from_originator},
};
use crate::protocols::prelude::*;

impl DirectConnection {
    /// Sends a notice, and closes the connection if the client does not read.
    pub(super) fn notify(&self, notice: Notice<'_>) {
        self.sender.send_or_close(notice.encode(), TOO_SLOW);
    }
}

impl SocketConnection for DirectConnection {
    fn sender(&self) -> &SocketSender {
        &self.sender
    }

    fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
        // The room has one seat: there are no other participants to report.
        let Event::Signal(signal) = event else { return Ok(()) };
        let Ok(forwarded) = std::str::from_utf8(&signal.payload) else {
            error!("dropped a signal that is not text");
            return Ok(());
        };
        self.sender.send(from_originator(&signal.name, forwarded))
    }

    fn close(&self, reason: CloseReason) {
        self.sender.close(status_of_close(reason));
    }
}
