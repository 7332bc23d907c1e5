//! Starting SFUs when somebody asks for a room: who can do it, and what they are told.

mod command;
mod webhook;

use std::{io, process::ExitStatus};

use async_trait::async_trait;
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

pub use self::{
    command::{Command, CommandStarter, Limits as CommandLimits},
    webhook::{Webhook, WebhookStarter},
};
use super::error::Refusal;
use crate::{core::model::ids::Name, protocols::options::Secret};

/// An SFU that is wanted.
#[derive(Clone)]
pub struct Order {
    /// The id to identify by.
    pub sfu: Name,
    /// The WebSocket to connect to, with the secret in it where one is needed.
    pub url: String,
}

/// Starts SFUs.
#[async_trait]
pub trait RoomStarter: Send + Sync + 'static {
    /// Starts an SFU. It comes in by itself, at once or a little later.
    ///
    /// # Errors
    /// Why there will be none. Nothing of it goes on then.
    async fn start(&self, order: Order) -> Result<(), NotStarted>;
}

/// Why no SFU was started.
#[derive(Debug, Error)]
pub enum NotStarted {
    /// As many as may be are running or being started.
    #[error("as many as may be are running or being started")]
    Enough,
    /// The command cannot be run.
    #[error("the command cannot be run")]
    Io(#[from] io::Error),
    /// The command failed.
    #[error("the command failed with {0}")]
    Failed(ExitStatus),
    /// The webhook was not reached.
    #[error("the webhook cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The webhook refused.
    #[error("the webhook answered {0}")]
    Refused(http::StatusCode),
    /// It took too long.
    #[error("it took too long")]
    TooLate,
    /// The server's own was not let in.
    #[error("it was not let in: {}", .0.message())]
    NotLetIn(Refusal),
    /// The server stops.
    #[error("the server stops")]
    ShuttingDown,
}

/// `url`, with the proof in it that whoever connects to it is an SFU.
pub fn url_for_sfus(url: &Uri, secret: &Secret) -> String {
    let Some(secret) = secret.reveal() else { return url.to_string() };
    let separator = if url.query().is_some() { '&' } else { '?' };
    format!("{url}{separator}sfuSecret={}", utf8_percent_encode(secret, NON_ALPHANUMERIC))
}
