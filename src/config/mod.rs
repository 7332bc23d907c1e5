//! All settings, and the only reader of the environment. A flag wins over the environment, then `.env`, then
//! a file of a secret, then the default. An empty value sets nothing.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

mod dotenv;
mod listen;
mod sources;

use std::{
    collections::HashMap,
    error::Error,
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use axum::http::HeaderValue;
use clap::{
    CommandFactory, FromArgMatches, Parser, ValueEnum,
    builder::Resettable,
    error::{ContextKind, ErrorKind},
    parser::ValueSource,
};

use self::{
    listen::{ListenAddress, OptionalListenAddress},
    sources::{Found, Sources, as_argument, is_secret},
};
use crate::{
    media::options::MediaOptions,
    protocols::{
        DoorOptions,
        base_path::BasePath,
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
    /// The texts are warnings for the log: settings that are misspelt or set twice.
    pub fn load() -> (Self, Vec<String>) {
        let arguments: Vec<_> = std::env::args_os().collect();
        let read = Self::read(&arguments, std::env::vars_os(), Path::new(".env"));
        read.unwrap_or_else(|error| error.exit())
    }

    /// The addresses for clients.
    pub fn listen(&self) -> Vec<SocketAddr> {
        self.listen.iter().flat_map(|address| address.0.iter().copied()).collect()
    }

    /// The addresses for operators.
    pub fn ops_listen(&self) -> &[SocketAddr] {
        &self.ops_listen.0
    }

    fn read(
        arguments: &[OsString],
        environment: impl Iterator<Item = (OsString, OsString)>,
        file: &Path,
    ) -> Result<(Self, Vec<String>), clap::Error> {
        let given = given_on_command_line(arguments)?;
        let fail = |problem: String| Self::command().error(ErrorKind::ValueValidation, problem);
        let sources = Sources::new(environment, dotenv::read(file).map_err(fail)?).map_err(fail)?;
        let (mut set, mut origins) = (arguments[..1].to_vec(), HashMap::new());
        let mut command = Self::command();
        command.build();
        for arg in command.get_arguments() {
            let Some(name) = arg.get_env().and_then(OsStr::to_str) else { continue };
            if given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
                continue;
            }
            let mut found = sources.value(name, is_secret(arg)).map_err(fail)?;
            if name == "LISTEN" && found.is_none() {
                found = sources.value("PORT", false).map_err(fail)?.map(Found::into_address_of_its_port);
            }
            if let Some(found) = found {
                set.extend(as_argument(arg, &found).map_err(fail)?);
                origins.insert(arg.to_string(), (found.source, is_secret(arg)));
            }
        }
        set.extend_from_slice(&arguments[1..]);
        let matches = without_env().try_get_matches_from(set).map_err(|error| explain(error, &origins))?;
        Ok((Self::from_arg_matches(&matches)?, sources.warnings(&command)))
    }
}

/// The options without their variables: clap would take an empty one for a value.
fn without_env() -> clap::Command {
    Config::command().mut_args(|arg| arg.env(Resettable::Reset))
}

fn given_on_command_line(arguments: &[OsString]) -> Result<clap::ArgMatches, clap::Error> {
    without_env().try_get_matches_from(arguments).map_err(|error| match error.kind() {
        // The help names the variables.
        ErrorKind::DisplayHelp => Config::command().try_get_matches_from(arguments).err().unwrap_or(error),
        _ => error,
    })
}

/// Adds where a refused value comes from. The value of a secret is left out.
fn explain(error: clap::Error, origins: &HashMap<String, (String, bool)>) -> clap::Error {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let Some((argument, (source, is_secret))) = argument.and_then(|it| origins.get_key_value(&it)) else {
        return error;
    };
    let rendered = error.to_string();
    let shown = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let problem = match error.source() {
        Some(reason) if *is_secret => format!("invalid value for '{argument}': {reason}"),
        _ => shown.to_owned(),
    };
    Config::command().error(error.kind(), format!("{problem} ({source})"))
}

/// A web origin, or `*`; empty when an empty list was given. Source: RFC 6454, section 6.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = host.map(|host| host.strip_prefix("*.").unwrap_or(host));
        let is_host = |host: &str| {
            let (name, port) =
                host.rsplit_once(':').filter(|_| !host.ends_with(']')).unwrap_or((host, "443"));
            let is_name =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '[' | ']' | ':');
            !name.is_empty() && name.chars().all(is_name) && port.parse::<u16>().is_ok()
        };
        let valid = text == "*" || host.is_some_and(is_host);
        let value = HeaderValue::from_str(&text).ok().filter(|_| valid);
        value
            .map(Self)
            .ok_or_else(|| "an origin is like https://clinic.example, https://*.clinic.example, or *".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(std::iter::once(&"switchboard").chain(args))
    }

    #[test]
    fn env_example_lists_every_setting_and_no_other() {
        let example = include_str!("../../.env.example");
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
            ["--cors-origins", "https://*"],
            ["--cors-origins", "https://a.*.example"],
            ["--cors-origins", "https://ann@clinic.example"],
            ["--cors-origins", "https://clinic.example/path"],
            ["--trusted-proxies", "nginx"],
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
        let origins = parse(&["--cors-origins", "HTTPS://*.Clinic.Example:8443/"]).unwrap().cors_origins;
        assert_eq!(origins, [Origin(HeaderValue::from_static("https://*.clinic.example:8443"))]);
    }

    /// Reads settings from arguments, an environment and the text of a `.env`.
    fn read(
        args: &[&str],
        environment: &[(&str, &str)],
        file: &str,
    ) -> Result<(Config, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, file).unwrap();
        let args: Vec<_> =
            std::iter::once("switchboard").chain(args.iter().copied()).map(Into::into).collect();
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        Config::read(&args, environment, &path).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_value_of_any_setting_sets_nothing() {
        let defaults = format!("{:?}", read(&[], &[], "").unwrap().0);
        for arg in Config::command().get_arguments() {
            let Some(name) = arg.get_env().and_then(OsStr::to_str) else { continue };
            let (in_file, prefixed) = (format!("{name}=\n"), format!("SWB_{name}"));
            let (config, warnings) = read(&[], &[(name, ""), (&prefixed, " ")], &in_file).unwrap();
            assert_eq!((format!("{config:?}"), warnings), (defaults.clone(), vec![]), "{name}");
        }
    }

    #[test]
    fn a_flag_wins_over_the_prefixed_name_the_environment_and_the_file() {
        let lease = |args: &[&str], environment: &[(&str, &str)], file| {
            read(args, environment, file).unwrap().0.doors.mesh.seat_lease.as_secs()
        };
        let file = "SEAT_LEASE=1s";
        let environment = [("SEAT_LEASE", "2s"), ("SWB_SEAT_LEASE", "3s")];
        assert_eq!(lease(&["--seat-lease", "4s"], &environment, file), 4);
        assert_eq!(lease(&["--seat-lease=4s"], &environment, file), 4);
        assert_eq!(lease(&[], &environment, file), 3);
        assert_eq!(lease(&[], &environment[..1], file), 2);
        assert_eq!(lease(&[], &[], file), 1);
    }

    #[test]
    fn what_kubernetes_adds_for_services_is_ignored() {
        let environment = [
            ("MEDIA_PORT", "tcp://10.0.0.1:80"),
            ("SWB_SERVICE_HOST", "10.0.0.1"),
            ("SWB_PORT_80_TCP_ADDR", "10.0.0.1"),
        ];
        let (config, warnings) = read(&[], &environment, "").unwrap();
        assert_eq!((config.media.media_port, warnings), (None, vec![]));
        let environment = [("MEDIA_PORT", "tcp://10.0.0.1:80"), ("SWB_MEDIA_PORT", "9")];
        assert_eq!(read(&[], &environment, "").unwrap().0.media.media_port, Some(9));
    }

    #[test]
    fn misspelt_and_double_names_are_warned_about() {
        let file = "SEAT_LEASE=1s\nSEAT_LEASE=2s\nTURN_URL=x\nA=b";
        let (_, warnings) = read(&[], &[("SWB_SEAT_LAESE", "1s")], file).unwrap();
        let expected = [
            ".env, line 2: SEAT_LEASE is set in line 1 already, which counts",
            ".env, line 3: TURN_URL is no setting; did you mean TURN_URLS?",
            ".env, line 4: A is no setting",
            "SWB_SEAT_LAESE is no setting; did you mean SEAT_LEASE?",
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("SESSION_SECRET");
        std::fs::write(&path, "from a file, of 1 line\n").unwrap();
        let (path, folder) = (path.to_str().unwrap(), folder.path().to_str().unwrap());
        for (name, value) in [("SESSION_SECRET_FILE", path), ("CREDENTIALS_DIRECTORY", folder)] {
            let (config, _) = read(&[], &[(name, value)], "").unwrap();
            assert_eq!(config.session_secret.reveal(), Some("from a file, of 1 line"), "{name}");
        }
        let twice = read(&[], &[("SESSION_SECRET_FILE", path)], "SESSION_SECRET=canary").unwrap_err();
        assert!(twice.contains("both set") && !twice.contains("canary"), "{twice}");
        let missing = read(&[], &[("SESSION_SECRET_FILE", "/no/such")], "").unwrap_err();
        assert!(missing.contains("SESSION_SECRET_FILE: /no/such"), "{missing}");
    }

    #[test]
    fn an_error_names_where_the_value_comes_from_and_hides_secrets() {
        let error = read(&[], &[], "\nSEAT_LEASE=soon").unwrap_err();
        assert!(error.contains("'soon'") && error.contains("(SEAT_LEASE in .env, line 2)"), "{error}");
        let error = read(&[], &[("MEDIA", "maybe")], "").unwrap_err();
        assert!(error.contains("'maybe'") && error.contains("(MEDIA)"), "{error}");
        let error = read(&[], &[("ADMIN_TOKEN", "canary")], "").unwrap_err();
        assert!(!error.contains("canary") && error.contains("16 characters"), "{error}");
    }

    #[test]
    fn addresses_to_listen_on_have_many_forms() {
        let listen = |args: &[&str], environment: &[(&str, &str)]| {
            let (config, _) = read(args, environment, "").unwrap();
            config.listen().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listen(&[], &[]), ["0.0.0.0:8080"]);
        assert_eq!(listen(&[], &[("PORT", "80")]), ["0.0.0.0:80"]);
        let both = [("PORT", "80"), ("LISTEN", "127.0.0.1:1, :2")];
        assert_eq!(listen(&[], &both), ["127.0.0.1:1", "[::]:2", "0.0.0.0:2"]);
        assert_eq!(listen(&["--listen", "[::]:3"], &both), ["[::]:3"]);
        let (config, _) = read(&[], &[("OPS_LISTEN", "off"), ("TRUSTED_PROXIES", "none")], "").unwrap();
        assert_eq!((config.ops_listen(), &config.trusted_proxies), (&[][..], &TrustedProxies::default()));
    }
}
