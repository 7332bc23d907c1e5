//! The direct door: users register a name, connect, and send each other whatever they like by name.
//!
//! The wire contract is `docs/direct.md`. In the core's terms a user is a room of one seat, called like the user: being
//! connected is sitting there, and a message to somebody is a signal to their room. What is asked over HTTP comes in by
//! [`http`]; a connection is [`connection`]'s from its first message to its last.
//!
//! Source: direct document.

mod connection;
mod cookies;
mod error;
mod http;
mod kick;
mod messages;
mod session;
mod username;
mod users;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{Router, routing};
use tokio_util::task::TaskTracker;
use tracing::warn;

pub use self::error::Ending;
use self::{connection::Connected, users::Users};
use crate::{
    core::hub::{Hub, join::RoomPolicy},
    protocols::{
        admission::{Admission, Allowance},
        counters::Counters,
        door::{Common, Door},
        options::{Secret, duration},
        origin::AllowedOrigins,
        websocket::Limits,
    },
};

/// What rooms and records of this door are kept apart by.
const NAMESPACE: &str = "direct";

/// Where the door is, besides at the root: where the original's proxy has it.
const PREFIX: &str = "/api";

/// The largest message a client may send, in bytes: several times what a session description takes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A dead connection is noticed within nine seconds; a living one has five to answer a ping.
const LIMITS: Limits = Limits {
    max_message_bytes: MAX_MESSAGE_BYTES,
    ping_interval: Duration::from_secs(4),
    max_silence: Duration::from_secs(9),
};

/// In which time an address may take [`Options::direct_names_per_address`].
const NAMES_PERIOD: Duration = Duration::from_hours(1);

/// What the document says, or what the original does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// /v1/user answers 404 to a stranger; a newer connection of a user replaces the older one
    Documented,
    /// /v1/user answers 401; a newer connection is refused while the older one is alive
    Original,
}

/// What can be set about the direct door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// What the document says, or what the original server does, where they differ.
    #[arg(help_heading = "Direct door", long, env, value_name = "DIALECT", default_value = "documented")]
    pub direct_dialect: Dialect,

    /// How long messages are kept for a user whose connection was lost, before the user counts as not there.
    #[arg(help_heading = "Direct door", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub direct_lease: Duration,

    /// How long a name stays somebody's who does not use it.
    #[arg(help_heading = "Direct door", long, env, value_name = "TIME", default_value = "30d", value_parser = duration)]
    pub direct_name_lifetime: Duration,

    /// How many new names one client address may register within an hour. 0: no limit.
    #[arg(help_heading = "Direct door", long, env, value_name = "NUMBER", default_value_t = 100)]
    pub direct_names_per_address: u32,

    /// Let everybody close all connections (kick-active-users), as the original does: true or false.
    #[arg(
        help_heading = "Direct door",
        long,
        env,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        action = clap::ArgAction::Set
    )]
    pub direct_open_kick: bool,
}

/// Opens the direct door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    let users = Users::new(common.records.clone(), common.clock.clone(), options.direct_name_lifetime);
    Arc::new(DirectDoor {
        hub: common.hub.clone(),
        users,
        policy: RoomPolicy::new(1, options.direct_lease),
        dialect: options.direct_dialect,
        open_kick: options.direct_open_kick,
        admin_token: common.admin_token.clone(),
        origins: common.origins.clone(),
        admission: common.admission.clone(),
        names: Allowance::new(options.direct_names_per_address, NAMES_PERIOD),
        connected: Connected::default(),
        counters: Counters::new("direct"),
        tasks: TaskTracker::new(),
    })
}

/// The direct door.
pub struct DirectDoor {
    hub: Hub,
    users: Users,
    policy: RoomPolicy,
    dialect: Dialect,
    open_kick: bool,
    admin_token: Secret,
    origins: AllowedOrigins,
    admission: Arc<Admission>,
    /// New names for each address.
    names: Allowance,
    connected: Connected,
    counters: Counters,
    /// All connections.
    tasks: TaskTracker,
}

#[async_trait]
impl Door for DirectDoor {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn router(self: Arc<Self>) -> Router {
        let kick = routing::get(http::kick).post(http::kick).head(http::method_not_allowed);
        let routes = Router::new()
            .route("/healthcheck", routing::get(http::healthcheck).fallback(http::method_not_allowed))
            .route("/v1/register", routing::post(http::register).fallback(http::method_not_allowed))
            .route("/v1/connect", routing::get(http::connect).fallback(http::method_not_allowed))
            .route("/v1/user", routing::get(http::user).fallback(http::method_not_allowed))
            .route("/v1/kick-active-users", kick.fallback(http::method_not_allowed))
            .with_state(self.clone());
        Router::new().merge(routes.clone()).nest(PREFIX, routes).layer(self.origins.cors_layer_with_cookies())
    }

    async fn tidy(&self) {
        self.names.forget_idle();
        self.renew_connected().await;
    }

    async fn shut_down(&self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            warn!("some clients did not take their last words");
        }
    }
}

impl DirectDoor {
    /// Whoever is connected uses their name.
    async fn renew_connected(&self) {
        for connection in self.connected.all() {
            let mut user = connection.user();
            match self.users.renew(&mut user).await {
                Ok(()) => connection.set_user(user),
                Err(error) => return error::log(&error),
            }
        }
    }
}
