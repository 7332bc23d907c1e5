//! Starting SFUs on request: by a command, by a webhook, or inside the server.

mod command;
mod webhook;

use std::{io, process::ExitStatus, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

pub use self::{
    command::{CommandLimits, CommandStarter, StartCommand},
    webhook::{Webhook, WebhookStarter},
};
use super::{Options, error::Refusal, rooms::SfuRooms};
use crate::{
    core::model::{error::Unavailable, ids::Name},
    protocols::{options::Secret, runtime::DoorRuntime},
};

/// An order for one SFU.
#[derive(Clone)]
pub struct StartOrder {
    /// The id that the SFU must identify with.
    pub sfu: Name,
    /// The WebSocket address to connect to, with the secret if one is configured.
    pub url: String,
}

/// Starts SFUs.
#[async_trait]
pub trait RoomStarter: Send + Sync + 'static {
    /// Starts an SFU, which connects by itself, at once or later.
    ///
    /// # Errors
    /// No SFU was started, and no part of it keeps running.
    async fn start(&self, order: StartOrder) -> Result<(), StartError>;

    /// Starts the SFUs that a former process of this node had, if none could be started before.
    async fn restore(&self) {}

    /// Waits for SFUs that are about to be free. Returns whether another claim may succeed.
    async fn settle(&self) -> bool {
        false
    }

    /// Renews long-lived records. Called about once a minute.
    async fn tidy(&self) {}
}

/// Why no SFU was started.
#[derive(Debug, Error)]
pub enum StartError {
    /// The most SFUs are running or starting.
    #[error("the most SFUs are running or starting")]
    Enough,
    /// The command cannot be run.
    #[error("the command cannot be run")]
    Io(#[from] io::Error),
    /// The command failed.
    #[error("the command failed with {0}")]
    Failed(ExitStatus),
    /// The webhook cannot be reached.
    #[error("the webhook cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The webhook refused.
    #[error("the webhook answered {0}")]
    Refused(http::StatusCode),
    /// The start took too long.
    #[error("the start took too long")]
    TooLate,
    /// The server's own SFU could not take its seat.
    #[error("the SFU could not take its seat: {}", .0.message())]
    NotLetIn(Refusal),
    /// The store does not answer.
    #[error("the store does not answer")]
    Store(#[from] Unavailable),
    /// The server stops.
    #[error("the server stops")]
    ShuttingDown,
}

/// How long an SFU that a command runs may be without its connection.
const MAX_ABSENCE: Duration = Duration::from_mins(1);

/// The starter that the options configure: a command, else a webhook, else none.
pub fn starter(
    options: &Options,
    rooms: &Arc<SfuRooms>,
    runtime: &DoorRuntime,
) -> Option<Arc<dyn RoomStarter>> {
    let start = options.arbiter_start_timeout;
    let command = options.arbiter_start_command.clone();
    if command.is_set() {
        let limits = CommandLimits { start, absence: MAX_ABSENCE, running: options.arbiter_max_started };
        let (tasks, stop) = (runtime.tasks.clone(), runtime.stop.clone());
        return Some(Arc::new(CommandStarter::new(command, rooms.clone(), limits, tasks, stop)));
    }
    Some(Arc::new(WebhookStarter::new(&options.arbiter_start_webhook, start)?))
}

/// The WebSocket address for started SFUs: `url` with the secret in its query.
pub fn url_for_sfus(url: &Uri, secret: &Secret) -> String {
    let Some(secret) = secret.reveal() else { return url.to_string() };
    let separator = if url.query().is_some() { '&' } else { '?' };
    format!("{url}{separator}sfuSecret={}", utf8_percent_encode(secret, NON_ALPHANUMERIC))
}
