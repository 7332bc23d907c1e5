//! The direct door: users register a name, connect, and send each other messages by name.
//!
//! The wire contract is `docs/direct.md`. In the core, each user is a room with one seat, named like the
//! user: a connected user holds the seat, and a message to a user is a signal to the room. [`http`] answers
//! requests, [`connection`] serves a WebSocket, [`delivery`] writes messages to it, and [`users`] keeps the
//! registered names.
//!
//! Source: direct document.

mod connected;
mod connection;
mod cookies;
mod delivery;
mod error;
mod http;
mod messages;
mod options;
mod routes;
mod session;
mod username;
mod users;

use async_trait::async_trait;

use self::{connected::Connected, users::Users};
pub use self::{error::CLOSE_STATUSES, options::Options};
use crate::protocols::{admission::AddressLimit, dialect::Dialect, prelude::*, unavailable::log_unavailable};

/// Name of the door, and namespace of its rooms and records.
const NAMESPACE: &str = "direct";

/// Time in which an address may register [`Options::direct_names_per_address`] names.
const NAMES_PERIOD: Duration = Duration::from_hours(1);

/// Opens the direct door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    Arc::new(DirectDoor::new(common, options))
}

/// The direct door.
struct DirectDoor {
    common: Common,
    users: Users,
    policy: RoomPolicy,
    dialect: Dialect,
    /// Whether every client may close all connections.
    open_kick: bool,
    /// New names by client address.
    names: AddressLimit,
    connected: Connected,
    runtime: DoorRuntime,
}

impl DirectDoor {
    fn new(common: &Common, options: &Options) -> Self {
        let lifetime = options.direct_name_lifetime;
        Self {
            common: common.clone(),
            users: Users::new(common.records.clone(), common.clock.clone(), lifetime),
            policy: RoomPolicy::new(1, options.direct_lease),
            dialect: options.direct_dialect,
            open_kick: options.direct_open_kick,
            names: AddressLimit::new(options.direct_names_per_address, NAMES_PERIOD),
            connected: Connected::default(),
            runtime: DoorRuntime::new(NAMESPACE),
        }
    }

    /// Renews the names of all users who are connected to this node.
    async fn renew_names(&self) {
        for connection in self.connected.all() {
            let mut user = connection.user();
            match self.users.renew(&mut user).await {
                Ok(()) => connection.set_user(user),
                Err(error) => return log_unavailable(NAMESPACE, &error),
            }
        }
    }
}

#[async_trait]
impl Door for DirectDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        routes::router(self)
    }

    async fn tidy(&self) {
        self.names.forget_idle();
        self.renew_names().await;
    }
}
