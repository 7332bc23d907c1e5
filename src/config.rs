//! Everything that can be set, and the only reader of the environment: flag, else environment, else `.env`, else
//! the default.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use axum::http::HeaderValue;
use clap::{Parser, ValueEnum};

use crate::{
    media::options::MediaOptions,
    protocols::{
        DoorOptions,
        ice_url::IceUrls,
        options::{Secret, duration, long_secret, seconds},
    },
};

const EXAMPLES: &str = "\
Examples:
  switchboard                                  on this machine, chats in ./data
  switchboard --listen 127.0.0.1:8080          behind a proxy that ends TLS
  switchboard --cors-origins https://clinic.example
  MONGODB_URI=mongodb://db/clinic switchboard  chats in MongoDB";

/// A signaling server for two people who must meet over WebRTC.
///
/// With nothing set it serves the call page at http://localhost:8080/ and keeps chats in ./data. Every option can
/// also be set by the environment variable named with it, or in a file called .env in the working directory.
#[derive(Debug, Clone, Parser)]
#[command(name = "switchboard", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Config {
    /// Where people connect; give several addresses separated by commas, or the option several times.
    #[arg(
        help_heading = "Where",
        long,
        env,
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "0.0.0.0:8080"
    )]
    pub listen: Vec<SocketAddr>,

    /// Where operators look: /healthz, /readyz, /metrics and /debug. Keep it private.
    #[arg(help_heading = "Where", long, env, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub ops_listen: SocketAddr,

    /// Let other machines see /debug too, if --ops-listen or --healthz-addr lets them in at all. Otherwise it is for
    /// this machine alone.
    #[arg(help_heading = "Where", long, env)]
    pub debug_from_anywhere: bool,

    /// Where chats, records of the other doors and the session secret are kept. Made if it is not there.
    #[arg(help_heading = "What is kept", long, env, value_name = "FOLDER", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Keep chats and records in MongoDB instead: mongodb://user:password@host/database.
    #[arg(
        help_heading = "What is kept",
        long,
        env,
        value_name = "URI",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mongodb_uri: Secret,

    /// Be one of several nodes, which agree and talk by this Redis: redis://user:password@host:6379/0, or rediss:// for TLS.
    /// All nodes need the same session secret.
    #[arg(
        help_heading = "What is kept",
        long,
        env,
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub redis_url: Secret,

    /// What every key in Redis begins with; the same for all nodes, another for each set of nodes that share a Redis.
    #[arg(help_heading = "What is kept", long, env, value_name = "TEXT", default_value = "switchboard:")]
    pub redis_prefix: String,

    /// Whose web pages may use this server, besides its own: https://clinic.example, several separated by commas;
    /// * for everybody's.
    #[arg(help_heading = "Who may come in", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,

    /// Whose web pages may show the call page in a frame, besides this server's own: https://clinic.example, several
    /// separated by commas; * for everybody's.
    #[arg(help_heading = "Who may come in", long, env, value_name = "ORIGINS", value_delimiter = ',')]
    pub frame_ancestors: Vec<Origin>,

    /// Signs the tokens by which people get their seats back; 16 characters or more. Made and kept in the data
    /// folder when not set; must be set where there are several nodes.
    #[arg(
        help_heading = "What is kept",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub session_secret: Secret,

    /// STUN servers, by which browsers learn how they are seen from outside: stun:stun.your.server:3478, several
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

    /// TURN servers, which relay the call of people behind strict firewalls: turn:turn.your.server:3478, several
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

    /// What the TURN servers have as static-auth-secret; credentials are made with it.
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

    /// How long TURN credentials are good for. A call outlives them: they are needed to set a path up, not to keep
    /// it, and whoever has a seat gets new ones. Short enough that somebody who left cannot relay for long.
    #[arg(help_heading = "Calls", long, env, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    pub turn_ttl: Duration,

    /// How many sessions one client address may open at once, as many again within ten seconds; and how many seats of the
    /// mesh door it may hold without a connection. 0: no limit.
    #[arg(help_heading = "Who may come in", long, env, value_name = "NUMBER", default_value_t = 200)]
    pub new_sessions_per_address: u32,

    /// How many events one client address may send a second; ten times as many in a burst. 0: no limit. Far more
    /// than all the people behind one address need, and too few to keep a core busy.
    #[arg(help_heading = "Who may come in", long, env, value_name = "NUMBER", default_value_t = 20_000)]
    pub events_per_address: u32,

    /// Reverse proxies that are believed when they say for whom they ask (X-Forwarded-For).
    #[arg(
        help_heading = "Who may come in",
        long,
        env,
        value_name = "ADDRESSES",
        value_delimiter = ',',
        default_value = "127.0.0.1,::1"
    )]
    pub trusted_proxies: Vec<IpAddr>,

    /// How many connections may be open at once; more wait to be accepted.
    #[arg(help_heading = "Who may come in", long, env, value_name = "NUMBER", default_value_t = 15_000)]
    pub max_connections: usize,

    /// Proves an administrator to the doors that have something for one; 16 characters or more. Without it, only
    /// this machine's own requests are an administrator's.
    #[arg(
        help_heading = "Who may come in",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = long_secret
    )]
    pub admin_token: Secret,

    /// How long work that was begun may take to finish when the server is told to stop.
    #[arg(help_heading = "Running", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub shutdown_grace: Duration,

    /// What the log looks like. auto: pretty on a terminal, JSON elsewhere.
    #[arg(help_heading = "Running", long, env, value_name = "FORMAT", default_value = "auto")]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug, or module=level pairs. Never what people say or are called.
    #[arg(
        help_heading = "Running",
        long = "log",
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// What is forwarded, and where.
    #[command(flatten)]
    pub media: MediaOptions,

    /// What each door adds.
    #[command(flatten)]
    pub doors: DoorOptions,
}

/// What the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere
    Auto,
    /// For people
    Pretty,
    /// For machines: one object a line
    Json,
}

impl Config {
    /// Reads `.env`, the environment and the command line. Prints what is wrong, or the help, and ends the process
    /// where that is what is called for.
    ///
    /// Must run before any other thread exists: it sets environment variables.
    pub fn load() -> Self {
        match dotenvy::from_path(".env") {
            Err(error) if !error.not_found() => {
                // The error itself would show the line, which may hold a secret.
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
    fn the_example_lists_every_key_and_no_other() {
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
    fn secrets_do_not_show_themselves() {
        let config =
            parse(&["--mongodb-uri", "mongodb://ann:canary@db", "--session-secret", "canary"]).unwrap();
        let nodes = parse(&["--redis-url", "redis://:canary@db"]).unwrap();
        assert!(!format!("{nodes:?}").contains("canary"));
        assert!(!format!("{config:?}").contains("canary"));
        assert_eq!(config.session_secret.reveal(), Some("canary"));
    }

    #[test]
    fn what_is_wrong_is_said_at_once() {
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
