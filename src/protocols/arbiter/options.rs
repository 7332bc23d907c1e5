//! Options of the arbiter door.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where names stand bare")]

use std::time::Duration;

use http::Uri;

use super::start::{StartCommand, Webhook};
use crate::protocols::options::{Secret, count, duration, strong_secret};

/// Options of the arbiter door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Arbiter door")]
pub struct Options {
    /// Secret that proves an SFU; 16 characters or more. Without it every client may act as an SFU.
    #[arg(
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = strong_secret
    )]
    pub arbiter_sfu_secret: Secret,

    /// The most clients of one SFU.
    #[arg(
        long,
        env,
        value_name = "NUMBER",
        default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub arbiter_max_clients: u16,

    /// How long a claimed room waits for its first client.
    #[arg(long, env, value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub arbiter_claim_timeout: Duration,

    /// How long a room stays claimed after its last client has left, in case the page is only reloaded.
    #[arg(long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub arbiter_release_grace: Duration,

    /// Command that starts an SFU, with SFU_ID and ARBITER_URL in its environment: a program and its
    /// arguments, separated by blanks. With neither a command nor a webhook, the server itself is the SFU if
    /// media is on.
    #[arg(long, env, value_name = "COMMAND", default_value = "", hide_default_value = true)]
    pub arbiter_start_command: StartCommand,

    /// Webhook that starts an SFU instead of a command, by a POST of {"id", "url"}.
    #[arg(
        long,
        env,
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub arbiter_start_webhook: Webhook,

    /// The WebSocket address that started SFUs connect to.
    #[arg(long, env, value_name = "ADDRESS", default_value = "ws://localhost:8080/arbiter", value_parser = web_socket)]
    pub arbiter_url: Uri,

    /// How long the start of an SFU may take.
    #[arg(long, env, value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub arbiter_start_timeout: Duration,

    /// The most SFUs that run at once, started by the command or inside the server.
    #[arg(long, env, value_name = "NUMBER", default_value = "16", value_parser = count)]
    pub arbiter_max_started: usize,

    /// How many SFUs one client address may start in a burst; refilled within ten minutes. 0: no limit.
    #[arg(long, env, value_name = "NUMBER", default_value_t = 10)]
    pub arbiter_starts_per_address: u32,
}

fn web_socket(text: &str) -> Result<Uri, String> {
    let address = text.trim().parse::<Uri>().ok();
    let is_web_socket = |address: &Uri| {
        let scheme = address.scheme_str().unwrap_or_default().to_ascii_lowercase();
        matches!(scheme.as_str(), "ws" | "wss") && address.host().is_some_and(|host| !host.is_empty())
    };
    address.filter(is_web_socket).ok_or_else(|| "an address is like wss://calls.example/arbiter".into())
}
