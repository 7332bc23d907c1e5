//! The kurento door: calls of several participants through the server's media plane.
//!
//! Clients speak JSON-RPC 2.0 over a WebSocket, as with Kurento Room.
//!
//! The wire contract is `docs/kurento.md`. [`connection`] serves a WebSocket: it finds the [`session`] of the
//! client and passes requests about rooms to [`room_request`]. [`delivery`] sends the events of a room. In
//! the core, a user is a participant, and the lease of its seat is the time to reconnect. The publications of
//! a room are known only on this node ([`membership`]), because media is forwarded by the node that receives
//! it.
//!
//! Source: kurento document.

mod browser;
mod catch_up;
mod chat;
mod closing;
mod connection;
mod custom;
mod delivery;
mod description;
mod error;
mod http;
mod join;
mod media_events;
mod membership;
mod messages;
mod operators;
mod options;
mod room_request;
mod routes;
mod rpc;
mod session;
mod session_end;
mod sessions;
mod streams;
mod watchdog;

use tokio::runtime::Handle;

use self::{closing::Closing, sessions::Sessions};
pub use self::{
    custom::{CustomRequest, CustomRequests, Unsupported},
    error::Code,
    options::Options,
};
use crate::protocols::prelude::*;

/// Name of the door, and namespace of its rooms.
const NAMESPACE: &str = "kurento";

/// Opens the kurento door. Must run within a Tokio runtime.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    open_with(common, options, Arc::new(Unsupported))
}

/// As [`open`], with an implementation of custom requests.
pub fn open_with(common: &Common, options: &Options, custom: Arc<dyn CustomRequests>) -> Arc<dyn Door> {
    Arc::new(KurentoDoor::new(common, options, custom))
}

/// The kurento door.
struct KurentoDoor {
    common: Common,
    custom: Arc<dyn CustomRequests>,
    policy: RoomPolicy,
    /// Whether every client may list all rooms.
    open_room_list: bool,
    sessions: Sessions,
    closing: Closing,
    /// For tasks that the thread of the media plane spawns.
    tokio: Handle,
    runtime: DoorRuntime,
}

impl KurentoDoor {
    fn new(common: &Common, options: &Options, custom: Arc<dyn CustomRequests>) -> Self {
        Self {
            common: common.clone(),
            custom,
            policy: RoomPolicy {
                unique_names: true,
                ..RoomPolicy::new(usize::from(options.kurento_max_participants), options.kurento_lease)
            },
            open_room_list: options.kurento_open_room_list,
            sessions: Sessions::default(),
            closing: Closing::default(),
            tokio: Handle::current(),
            runtime: DoorRuntime::new(NAMESPACE),
        }
    }
}

impl Door for KurentoDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        routes::router(self)
    }

    fn ops_router(self: Arc<Self>) -> Router {
        routes::ops_router(self)
    }
}
