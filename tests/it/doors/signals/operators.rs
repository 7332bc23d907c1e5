//! The operator's view: the documented flags, `/healthz`, `/debug`, metrics and the log.

use nix::sys::signal::Signal;
use pprof::protos::{Message, Profile};
use serde_json::json;

use super::{Caller, post};
use crate::support::{
    daemon::free_port,
    peer::Peer,
    server::{Options, TestServer, command},
};

#[tokio::test]
async fn documented_addresses_may_equal_the_usual_ones() {
    let (people, operators) = (free_port(), free_port());
    let env = vec![
        ("LISTEN", format!("0.0.0.0:{people}")),
        ("OPS_LISTEN", format!("127.0.0.1:{operators}")),
        ("SIGNALS_ADDR", format!(":{people}")),
        ("SIGNALS_HEALTHZ_ADDR", format!(":{operators}")),
    ];
    let server = TestServer::start_with(Options { env, ..Options::default() }).await;
    assert_eq!(reqwest::get(format!("http://127.0.0.1:{people}/call/7")).await.unwrap().status(), 200);
    for path in ["healthz", "debug", "debug/pprof/"] {
        let response = reqwest::get(format!("http://127.0.0.1:{operators}/{path}")).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let greeting = server.greeting();
    assert_eq!(
        greeting.matches("  open  ").count() + greeting.matches("  health  ").count(),
        2,
        "{greeting}"
    );
}

#[test]
fn help_lists_the_documented_flags_and_errors_name_the_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = command(folder.path()).args(args).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (_, help) = run(&["--help"]);
    for flag in [
        "addr",
        "healthz-addr",
        "origin",
        "seat-count",
        "seat-timeout",
        "ws-handshake-timeout",
        "ws-join-timeout",
        "ws-ping-interval",
        "ws-read-timeout",
    ] {
        let variable = format!("[env: SIGNALS_{}=]", flag.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{flag} <")) && help.contains(&variable), "{flag}");
    }
    for args in [
        ["--seat-count", "0"],
        ["--seat-timeout", "0s"],
        ["--seat-timeout", "30"],
        ["--ws-ping-interval", "0s"],
        ["--ws-read-timeout", "soon"],
        ["--addr", "8080"],
        ["--origin", "clinic.example"],
        ["--max-body", "0"],
    ] {
        let (success, output) = run(&args);
        assert!(!success && output.contains(args[0]) && !output.contains("panicked"), "{args:?}: {output}");
    }
}

#[tokio::test]
async fn only_the_configured_origin_is_allowed() {
    let server = TestServer::start_env([("SIGNALS_ORIGIN", "https://clinic.example")]).await;
    for path in ["/call/7", "/call/", "/call", "/ws", "/signal"] {
        let response = server.get(path).await;
        assert_eq!(response.headers()["access-control-allow-origin"], "https://clinic.example", "{path}");
        assert_eq!(response.headers().get_all("access-control-allow-origin").iter().count(), 1);
    }
}

#[tokio::test]
async fn demo_has_the_security_headers_of_the_page() {
    let server = TestServer::start().await;
    for path in ["/demos/signals", "/demos/signals/", "/demos/signals/?call=7"] {
        let page = server.get(path).await;
        assert_eq!(page.status(), 200, "{path}; build the page with `make build-page`");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
        let page = page.text().await.unwrap();
        assert!(page.contains("<base href=\"/\""), "{path}");
        assert!(page.contains("src=\"demos/signals/main.js\""), "{path}");
    }
    for path in ["/demos/signals/main.js", "/demos/demo.css"] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }
    for path in ["/demos/", "/demos/nothing", "/demos/../index.html"] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn profile_lists_functions_and_only_one_runs_at_a_time() {
    let server = TestServer::start().await;
    let profile = || server.get_ops("/debug/pprof/profile?seconds=2");
    let work = async {
        loop {
            server.get("/call/7").await;
        }
    };
    let (one, other) = tokio::select! {
        profiles = async { tokio::join!(profile(), profile()) } => profiles,
        () = work => unreachable!("there is always more"),
    };
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let taken = if one.status() == 200 { one } else { other };
    let profile = Profile::decode(taken.bytes().await.unwrap()).unwrap();
    assert!(!profile.sample.is_empty() && profile.sample_type.len() == 2);
    for name in ["samples", "nanoseconds"] {
        assert!(profile.string_table.iter().any(|text| text == name), "{name}");
    }
    assert!(
        profile.string_table.iter().any(|text| text.contains("switchboard::")),
        "our own functions have names"
    );
    assert_eq!(server.get_ops("/debug/pprof/profile?seconds=3600").await.status(), 400);
    assert_eq!(server.get("/debug/pprof/").await.status(), 404, "not for the public");
    server.assert_healthy().await;
}

#[tokio::test]
async fn profiles_are_served_on_loopback_unless_configured() {
    let forwarded = |server: &TestServer| {
        let request = reqwest::Client::new().get(format!("http://{}/debug/pprof/", server.ops_address));
        request.header("x-forwarded-for", "192.0.2.1").send()
    };
    let server = TestServer::start().await;
    assert_eq!(server.get_ops("/debug/pprof/").await.status(), 200);
    assert_eq!(forwarded(&server).await.unwrap().status(), 403);
    let server = TestServer::start_env([("DEBUG_FROM_ANYWHERE", "true")]).await;
    assert_eq!(forwarded(&server).await.unwrap().status(), 200);
}

#[tokio::test]
async fn metrics_count_signals_and_the_log_holds_no_payload() {
    const CANARY: &str = "canary-9c41";
    let env = vec![("RUST_LOG", "trace".to_owned()), ("LOG_FORMAT", "json".to_owned())];
    let server = TestServer::start_with(Options { env, ..Options::default() }).await;
    let ann = Caller::join(&server, CANARY).await;
    let bob = Caller::join(&server, CANARY).await;
    let mut ann_hears = ann.connect().await;
    ann_hears.next_text().await;
    assert_eq!(bob.publish("OFFER", CANARY).await, 200);
    ann_hears.next_text().await;
    let wrong = json!({"kind": CANARY, "call": CANARY, "session": CANARY, "body": CANARY});
    assert_eq!(post(&server.address, wrong.to_string()).await.status(), 400);
    let mut lost = Peer::connect(&server.address, "/ws").await;
    lost.say(json!({"kind": "JOIN", "call": CANARY, "session": CANARY}).to_string()).await;
    lost.hear_close().await;
    ann.rejoin(&server).await.unwrap();
    assert_eq!(ann_hears.hear_close().await.0, 1000);

    let metrics = server.get_ops("/metrics").await.text().await.unwrap();
    for (name, value) in [
        (r#"switchboard_joins_total{door="signals"}"#, 3),
        (r#"switchboard_signals_total{door="signals"}"#, 1),
        (r#"switchboard_refusals_total{door="signals",code="bad_signal"}"#, 1),
        (r#"switchboard_refusals_total{door="signals",code="bad_seat"}"#, 1),
    ] {
        assert!(metrics.lines().any(|line| line == format!("{name} {value}")), "{name} in {metrics}");
    }
    server.signal(Signal::SIGTERM);
    let (_, log) = server.ended().await;
    assert!(log.contains("stopping"), "the log is there: {log}");
    for secret in [CANARY, &ann.session, &bob.session] {
        assert!(!log.contains(secret), "{secret} in the log");
        assert!(!metrics.contains(secret), "{secret} in the metrics");
    }
}
