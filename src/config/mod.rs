//! All settings, and the only reader of the environment. A flag wins over the environment, then `.env`, then
//! a file of a secret, then the default. An empty value sets nothing.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

mod dotenv;
mod log_filter;
mod origin;
mod reading;
mod sources;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

use self::log_filter::log_filter;
pub use self::{origin::Origin, reading::Settings};
use crate::{
    media::options::MediaOptions,
    protocols::{
        DoorOptions,
        base_path::BasePath,
        ice_url::IceUrls,
        listen_address::{ListenAddress, OptionalListenAddress},
        options::{Secret, count, duration, redis_url, seconds, strong_secret},
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
    /// Addresses for clients, separated by commas; the option may be repeated. localhost:8080 and :8080, for
    /// every address, work too. If not set, PORT may name the port.
    #[arg(
        help_heading = "Addresses",
        long,
        env,
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "0.0.0.0:8080"
    )]
    listen: Vec<ListenAddress>,

    /// Address for operators: /healthz, /readyz, /metrics and /debug. Keep it private. off: none.
    #[arg(help_heading = "Addresses", long, env, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    ops_listen: OptionalListenAddress,

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
    /// rediss:// for TLS. All nodes need the same session secret. host:port works too, and so do the names of
    /// the original signals server, SIGNALS_REDIS_ADDR and --redis-addr.
    #[arg(
        help_heading = "Storage",
        long,
        env,
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        aliases = ["redis-addr", "signals-redis-addr"],
        value_parser = redis_url
    )]
    pub redis_url: Secret,

    /// Prefix of every key in Redis, the same for all nodes. Sets of nodes that share a Redis have different
    /// ones.
    #[arg(help_heading = "Storage", long, env, value_name = "TEXT", default_value = "switchboard:")]
    pub redis_prefix: String,

    /// Path prefix under which clients see this server: /visits. The proxy in front may strip it or pass it
    /// on.
    #[arg(
        help_heading = "Access",
        long,
        env,
        value_name = "PATH",
        default_value = "",
        hide_default_value = true
    )]
    pub base_path: BasePath,

    /// Other origins whose pages may use this server: https://clinic.example, several separated by commas; *
    /// for all.
    #[arg(help_heading = "Access", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,

    /// Other origins whose pages may show the call page in a frame: https://clinic.example, several separated
    /// by commas; * for all.
    #[arg(help_heading = "Access", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub frame_ancestors: Vec<Origin>,

    /// Secret that signs session tokens; at least 16 characters, hard to guess. If not set, one is made and
    /// stored in the data folder; several nodes need it set.
    #[arg(
        help_heading = "Storage",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = strong_secret
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

    /// The TURN servers' static-auth-secret, from which credentials are made. At least 16 characters, hard to
    /// guess: every client that gets credentials can try secrets on them.
    #[arg(
        help_heading = "Calls",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = strong_secret
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

    /// Reverse proxies whose X-Forwarded-For, -Proto, -Host and -Port, or Forwarded, are believed. Addresses
    /// and networks (10.0.0.0/8), separated by commas, or none.
    #[arg(help_heading = "Access", long, env, value_name = "ADDRESSES", default_value = "127.0.0.1,::1")]
    pub trusted_proxies: TrustedProxies,

    /// Connections that may be open at once; more wait to be accepted.
    #[arg(help_heading = "Access", long, env, value_name = "NUMBER", default_value = "15000", value_parser = count)]
    pub max_connections: usize,

    /// Secret that proves an administrator; at least 16 characters, hard to guess. Without it, only requests
    /// from this machine are an administrator's.
    #[arg(
        help_heading = "Access",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = strong_secret
    )]
    pub admin_token: Secret,

    /// Time in which the server finishes its work after it is told to stop.
    #[arg(help_heading = "Running", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub shutdown_grace: Duration,

    /// Format of the log. auto: pretty on a terminal, otherwise JSON.
    #[arg(
        help_heading = "Running",
        long,
        env,
        value_name = "FORMAT",
        default_value = "auto",
        ignore_case = true
    )]
    pub log_format: LogFormat,

    /// Log filter: off, error, warn, info, debug, or module=level pairs. SIGHUP reads it again. The log never
    /// holds payloads or names.
    #[arg(
        help_heading = "Running",
        long = "log",
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info",
        value_parser = log_filter
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
    /// The addresses for clients.
    pub fn listen(&self) -> Vec<SocketAddr> {
        self.listen.iter().flat_map(|address| address.0.iter().copied()).collect()
    }

    /// Values that are valid, and let strangers in.
    fn warnings(&self) -> Vec<String> {
        let lists = [("CORS_ORIGINS", &self.cors_origins), ("FRAME_ANCESTORS", &self.frame_ancestors)];
        let origins = lists.iter().flat_map(|(name, list)| list.iter().map(move |origin| (*name, origin)));
        let wide = origins.filter(|(_, origin)| origin.is_wide()).map(|(name, Origin(origin))| {
            format!("{name}: {} allows pages of strangers", origin.to_str().unwrap_or_default())
        });
        let proxies = self.trusted_proxies.wide().map(|network| {
            format!(
                "TRUSTED_PROXIES: {network} holds addresses of strangers, who can then pretend to have any address"
            )
        });
        wide.chain(proxies).collect()
    }

    /// The addresses for operators.
    pub fn ops_listen(&self) -> &[SocketAddr] {
        &self.ops_listen.0
    }
}

#[cfg(test)]
mod tests;
