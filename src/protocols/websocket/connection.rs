//! A connection of the core over one WebSocket, and the time in which it holds a seat.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Socket, SocketEnd, SocketMessage, SocketSender};
use crate::core::{
    hub::{Hub, join::Seated},
    model::{error::Replaced, event::Numbered, ids::ConnectionId},
    ports::connection::{CloseReason, Connection, DeliverError},
};

/// A connection over one WebSocket: what a door adds to the [`SocketSender`]. The core sees a [`Connection`].
pub trait SocketConnection: Send + Sync + 'static {
    /// The sending half of the WebSocket.
    fn sender(&self) -> &SocketSender;

    /// As [`Connection::deliver`].
    ///
    /// # Errors
    /// As for [`Connection::deliver`].
    fn deliver(&self, event: &Numbered) -> Result<(), DeliverError>;

    /// As [`Connection::close`].
    fn close(&self, reason: CloseReason);

    /// Whether a client that closes the WebSocket with `reason` gives its seat up. Every client does, unless
    /// the door says otherwise.
    fn gives_up(&self, _reason: &str) -> bool {
        true
    }
}

impl<C: SocketConnection> Connection for C {
    fn id(&self) -> ConnectionId {
        self.sender().id()
    }

    fn deliver(&self, event: &Numbered) -> Result<(), DeliverError> {
        SocketConnection::deliver(self, event)
    }

    fn close(&self, reason: CloseReason) {
        SocketConnection::close(self, reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.sender().sign_of_life()
    }
}

impl Socket {
    /// Holds `seat` until the WebSocket ends: delivers its events to `connection`, and passes the client's
    /// messages to `handle`, one after the other.
    ///
    /// A client that [gives its seat up](SocketConnection::gives_up) then leaves. For every other client the
    /// seat is held for its lease.
    ///
    /// # Errors
    /// [`Replaced`]: the seat was lost before the delivery began.
    pub async fn hold_seat<C: SocketConnection, F: Future<Output = ()>>(
        &mut self,
        hub: &Hub,
        seat: &Seated,
        connection: &Arc<C>,
        mut handle: impl FnMut(SocketMessage) -> F,
    ) -> Result<SocketEnd, Replaced> {
        hub.attach(seat, connection.clone())?;
        if hub.is_draining() {
            // A drain that began while the connection was attached may have missed it.
            SocketConnection::close(&**connection, CloseReason::ShuttingDown);
        }
        let end = loop {
            match self.next().await {
                Ok(message) => handle(message).await,
                Err(end) => break end,
            }
        };
        let reason = self.close_reason().unwrap_or_default();
        if end == SocketEnd::ClosedByClient && connection.gives_up(reason) {
            hub.leave(seat).await;
        } else {
            hub.connection_lost(seat, connection.id()).await;
        }
        Ok(end)
    }
}
