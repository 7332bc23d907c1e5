//! How settings are read.

use std::ffi::OsStr;

use axum::http::HeaderValue;
use clap::CommandFactory;

use super::*;
use crate::protocols::proxies::TrustedProxies;

fn parse(args: &[&str]) -> Result<Config, clap::Error> {
    Config::try_parse_from(std::iter::once(&"switchboard").chain(args))
}

#[test]
fn env_example_lists_every_setting_and_no_other() {
    let example = include_str!("../../../.env.example");
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
        parse(&["--mongodb-uri", "mongodb://ann:canary@db", "--session-secret", "canary in a coal mine"])
            .unwrap();
    let nodes = parse(&["--redis-url", "redis://:canary@db"]).unwrap();
    assert!(!format!("{nodes:?}").contains("canary"));
    assert!(!format!("{config:?}").contains("canary"));
    assert_eq!(config.session_secret.reveal(), Some("canary in a coal mine"));
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
fn read(args: &[&str], environment: &[(&str, &str)], file: &str) -> Result<(Config, Vec<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, file).unwrap();
    let args: Vec<_> = std::iter::once("switchboard").chain(args.iter().copied()).map(Into::into).collect();
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let read = Settings::read(&args, environment, &path).map_err(|error| error.to_string())?;
    Ok((read.config, read.warnings))
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
fn of_equal_names_in_a_file_the_first_with_a_value_counts() {
    let (config, warnings) =
        read(&[], &[], "SHUTDOWN_GRACE=\nSHUTDOWN_GRACE=7s\nSHUTDOWN_GRACE=8s\nSHUTDOWN_GRACE=''\n").unwrap();
    assert_eq!(config.shutdown_grace, Duration::from_secs(7));
    let expected = [3, 4]
        .map(|line| format!(".env, line {line}: SHUTDOWN_GRACE is set in line 2 already, which counts"));
    assert_eq!(warnings, expected);
}

#[test]
fn empty_entries_of_a_list_do_not_count() {
    let list = [
        ("LISTEN", "127.0.0.1:1, ,127.0.0.1:2,"),
        ("CORS_ORIGINS", ", https://clinic.example ,"),
        ("FRAME_ANCESTORS", ","),
    ];
    let (config, _) = read(&[], &list, "").unwrap();
    assert_eq!(config.listen().iter().map(SocketAddr::port).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(config.cors_origins, [Origin(HeaderValue::from_static("https://clinic.example"))]);
    assert_eq!(config.frame_ancestors, []);
}

#[test]
fn values_that_let_strangers_in_are_warned_about() {
    let wide = [
        ("CORS_ORIGINS", "https://*.com"),
        ("FRAME_ANCESTORS", "https://*.co.uk"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
    ];
    let (_, warnings) = read(&[], &wide, "").unwrap();
    assert_eq!(warnings.len(), wide.len(), "{warnings:?}");
    for ((name, value), warning) in wide.iter().zip(&warnings) {
        assert!(warning.starts_with(name) && warning.contains(value), "{warning}");
    }
    let narrow = [("CORS_ORIGINS", "*,https://*.clinic.example"), ("TRUSTED_PROXIES", "10.0.0.0/8,fc00::/7")];
    assert_eq!(read(&[], &narrow, "").unwrap().1, Vec::<String>::new());
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
