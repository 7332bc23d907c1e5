//! The signals door: seats in a call. A client takes one over HTTP, shows that it is there over a WebSocket, and
//! publishes what its peers need over HTTP again.
//!
//! The wire contract is `docs/signals.md`. A request goes through [`http`] (what is asked, and whether it may be), a
//! WebSocket on to [`connection`] (its handshake, its presence, what it is told); [`messages`] is what both say.
//!
//! Source: signals document.

mod connection;
mod error;
mod http;
mod messages;
mod options;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{Router, http::HeaderValue, routing};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

pub use self::{error::Refusal, options::Options};
use crate::{
    core::{
        hub::{Hub, join::RoomPolicy},
        model::ids::{Name, RoomId, TextError},
    },
    protocols::{
        admission::Admission,
        counters::Counters,
        door::{Common, Door},
        websocket::Limits,
    },
};

/// What a POST may have besides its body: the name of a call and a session, escaped.
const ENVELOPE_BYTES: usize = 4 * 1024;

/// Opens the signals door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    SignalsDoor::new(common.hub.clone(), common.admission.clone(), options)
}

/// The signals door.
pub struct SignalsDoor {
    hub: Hub,
    admission: Arc<Admission>,
    policy: RoomPolicy,
    /// What everybody is called: nobody says who they are.
    nobody: Name,
    /// Whose pages may read the answers.
    origin: HeaderValue,
    max_body_bytes: usize,
    max_request_bytes: usize,
    /// Zero for none.
    handshake_timeout: Duration,
    /// Zero for none.
    join_timeout: Duration,
    limits: Limits,
    listen: Vec<SocketAddr>,
    ops_listen: Vec<SocketAddr>,
    /// One task or more for each WebSocket.
    tasks: TaskTracker,
    /// Ends what nobody waits for.
    stop: CancellationToken,
    counters: Counters,
}

impl SignalsDoor {
    /// The door of all calls in `hub`.
    pub fn new(hub: Hub, admission: Arc<Admission>, options: &Options) -> Arc<Self> {
        let max_request_bytes = options.max_body + ENVELOPE_BYTES;
        Arc::new(Self {
            hub,
            admission,
            policy: RoomPolicy::new(options.seat_count, options.seat_timeout),
            nobody: "caller".parse().expect("it is a name"),
            origin: options.origin.clone(),
            max_body_bytes: options.max_body,
            max_request_bytes,
            handshake_timeout: options.ws_handshake_timeout,
            join_timeout: options.ws_join_timeout,
            limits: Limits {
                // What comes after the handshake is ignored: also a signal that was meant for a POST.
                max_message_bytes: max_request_bytes,
                // A client that answers every ping must never be taken for silent.
                ping_interval: options
                    .ws_ping_interval
                    .min(options.ws_read_timeout / 2)
                    .max(Duration::from_millis(1)),
                max_silence: options.ws_read_timeout,
            },
            listen: options.addr.0.into_iter().collect(),
            ops_listen: options.healthz_addr.0.into_iter().collect(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            counters: Counters::new("signals"),
        })
    }
}

#[async_trait]
impl Door for SignalsDoor {
    fn name(&self) -> &'static str {
        "signals"
    }

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/call", routing::any(http::to_calls))
            .route("/call/", routing::any(http::no_call))
            .route("/call/{*call}", routing::any(http::call))
            .route("/ws", routing::any(http::ws))
            .route("/signal", routing::any(http::signal))
            .with_state(self)
    }

    fn listen(&self) -> Vec<SocketAddr> {
        self.listen.clone()
    }

    fn ops_listen(&self) -> Vec<SocketAddr> {
        self.ops_listen.clone()
    }

    async fn shut_down(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            warn!("some clients did not take their last words");
        }
    }
}

/// The room of the call called `name`. No other door's room is ever the same.
fn room_of(name: &str) -> Result<RoomId, TextError> {
    RoomId::within("signals", name)
}
