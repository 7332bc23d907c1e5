//! Where settings come from: the environment, `.env`, files of secrets, Kubernetes.

use std::{fs, sync::Arc};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::{
    daemon::free_port,
    server::{Options, TestServer, command},
};

/// A folder with a `.env`, in which a server starts.
fn folder_with(env_file: &str) -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), env_file).unwrap();
    Arc::new(folder)
}

async fn start(env_file: &str, env: &[(&'static str, &str)]) -> TestServer {
    let env = env.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    TestServer::start_with(Options { env, data: Some(folder_with(env_file)), ..Options::default() }).await
}

/// The error of a server that does not start.
fn refusal(env_file: &str, env: &[(&str, &str)]) -> String {
    let folder = folder_with(env_file);
    let output =
        command(folder.path()).env("LISTEN", "127.0.0.1:0").envs(env.iter().copied()).output().unwrap();
    assert!(!output.status.success(), "{env_file} {env:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

async fn log_of(server: TestServer) -> String {
    server.signal(Signal::SIGTERM);
    let (success, log) = server.ended().await;
    assert!(success, "{log}");
    log
}

#[tokio::test]
async fn a_server_whose_settings_are_all_empty_starts_without_a_warning() {
    let example = include_str!("../../../.env.example");
    let keys = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    let keys: Vec<_> = keys.map(|(key, _)| key).filter(|key| !key.contains(' ')).collect();
    assert!(keys.len() > 60, "{keys:?}");
    let file = keys.iter().map(|key| format!("{key}=\nSWB_{key}=''\n")).collect::<Vec<_>>().concat();
    // Those that every test server needs are empty under the name that would win.
    let needed = ["LISTEN", "OPS_LISTEN", "DATA_DIR", "MEDIA_LISTEN", "MEDIA_PORT"];
    let name = |key: &&str| if needed.contains(key) { format!("SWB_{key}") } else { (*key).to_owned() };
    let env = keys.iter().map(|key| (&*name(key).leak(), String::new())).collect();
    let options = Options { env, data: Some(folder_with(&file)), ..Options::default() };
    let log = log_of(TestServer::start_with(options).await).await;
    assert!(!log.contains(".env"), "{log}");
}

#[tokio::test]
async fn dotenv_reads_every_form_of_quotes_and_takes_dollars_literally() {
    for (line, value) in [
        ("DATA_DIR=da$HOME", "da$HOME"),
        ("DATA_DIR=pa$$word", "pa$$word"),
        ("DATA_DIR=${HOME}x", "${HOME}x"),
        ("DATA_DIR='a ${HOME} b'", "a ${HOME} b"),
        ("DATA_DIR=\"a$b ${ROOT}\"", "a$b of the site"),
        ("DATA_DIR=\"\\${ROOT}\"", "${ROOT}"),
        ("DATA_DIR = spaced # and a comment", "spaced"),
        ("DATA_DIR=with#sharp", "with#sharp"),
        ("export DATA_DIR=\"exported\"", "exported"),
        ("SWB_DATA_DIR=prefixed\r", "prefixed"),
    ] {
        let file = format!("\u{feff}# it's $5\n{line}\nSEAT_LEASE=30s\n");
        let server = start(&file, &[("DATA_DIR", ""), ("ROOT", "of the site")]).await;
        let expected = format!("SQLite, {value}/switchboard.db");
        assert!(server.greeting().contains(&expected), "{line}: {}", server.greeting());
    }
}

#[test]
fn a_bad_line_is_named_with_its_key_and_without_its_value() {
    for (file, place) in [
        ("SEAT_LEASE=30s\nADMIN_TOKEN=canary in a mine\n", ".env, line 2 (ADMIN_TOKEN)"),
        ("\n\ncanary\n", ".env, line 3"),
        ("ADMIN_TOKEN=\"canary\nSEAT_LEASE=30s\n", ".env, line 1 (ADMIN_TOKEN)"),
        ("ADMIN_TOKEN='canary\n", ".env, line 1 (ADMIN_TOKEN)"),
        ("ADMIN_TOKEN=\"a ${CANARY} of a mine\"\n", ".env, line 1 (ADMIN_TOKEN)"),
        ("X=1\nADMIN_TOKEN=canary\n", "ADMIN_TOKEN in .env, line 2"),
        ("ADMIN-TOKEN=canary\n", ".env, line 1"),
    ] {
        let error = refusal(file, &[]);
        assert!(error.contains(place) && !error.contains("canary"), "{file}: {error}");
    }
}

#[tokio::test]
async fn misspelt_and_double_names_are_warned_about_with_the_nearest_name() {
    let file = "SEAT_LEASE=20s\nSEAT_LEASE=10s\nTURN_URL=x\nseat_lease=5s\nCOMPOSE_PROJECT_NAME=x\nPORT=1\n";
    let env = [("SWB_SEAT_LAESE", "9s"), ("SWB_SWB_LISTEN", "x"), ("SWB_MEDAI_PORT", "9")];
    let log = log_of(start(file, &env).await).await;
    for warning in [
        ".env, line 2: SEAT_LEASE is set in line 1 already, which counts",
        ".env, line 3: TURN_URL is no setting; did you mean TURN_URLS?",
        ".env, line 4: seat_lease is no setting; did you mean SEAT_LEASE?",
        ".env, line 5: COMPOSE_PROJECT_NAME is no setting",
        "SWB_SEAT_LAESE is no setting; did you mean SEAT_LEASE?",
        "SWB_SWB_LISTEN is no setting",
        "SWB_MEDAI_PORT is no setting; did you mean MEDIA_PORT?",
    ] {
        assert!(log.contains(warning), "{warning} in {log}");
    }
    assert!(!log.contains("line 1:") && !log.contains("line 6"), "{log}");
}

#[tokio::test]
async fn what_kubernetes_adds_for_services_is_ignored() {
    let env = [
        ("MEDIA_PORT", "tcp://10.0.0.1:80"),
        ("SWB_LISTEN", "udp://10.0.0.1:80"),
        ("SWB_PORT", "tcp://10.0.0.1:80"),
        ("SWB_SERVICE_HOST", "10.0.0.1"),
        ("SWB_SERVICE_PORT", "80"),
        ("SWB_SERVICE_PORT_HTTP", "80"),
        ("SWB_MEDIA_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("SWB_MEDIA_PORT_80_TCP_PROTO", "tcp"),
    ];
    let log = log_of(start("", &env).await).await;
    assert!(!log.contains("SWB_") && !log.contains("no setting"), "{log}");
}

#[tokio::test]
async fn a_secret_may_come_from_a_file_or_from_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ARBITER_SFU_SECRET");
    let (file, credentials) = (path.to_str().unwrap(), folder.path().to_str().unwrap());
    let ways: [(&str, &str); 3] = [
        ("ARBITER_SFU_SECRET_FILE", file),
        ("SWB_ARBITER_SFU_SECRET_FILE", file),
        ("CREDENTIALS_DIRECTORY", credentials),
    ];
    for (name, value) in ways {
        fs::write(&path, "proof of every SFU\n").unwrap();
        let log = log_of(start("", &[(name.to_owned().leak(), value)]).await).await;
        assert!(!log.contains("ARBITER_SFU_SECRET"), "{name}: no warning that it is missing in {log}");
        fs::write(&path, "canary\n").unwrap();
        let error = refusal("", &[(name, value)]);
        assert!(error.contains(file) && error.contains("16 characters"), "{name}: {error}");
        assert!(!error.contains("canary"), "{name}: {error}");
        fs::write(&path, "\n").unwrap();
        assert!(refusal("", &[(name, value)]).contains("is empty"), "{name}");
    }
    fs::remove_file(&path).unwrap();
    assert!(refusal("", &[("ARBITER_SFU_SECRET_FILE", file)]).contains(file));
    start("", &[("CREDENTIALS_DIRECTORY", credentials)]).await.assert_healthy().await;
}

#[tokio::test]
async fn addresses_to_listen_on_have_many_forms() {
    let loopback = ["127.0.0.1", "[::1]"];
    for (form, reached) in [
        ("0.0.0.0:P,[::]:P", &loopback[..]),
        ("[::]:P,0.0.0.0:P", &loopback),
        (":P", &loopback),
        ("[::]:P", &loopback),
        ("localhost:P", &loopback[..1]),
        (" 127.0.0.1:P , [::1]:P ", &loopback),
        ("0.0.0.0:P,127.0.0.1:P", &loopback[..1]),
    ] {
        let port = free_port().to_string();
        let server = start("", &[("LISTEN", &form.replace('P', &port))]).await;
        for host in reached {
            let address = format!("http://{host}:{port}/api/v1/signalling/health-status");
            assert_eq!(reqwest::get(&address).await.unwrap().status(), 200, "{form} at {address}");
        }
        drop(server);
    }
    let port = free_port().to_string();
    for name in ["PORT", "SWB_PORT"] {
        let server = start("", &[("LISTEN", ""), (name, &port)]).await;
        assert!(server.greeting().contains(&format!(":{port}/")), "{}", server.greeting());
    }
    for wrong in ["8080", "no-such-host.invalid:80", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"] {
        assert!(refusal("", &[("LISTEN", wrong)]).contains("(LISTEN)"), "{wrong}");
    }
}

#[tokio::test]
async fn operators_may_have_no_listener() {
    for off in ["off", "OFF", "none"] {
        let server = start("", &[("OPS_LISTEN", off)]).await;
        assert!(!server.greeting().contains("readyz"), "{}", server.greeting());
        server.assert_healthy().await;
    }
}
