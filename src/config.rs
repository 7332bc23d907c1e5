//! All settings, and the only reader of the environment. A flag wins over the environment, then `.env`, then
//! the default.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use axum::http::HeaderValue;
use clap::{Parser, ValueEnum};

use crate::{
    media::options::MediaOptions,
    protocols::{
        DoorOptions,
        ice_url::IceUrls,
        options::{Secret, duration, long_secret, seconds},
        proxies::TrustedProxies,
    },
};

const EXAMPLES: &str = "\
Examples:
  switchboard                                  at http://localhost:8080/, chats in ./data
  switchboard --listen 127.0.0.1:8080          behind a proxy that ends TLS
  switchboard --cors-origins https://clinic.example
  MONGODB_URI=mongodb://db/clinic switchboard  chats in MongoDB";

/// Socket.IO signaling server for two-party appointments, with a call page inside and four more protocols.
///
/// Without settings it serves the call page at http://localhost:8080/ and stores chats in ./data. Every
/// option can also be set by the environment variable named with it, or in a file called .env in the working
/// directory.
#[derive(Debug, Clone, Parser)]
#[command(name = "switchboard", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Config {
    /// Addresses for clients, separated by commas; the option may be repeated.
    #[arg(
        help_heading = "Addresses",
        long,
        env,
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "0.0.0.0:8080"
    )]
    pub listen: Vec<SocketAddr>,

    /// Address for operators: /healthz, /readyz, /metrics and /debug. Keep it private.
    #[arg(help_heading = "Addresses", long, env, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub ops_listen: SocketAddr,

    /// Answer /debug to other machines too, if they can reach --ops-listen or --healthz-addr. Otherwise
    /// /debug answers this machine only.
    #[arg(help_heading = "Addresses", long, env)]
    pub debug_from_anywhere: bool,

    /// Folder of the chats, the records of the other doors and the session secret. Created if it is missing.
    #[arg(help_heading = "Storage", long, env, value_name = "FOLDER", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Store chats and records in MongoDB instead: mongodb://user:password@host/database.
    #[arg(
        help_heading = "Storage",
        long,
        env,
        value_name = "URI",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mongodb_uri: Secret,

    /// Be one of several nodes that share rooms through this Redis: redis://user:password@host:6379/0, or
    /// rediss:// for TLS. All nodes need the same session secret.
    #[arg(
        help_heading = "Storage",
        long,
        env,
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub redis_url: Secret,

    /// Prefix of every key in Redis, the same for all nodes. Sets of nodes that share a Redis have different
    /// ones.
    #[arg(help_heading = "Storage", long, env, value_name = "TEXT", default_value = "switchboard:")]
    pub redis_prefix: String,

    /// Other origins whose pages may use this server: https://clinic.example, several separated by commas; *
    /// for all.
    #[arg(help_heading = "Access", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,

    /// Other origins whose pages may show the call page in a frame: https://clinic.example, several separated
    /// by commas;
    /// * for all.
    #[arg(help_heading = "Access", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub frame_ancestors: Vec<Origin>,

    /// Secret that signs session tokens; at least 16 characters. If not set, one is made and stored in the
    /// data folder; several nodes need it set.
    #[arg(
        help_heading = "Storage",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub session_secret: Secret,

    /// STUN servers, which tell browsers their public addresses: stun:stun.your.server:3478, several
    /// separated by commas.
    #[arg(
        help_heading = "Calls",
        long,
        env,
        value_name = "URLS",
        value_parser = IceUrls::stun,
        default_value = "",
        hide_default_value = true
    )]
    pub stun_urls: IceUrls,

    /// TURN servers, which relay calls through strict firewalls: turn:turn.your.server:3478, several
    /// separated by commas.
    #[arg(
        help_heading = "Calls",
        long,
        env,
        value_name = "URLS",
        value_parser = IceUrls::turn,
        default_value = "",
        hide_default_value = true
    )]
    pub turn_urls: IceUrls,

    /// The TURN servers' static-auth-secret, from which credentials are made.
    #[arg(
        help_heading = "Calls",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub turn_secret: Secret,

    /// Lifetime of TURN credentials. A call outlives them: they set a path up and do not keep it, and every
    /// participant can get new ones. A short lifetime limits the use of the relay after leaving.
    #[arg(help_heading = "Calls", long, env, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    pub turn_ttl: Duration,

    /// Sessions that one client address may open at once, and again within ten seconds. Also the seats of the
    /// mesh door that it may hold without a connection. 0: no limit.
    #[arg(help_heading = "Access", long, env, value_name = "NUMBER", default_value_t = 200)]
    pub new_sessions_per_address: u32,

    /// Events that one client address may send in a second; ten times as many in a burst. 0: no limit. The
    /// default is far more than all clients behind one address need, and too little to keep a core busy.
    #[arg(help_heading = "Access", long, env, value_name = "NUMBER", default_value_t = 20_000)]
    pub events_per_address: u32,

    /// Reverse proxies whose X-Forwarded-For, -Proto, -Host and -Port, or Forwarded, are believed: addresses
    /// and networks (10.0.0.0/8), separated by commas, or none.
    #[arg(help_heading = "Access", long, env, value_name = "ADDRESSES", default_value = "127.0.0.1,::1")]
    pub trusted_proxies: TrustedProxies,

    /// Connections that may be open at once; more wait to be accepted.
    #[arg(help_heading = "Access", long, env, value_name = "NUMBER", default_value_t = 15_000)]
    pub max_connections: usize,

    /// Secret that proves an administrator; at least 16 characters. Without it, only requests from this
    /// machine are an administrator's.
    #[arg(
        help_heading = "Access",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = long_secret
    )]
    pub admin_token: Secret,

    /// Time in which the server finishes its work after it is told to stop.
    #[arg(help_heading = "Running", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub shutdown_grace: Duration,

    /// Format of the log. auto: pretty on a terminal, otherwise JSON.
    #[arg(help_heading = "Running", long, env, value_name = "FORMAT", default_value = "auto")]
    pub log_format: LogFormat,

    /// Log filter: error, warn, info, debug, or module=level pairs. The log never holds payloads or names.
    #[arg(
        help_heading = "Running",
        long = "log",
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// Settings for forwarded media.
    #[command(flatten)]
    pub media: MediaOptions,

    /// Settings of the doors.
    #[command(flatten)]
    pub doors: DoorOptions,
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Pretty on a terminal, otherwise JSON
    Auto,
    /// Text with colours
    Pretty,
    /// One object a line
    Json,
}

impl Config {
    /// Reads `.env`, the environment and the command line. Ends the process after an error or the help.
    ///
    /// Must run before any other thread exists: it sets environment variables.
    pub fn load() -> Self {
        match dotenvy::from_path(".env") {
            Err(error) if !error.not_found() => {
                // The error would show the line, which may hold a secret.
                let problem = match error {
                    dotenvy::Error::LineParse(..) => "a line is not like KEY=value".to_owned(),
                    other => other.to_string(),
                };
                let message = format!(".env cannot be read: {problem}\n");
                <Self as clap::CommandFactory>::command().error(clap::error::ErrorKind::Io, message).exit()
            }
            _ => Self::parse(),
        }
    }
}

/// A web origin, or `*`; empty when an empty list was given. Source: RFC 6454, section 6.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/');
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let valid = text.is_empty()
            || text == "*"
            || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', ';', '\'', '"']));
        let value = HeaderValue::from_str(text).ok().filter(|_| valid);
        value.map(Self).ok_or_else(|| "an origin is like https://clinic.example, or *".into())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(std::iter::once(&"switchboard").chain(args))
    }

    #[test]
    fn env_example_lists_every_setting_and_no_other() {
        let example = include_str!("../.env.example");
        let mut listed: Vec<_> = example
            .lines()
            .filter_map(|line| line.strip_prefix('#').unwrap_or(line).trim().split_once('='))
            .map(|(key, _)| key)
            .filter(|key| key.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            .collect();
        let command = Config::command();
        let mut known: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }

    #[test]
    fn debug_output_hides_secrets() {
        let config =
            parse(&["--mongodb-uri", "mongodb://ann:canary@db", "--session-secret", "canary"]).unwrap();
        let nodes = parse(&["--redis-url", "redis://:canary@db"]).unwrap();
        assert!(!format!("{nodes:?}").contains("canary"));
        assert!(!format!("{config:?}").contains("canary"));
        assert_eq!(config.session_secret.reveal(), Some("canary"));
    }

    #[test]
    fn invalid_settings_are_rejected() {
        for args in [
            ["--listen", "8080"],
            ["--seat-lease", "0s"],
            ["--seat-lease", "soon"],
            ["--cors-origins", "clinic.example"],
            ["--frame-ancestors", "https://a.example; script-src *"],
            ["--mesh-dialect", "other"],
            ["--admin-token", "short"],
            ["--stun-urls", "stun://stun.example"],
            ["--turn-urls", "turn.example"],
            ["--turn-ttl", "900ms"],
            ["--media-listen", "0.0.0.0"],
            ["--media-codecs", "mp3"],
        ] {
            assert!(parse(&args).is_err(), "{args:?}");
        }
        assert_eq!(
            parse(&["--cors-origins", ""]).unwrap().cors_origins,
            [Origin(HeaderValue::from_static(""))]
        );
    }
}
