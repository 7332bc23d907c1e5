//! The interface between a door and the rest of the program.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{Router, http::Request};

use super::{
    admission::{Admission, ClientAddress, NotAdmitted, TooManyRequests},
    base_path::BasePath,
    ice_servers::IceServers,
    options::Secret,
    origin::{AllowedOrigins, OriginRefused},
    runtime::DoorRuntime,
};
use crate::{
    core::{
        hub::Hub,
        ports::{clock::Clock, record_store::RecordStore},
    },
    media::{MediaPlane, Owner},
};

/// A signaling protocol that the server speaks.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Tasks, stop signal, counters and name of the door.
    fn runtime(&self) -> &DoorRuntime;

    /// Routes for clients, with the CORS headers of the door. No two doors share a path.
    fn router(self: Arc<Self>) -> Router;

    /// Routes for operators, served on the operators' listener only.
    fn ops_router(self: Arc<Self>) -> Router {
        Router::new()
    }

    /// Additional addresses to listen on for clients, for protocols whose clients have a port built in. Every
    /// address serves every door.
    fn listen(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Additional addresses to listen on for operators.
    fn ops_listen(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Whether this node forwards media of `owner`, who holds no seat on this node because it sits on another
    /// one.
    fn forwards_for(&self, _owner: &Owner) -> bool {
        false
    }

    /// Drops expired state. Called about once a minute.
    async fn tidy(&self) {}

    /// Closes all connections and waits for the tasks of the door, at most `limit`. The hub is drained
    /// before.
    async fn shut_down(&self, limit: Duration) {
        self.runtime().shut_down(limit).await;
    }
}

/// Services that every door is given. Cheap to clone.
#[derive(Clone)]
pub struct Common {
    /// Rooms and their participants.
    pub hub: Hub,
    /// Durable records other than chats.
    pub records: Arc<dyn RecordStore>,
    /// Name of this node, which outlives the process as its data folder does.
    pub node: Arc<str>,
    /// Media forwarding, for doors whose participants send media to the server.
    pub media: Arc<dyn MediaPlane>,
    /// Source of time.
    pub clock: Arc<dyn Clock>,
    /// Rate limits by client address, shared by all doors.
    pub admission: Arc<Admission>,
    /// Web origins that may use the doors that have no rule of their own.
    pub origins: AllowedOrigins,
    /// Prefix of the paths that clients see: of cookies and of redirects.
    pub base_path: BasePath,
    /// STUN and TURN servers for clients.
    pub ice_servers: Arc<IceServers>,
    /// Time over which all clients reconnect after the server has stopped.
    pub return_spread: Duration,
    /// Bearer token that proves an administrator.
    pub admin_token: Secret,
}

impl Common {
    /// Checks that the page behind `request` may use this server, and counts a new session of its client.
    /// Returns the client.
    ///
    /// # Errors
    /// The origin of the page is not allowed, or the client has no session left.
    pub fn admit_page<B>(&self, request: &Request<B>) -> Result<ClientAddress, NotAdmitted> {
        self.origins.check(request).map_err(|OriginRefused| NotAdmitted::ForeignOrigin)?;
        self.admission.admit_session(request).map_err(|TooManyRequests| NotAdmitted::TooManyRequests)
    }
}
