//! Values of settings: useless ones and weak secrets are refused, and case does not matter.

use nix::sys::signal::Signal;

use crate::support::server::{TestServer, command};

/// The error of a server with one setting.
fn refusal(name: &str, value: &str, as_flag: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command.env("LISTEN", "127.0.0.1:0").env("OPS_LISTEN", "127.0.0.1:0");
    if as_flag {
        command.arg(format!("--{}={value}", name.to_lowercase().replace('_', "-")));
    } else {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{name}={value} is accepted");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn weak_secrets_are_refused_without_showing_them() {
    for secret in ["SESSION_SECRET", "TURN_SECRET", "ADMIN_TOKEN", "ARBITER_SFU_SECRET"] {
        for (value, reason) in [
            ("xq7", "16 characters or more"),
            ("aaaaaaaaaaaaaaaa", "different characters"),
            ("passwordpassword", "easy to guess"),
            ("0123456789abcdef", "easy to guess"),
            ("change-me-please-now", "easy to guess"),
        ] {
            for as_flag in [false, true] {
                let error = refusal(secret, value, as_flag);
                assert!(error.contains(reason) && !error.contains(value), "{secret}: {error}");
                let flag = secret.to_lowercase().replace('_', "-");
                assert!(error.contains(&flag) && !error.contains("panicked"), "{secret}: {error}");
            }
        }
    }
}

#[test]
fn useless_values_are_refused_with_a_reason() {
    for (name, value, reason) in [
        ("MAX_CONNECTIONS", "0", "from 1 to"),
        ("MAX_CONNECTIONS", "18446744073709551615", "from 1 to"),
        ("RUST_LOG", "verbose", "verbose is no level"),
        ("RUST_LOG", "info,loud", "loud is no level"),
        ("SEAT_LEASE", "0s", "longer than nothing"),
        ("SEAT_LEASE", "100years", "at most 7d"),
        ("SEAT_LEASE", "30", "a time is like 30s"),
        ("SHUTDOWN_GRACE", "1month", "at most 7d"),
        ("TURN_TTL", "900ms", "at least 1s"),
        ("KURENTO_LEASE", "10000000000000000s", "7d"),
        ("DIRECT_NAME_LIFETIME", "500years", "at most 3650d"),
        ("SIGNALS_SEAT_TIMEOUT", "2000000h", "at most 168h"),
        ("SIGNALS_SEAT_COUNT", "0", "from 1 to"),
        ("KURENTO_MAX_PARTICIPANTS", "0", "1..=1000"),
        ("ARBITER_MAX_CLIENTS", "0", "1..=65535"),
        ("ARBITER_MAX_STARTED", "0", "from 1 to"),
        ("ARBITER_URL", "https://calls.example", "wss://calls.example/arbiter"),
        ("MEDIA_MAX_ENDPOINTS", "0", "from 1 to"),
        ("MEDIA_ENDPOINTS_PER_ROOM", "0", "from 1 to"),
        ("MEDIA_ENDPOINTS_PER_PARTICIPANT", "0", "from 1 to"),
        ("MEDIA_THREADS", "0", "from 1 to"),
        ("CORS_ORIGINS", "clinic.example", "https://clinic.example"),
        ("CORS_ORIGINS", "https://*", "https://*.clinic.example"),
        ("FRAME_ANCESTORS", "https://a.example:0", "https://clinic.example"),
        ("SIGNALS_ORIGIN", "https://*.clinic.example", "https://clinic.example"),
        ("TRUSTED_PROXIES", "nginx", "nginx"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "10.0.0.0/33"),
        ("MESH_DIALECT", "orignal", "original"),
    ] {
        if name.starts_with("MEDIA") && cfg!(not(feature = "media")) {
            continue;
        }
        let error = refusal(name, value, false);
        assert!(error.contains(reason) && error.contains(name), "{name}={value}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[tokio::test]
async fn case_and_outer_blanks_do_not_matter() {
    let server = TestServer::start_env([
        ("MEDIA", " OFF"),
        ("LOG_FORMAT", "Json"),
        ("RUST_LOG", "INFO"),
        ("MESH_DIALECT", "Original"),
        ("MESH_DIRECT_PATH", "Off"),
        ("DIRECT_DIALECT", "ORIGINAL"),
        ("DIRECT_OPEN_KICK", "True"),
        ("KURENTO_OPEN_ROOM_LIST", "YES"),
        ("DEBUG_FROM_ANYWHERE", "On"),
        ("MEDIA_CODECS", "Opus, VP8"),
        ("CORS_ORIGINS", "HTTPS://Clinic.Example/, https://*.Other.example"),
        ("SIGNALS_ORIGIN", "HTTPS://Clinic.Example:443"),
        ("STUN_URLS", "STUN:stun.example"),
        ("TRUSTED_PROXIES", "NONE"),
        ("MAX_CONNECTIONS", " 100 "),
        ("SEAT_LEASE", " 20s "),
    ])
    .await;
    let cors = "pages from https://clinic.example, https://*.other.example may use this server";
    assert!(server.greeting().contains(cors), "{}", server.greeting());
    assert!(server.greeting().contains("not forwarded"), "{}", server.greeting());
    for (origin, allowed) in [
        ("https://clinic.example", true),
        ("https://a.other.example", true),
        ("https://b.a.other.example", true),
        ("https://other.example", false),
        ("https://evilother.example", false),
        ("http://a.other.example", false),
    ] {
        let url = format!("http://{}/api/v1/signalling/save-chats/7", server.address);
        let request = reqwest::Client::new().put(url).header("origin", origin).body("{\"chats\": []}");
        let response = request.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(response.status() == 200, allowed, "{origin}: {}", response.status());
    }
    let call = server.get("/call/7").await;
    assert_eq!(call.headers()["access-control-allow-origin"], "https://clinic.example");
    server.signal(Signal::SIGTERM);
    assert!(server.ended().await.0);
}
