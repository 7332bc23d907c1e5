//! The mesh door: two participants, one appointment, over Socket.IO. The only user of socketioxide, which is
//! a transport here: its rooms and adapters stay unused, since membership is the core's.
//!
//! The wire contract is `docs/mesh.md`. Which part of the door an event passes, in this order:
//!
//! - [`gate`]: checks the HTTP request that opens the session.
//! - [`direct_path`], or socketioxide and the handlers in [`namespace`]: reads the event.
//! - [`connection`]: handles the connection's events in order, and calls the core.
//! - [`delivery`] and [`sending`]: bring the core's events to the other participant.
//!
//! Source: mesh document.

mod chat;
mod connection;
mod delivery;
mod direct_path;
mod error;
mod gate;
mod http;
mod messages;
mod namespace;
mod options;
mod sending;
mod session_end;
mod transport;
mod upgrade;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body, extract::Request, middleware, routing};
use futures_util::future::join_all;
use socketioxide::{ParserConfig, SocketIo};
use tower::ServiceExt;
use tracing::warn;

pub use self::{error::Code, options::Options};
use self::{gate::Gate, options::DirectPathSwitch, session_end::SocketService, transport::Transports};
use crate::{
    core::{
        hub::{Hub, join::RoomPolicy},
        model::{ids::ConnectionId, lock::lock},
    },
    protocols::{
        admission::Admission,
        dialect::Dialect,
        door::{Common, Door},
        ice_servers::IceServers,
        origin::AllowedOrigins,
        runtime::DoorRuntime,
    },
};

/// The paths at which Socket.IO is served: the library's usual one, and that of the mesh document's original.
pub const SOCKET_PATHS: [&str; 2] = ["/socket.io", "/api/v1/signalling/socket"];

/// How often a client is pinged, and how long it has to answer. A dead one is noticed within their sum, 9.5
/// s.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_millis(4_500);

/// How long the seat of a client that cannot resume outlives its connection. Any newcomer may take it
/// meanwhile. When it ends, the other participant is told that this one has left.
const UNPROTECTED_LEASE: Duration = Duration::from_secs(10);

/// How long a client has, after opening a session, to send its CONNECT packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest packet a client may send, over any transport: a signal or a chat message of the largest size
/// with everything around it, escaped.
pub const MAX_PACKET_BYTES: usize = 128 * 1024;

/// How much the library reads from a WebSocket at once: little where events pass beside it.
const LIBRARY_READ_BYTES: usize = 4 * 1024;
const LIBRARY_READ_BYTES_BESIDE_DIRECT_PATH: usize = 512;

/// The most packets that may wait in the library for one client. [`transport::MAX_WAITING_BYTES`] bounds
/// their bytes.
const MAX_WAITING_PACKETS: usize = 1024;

/// Opens the mesh door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    Arc::new(MeshDoor {
        hub: common.hub.clone(),
        policy: RoomPolicy {
            unprotected_lease: Some(UNPROTECTED_LEASE.min(options.seat_lease)),
            away_per_address: common.admission.max_away(),
            ..RoomPolicy::new(2, options.seat_lease)
        },
        dialect: options.mesh_dialect,
        direct_path: options.mesh_direct_path == DirectPathSwitch::On,
        return_spread: common.return_spread,
        origins: common.origins.clone(),
        admission: common.admission.clone(),
        ice_servers: common.ice_servers.clone(),
        runtime: DoorRuntime::new("mesh"),
        transports: Transports::default(),
        sockets: Mutex::default(),
    })
}

/// The mesh door.
pub struct MeshDoor {
    hub: Hub,
    policy: RoomPolicy,
    dialect: Dialect,
    /// True if sessions that begin with a WebSocket have a direct path.
    direct_path: bool,
    return_spread: Duration,
    origins: AllowedOrigins,
    admission: Arc<Admission>,
    ice_servers: Arc<IceServers>,
    runtime: DoorRuntime,
    transports: Transports,
    sockets: Mutex<Vec<SocketIo>>,
}

#[async_trait]
impl Door for MeshDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        let mut router = Router::new()
            .route("/api/v1/signalling/health-status", routing::get(http::health_status))
            .route("/api/v1/signalling/save-chats/{appointment_id}", routing::put(http::save_chats))
            .route("/api/v1/ice-servers", routing::get(http::ice_servers))
            .with_state(self.clone());
        for path in SOCKET_PATHS {
            router = router.merge(self.socket_router(path));
        }
        router.layer(self.origins.cors_layer())
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

impl MeshDoor {
    fn socket_router(self: &Arc<Self>, path: &'static str) -> Router {
        let service = self.socket_service(path);
        let gate = Gate { door: self.clone(), service: service.clone() };
        let service = ServiceExt::<Request>::map_response(service, |response| response.map(Body::new));
        Router::new()
            .route_service(path, service.clone())
            .route_service(&format!("{path}/"), service.clone())
            .route_service(&format!("{path}/{{*rest}}"), service)
            .layer(middleware::from_fn_with_state(gate, gate::pass))
    }

    fn socket_service(self: &Arc<Self>, path: &'static str) -> SocketService {
        let parser = ParserConfig::common()
            .max_incoming_binaries(1)
            .max_incoming_binary_buf_size(MAX_PACKET_BYTES)
            .packet_completion_timeout(CONNECT_TIMEOUT);
        let (service, io) = SocketIo::builder()
            .req_path(path)
            .ping_interval(PING_INTERVAL)
            .ping_timeout(PING_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .max_payload(MAX_PACKET_BYTES as u64)
            .max_buffer_size(MAX_WAITING_PACKETS)
            .ws_max_message_size(MAX_PACKET_BYTES)
            .ws_max_frame_size(MAX_PACKET_BYTES)
            .ws_read_buffer_size(if self.direct_path {
                LIBRARY_READ_BYTES_BESIDE_DIRECT_PATH
            } else {
                LIBRARY_READ_BYTES
            })
            .with_parser(parser)
            .build_with_inner_svc(Router::new());
        io.ns("/", namespace::OnConnection(self.clone()));
        lock(&self.sockets).push(io);
        service
    }

    /// Spreads the return of clients evenly over time, so that they do not all reach a server at once.
    fn retry_after_ms(&self, connection: ConnectionId) -> u64 {
        /// The golden ratio's fraction of 2^64, whose multiples fill an interval evenly.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let spread = u64::try_from(self.return_spread.as_millis()).unwrap_or(u64::MAX).max(1);
        connection.0.wrapping_mul(GOLDEN) % spread
    }
}
