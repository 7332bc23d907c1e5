//! The mesh door: two participants, one appointment, over Socket.IO. The only user of socketioxide, which is
//! a transport here: its rooms and adapters stay unused, since membership is the core's.
//!
//! The wire contract is `docs/mesh.md`. Which part of the door an event passes, in this order:
//!
//! - [`gate`]: checks the HTTP request that opens the session.
//! - [`inbound`]: finds the events, and refuses what is too large or has attachments.
//! - [`direct_path`], or socketioxide and the handlers in [`namespace`]: reads the event.
//! - [`connection`]: handles the connection's events in order, and calls the core.
//! - [`delivery`] and [`sending`]: bring the core's events to the other participant.
//!
//! Source: mesh document.

mod chat;
mod connection;
mod delivery;
mod direct_path;
mod early_events;
mod error;
mod former_protocol;
mod gate;
mod http;
mod inbound;
mod join;
mod messages;
mod namespace;
mod options;
mod poll_answers;
mod routes;
mod sending;
mod session_end;
mod socket_service;
mod transport;
mod upgrade;

use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::future::join_all;
use socketioxide::SocketIo;
use tracing::warn;

pub use self::{error::Code, options::Options};
use self::{options::DirectPathSwitch, transport::Transports};
use crate::{
    core::model::lock::lock,
    protocols::{dialect::Dialect, lane::SharedBytes, prelude::*},
};

/// How long the seat of a client that cannot resume outlives its connection. Any newcomer may take it
/// meanwhile. When it ends, the other participant is told that this one has left.
const UNPROTECTED_LEASE: Duration = Duration::from_secs(10);

/// The largest event a client may send, over any transport.
///
/// A signal or a chat message of the largest size with everything around it, escaped.
pub const MAX_EVENT_BYTES: usize = 128 * 1024;

/// The most bytes of one packet, or of one posted body, that are read.
///
/// This is `maxPayload` of the handshake. Clients put whatever waits into one body, up to that size.
pub const MAX_PACKET_BYTES: usize = 1_000_000;

/// The most bytes that wait on all connections together, beyond what each may have of its own.
///
/// These are early events, and large packets that a client sent at once.
const MAX_SHARED_BYTES: usize = 64 * 1024 * 1024;

/// Name of the door in metrics and in the log. Its rooms have no namespace.
const NAME: &str = "mesh";

/// Opens the mesh door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    Arc::new(MeshDoor::new(common, options))
}

/// The mesh door.
struct MeshDoor {
    common: Common,
    policy: RoomPolicy,
    dialect: Dialect,
    /// True if sessions that begin with a WebSocket have a direct path.
    direct_path: bool,
    runtime: DoorRuntime,
    /// What waits on connections, beyond what each may have of its own.
    waiting_bytes: Arc<SharedBytes>,
    transports: Transports,
    sockets: Mutex<Vec<SocketIo>>,
}

impl MeshDoor {
    fn new(common: &Common, options: &Options) -> Self {
        Self {
            common: common.clone(),
            policy: RoomPolicy {
                unprotected_lease: Some(UNPROTECTED_LEASE.min(options.seat_lease)),
                away_per_address: common.admission.max_away(),
                ..RoomPolicy::new(2, options.seat_lease)
            },
            dialect: options.mesh_dialect,
            direct_path: options.mesh_direct_path == DirectPathSwitch::On,
            runtime: DoorRuntime::new(NAME),
            waiting_bytes: Arc::new(SharedBytes::new(MAX_SHARED_BYTES)),
            transports: Transports::default(),
            sockets: Mutex::default(),
        }
    }

    /// Spreads the return of clients evenly over time, so that they do not all reach a server at once.
    fn retry_after_ms(&self, connection: ConnectionId) -> u64 {
        /// The golden ratio's fraction of 2^64, whose multiples fill an interval evenly.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let spread = u64::try_from(self.common.return_spread.as_millis()).unwrap_or(u64::MAX).max(1);
        connection.0.wrapping_mul(GOLDEN) % spread
    }
}

#[async_trait]
impl Door for MeshDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        routes::router(self)
    }

    async fn shut_down(&self, limit: Duration) {
        let sockets = std::mem::take(&mut *lock(&self.sockets));
        let close_all = join_all(sockets.iter().map(SocketIo::close));
        if tokio::time::timeout(limit, close_all).await.is_err() {
            warn!("some clients did not take their last packets");
        }
        self.runtime.shut_down(limit).await;
    }
}
