//! The signals door: a client takes a seat and publishes signals for its peers over HTTP.
//!
//! The client proves its presence over a WebSocket, which delivers the signals of its peers.
//!
//! The wire contract is `docs/signals.md`. [`http`] answers requests, [`connection`] serves a WebSocket,
//! [`delivery`] writes events to it, and [`messages`] has the types on the wire.
//!
//! Source: signals document.

mod connection;
mod delivery;
mod error;
mod http;
mod messages;
mod options;
mod routes;

use std::net::SocketAddr;

use axum::http::HeaderValue;

pub use self::{error::HttpRefusal, options::Options};
use crate::{core::model::ids::TextError, protocols::prelude::*};

/// Name of the door, and namespace of its rooms.
const NAMESPACE: &str = "signals";

/// Size of a POST in addition to its body: the name of a call and a session, escaped.
const ENVELOPE_BYTES: usize = 4 * 1024;

/// Opens the signals door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    Arc::new(SignalsDoor::new(common, options))
}

/// The signals door.
struct SignalsDoor {
    common: Common,
    policy: RoomPolicy,
    /// Name of every participant: the protocol has no names.
    name: Name,
    /// The web origin that the CORS headers allow.
    origin: HeaderValue,
    max_body_bytes: usize,
    max_request_bytes: usize,
    /// Time from the WebSocket request to the JOIN message. Zero: no limit.
    handshake_timeout: Duration,
    /// Time from the open WebSocket to the JOIN message. Zero: no limit.
    join_timeout: Duration,
    limits: SocketLimits,
    listen: Vec<SocketAddr>,
    ops_listen: Vec<SocketAddr>,
    runtime: DoorRuntime,
}

impl SignalsDoor {
    fn new(common: &Common, options: &Options) -> Self {
        let max_request_bytes = options.max_body + ENVELOPE_BYTES;
        Self {
            common: common.clone(),
            policy: RoomPolicy::new(options.seat_count, options.seat_timeout),
            name: "caller".parse().expect("it is a name"),
            origin: options.origin.clone(),
            max_body_bytes: options.max_body,
            max_request_bytes,
            handshake_timeout: options.ws_handshake_timeout,
            join_timeout: options.ws_join_timeout,
            limits: SocketLimits {
                // Messages after the handshake are ignored, also a signal that was meant for a POST.
                max_message_bytes: max_request_bytes,
                // A client that answers every ping must never count as lost.
                ping_interval: options
                    .ws_ping_interval
                    .min(options.ws_read_timeout / 2)
                    .max(Duration::from_millis(1)),
                max_silence: options.ws_read_timeout,
            },
            listen: options.addr.0.clone(),
            ops_listen: options.healthz_addr.0.clone(),
            runtime: DoorRuntime::new(NAMESPACE),
        }
    }

    /// A request to the core by a participant who is known by its session only.
    fn join_request(&self, room: RoomId, session: Option<String>, received: Option<u64>) -> JoinRequest {
        JoinRequest { session, received, ..JoinRequest::new(room, self.name.clone(), self.policy) }
    }
}

impl Door for SignalsDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        routes::router(self)
    }

    fn listen(&self) -> Vec<SocketAddr> {
        self.listen.clone()
    }

    fn ops_listen(&self) -> Vec<SocketAddr> {
        self.ops_listen.clone()
    }
}

/// The room of the call called `name`. Rooms of other doors have other ids.
fn room_of(name: &str) -> Result<RoomId, TextError> {
    RoomId::within(NAMESPACE, name)
}
