//! Identities: the server ignores claimed senders, and an id cannot be taken over.

use serde_json::{Value, json};

use super::stage::{claimed, client, connect, connect_with, get_room, refused, send, sfu};
use crate::support::server::TestServer;

const SECRET: &str = "correct horse &battery";

#[tokio::test]
async fn signaling_requires_an_identity_and_stamps_it() {
    let server = TestServer::start().await;
    let mut sfu_1 = sfu(&server, "sfu-1").await;
    let mut sfu_2 = sfu(&server, "sfu-2").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let mut eve = connect(&server).await;
    let as_ann = json!({"type": "producer", "sender": "ann", "roomId": "sfu-1"});
    assert_eq!(eve.handshake(&as_ann).await, refused(400, "WebSOcket Connection Not Found"));
    eve.identify_client("eve", "sfu-2").await;
    let not_hers = |field: &str| refused(403, &format!("{field} is not what this connection identified as"));
    assert_eq!(eve.handshake(&as_ann).await, not_hers("sender"));
    let elsewhere = json!({"type": "producer", "sender": "eve", "roomId": "sfu-1"});
    assert_eq!(eve.handshake(&elsewhere).await, not_hers("roomId"));
    let to_ann = json!({"type": "consumer", "sender": "sfu-1", "receiver": "ann"});
    assert_eq!(sfu_2.handshake(&to_ann).await, not_hers("sender"));
    let gone = json!({"type": "clientDisconnect", "clientId": "ann", "sender": "eve", "roomId": "sfu-2"});
    assert_eq!(eve.handshake(&gone).await, refused(400, "Missing valid type property"));
    for peer in [&mut sfu_1, &mut sfu_2, &mut ann] {
        assert_eq!(peer.told_so_far().await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn id_in_use_cannot_be_taken_over() {
    let server = TestServer::start().await;
    let mut sfu_1 = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    let taken = refused(409, "The id is in use");
    let mut eve = connect(&server).await;
    assert_eq!(eve.identify_client("ann", "sfu-1").await, taken);
    assert_eq!(eve.identify_client("sfu-1", "sfu-1").await, taken);
    assert_eq!(eve.identify_sfu("sfu-1").await, taken);
    sfu_1.tell_client("ann", "producer", json!({"n": 1})).await;
    assert_eq!(ann.told().await["n"], 1, "she still has it");
    assert_eq!(ann.tell_sfu("producer", json!({})).await, json!({"statusCode": 200}));
    assert_eq!(eve.identify_client("eve", "sfu-1").await, json!({"statusCode": 200}));
    assert_eq!(eve.identify_client("eve", "sfu-1").await, json!({"statusCode": 200}), "saying it twice");
    let differently = refused(409, "This connection has identified differently before");
    assert_eq!(eve.identify_client("mallory", "sfu-1").await, differently);
    assert_eq!(eve.identify_sfu("sfu-9").await, differently);
}

#[tokio::test]
async fn returning_client_gets_the_id_of_its_dead_connection() {
    let server = TestServer::start().await;
    let mut sfu_1 = sfu(&server, "sfu-1").await;
    let mut ann = client(&server, "ann", "sfu-1").await;
    ann.tell_sfu("producer", json!({"n": 1})).await;
    sfu_1.told().await;
    ann.stop_reading();
    let mut again = client(&server, "ann", "sfu-1").await;
    assert_eq!(sfu_1.told().await, json!({"type": "clientDisconnect", "clientId": "ann"}));
    again.tell_sfu("producer", json!({"n": 2})).await;
    assert_eq!(sfu_1.told().await["n"], 2);
    sfu_1.tell_client("ann", "producer", json!({"n": 3})).await;
    assert_eq!(again.told().await["n"], 3);
    // An SFU gets its id too, and its clients start again.
    sfu_1.stop_reading();
    let mut sfu_again = sfu(&server, "sfu-1").await;
    assert_eq!(again.told().await, json!({"type": "sfuDisconnect"}));
    again.identify_client("ann", "sfu-1").await;
    again.tell_sfu("producer", json!({"n": 4})).await;
    assert_eq!(sfu_again.told().await["n"], 4);
}

#[tokio::test]
async fn clients_per_room_are_limited_and_the_sfu_is_always_admitted() {
    let server = TestServer::start_env([("ARBITER_MAX_CLIENTS", "2")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let _ann = client(&server, "ann", "sfu-1").await;
    let bob = client(&server, "bob", "sfu-1").await;
    let mut cy = connect(&server).await;
    assert_eq!(cy.identify_client("cy", "sfu-1").await, refused(409, "The room is full"));
    bob.leave().await;
    assert_eq!(cy.identify_client("cy", "sfu-1").await, json!({"statusCode": 200}));
}

#[tokio::test]
async fn configured_secret_is_required_of_sfus() {
    let server = TestServer::start_env([("ARBITER_SFU_SECRET", SECRET)]).await;
    let not_one = refused(403, "Only an SFU with the secret may be one");
    for (path, header) in [
        ("/arbiter", None),
        ("/arbiter?sfuSecret=", None),
        ("/arbiter?sfuSecret=correct", None),
        ("/arbiter", Some("Bearer correct")),
        ("/arbiter", Some("Bearer ")),
    ] {
        let mut eve = connect_with(&server, path, header).await;
        assert_eq!(eve.identify_sfu("sfu-1").await, not_one, "{path} {header:?}");
        let data = json!({"id": "sfu-1", "type": "sfu", "secret": "correct"});
        assert_eq!(eve.ask(&json!({"action": "identify", "data": data})).await, not_one);
    }
    for (number, (path, header)) in [
        ("/arbiter?more=0&sfuSecret=correct%20horse%20%26battery", None),
        ("/production/?sfuSecret=correct%20horse%20%26battery", None),
        ("/arbiter", Some(format!("Bearer {SECRET}"))),
    ]
    .into_iter()
    .enumerate()
    {
        let mut sfu = connect_with(&server, path, header.as_deref()).await;
        assert_eq!(sfu.identify_sfu(&format!("sfu-{number}")).await, json!({"statusCode": 200}), "{path}");
    }
    let mut sfu = connect(&server).await;
    let data = json!({"id": "sfu-4", "type": "sfu", "secret": SECRET});
    assert_eq!(sfu.ask(&json!({"action": "identify", "data": data})).await, json!({"statusCode": 200}));
    client(&server, "ann", "sfu-4").await;
}

#[tokio::test]
async fn log_warns_when_no_sfu_secret_is_set() {
    for (secret, warns) in [("", true), (SECRET, false)] {
        let server = TestServer::start_env([("ARBITER_SFU_SECRET", secret)]).await;
        server.signal(nix::sys::signal::Signal::SIGTERM);
        let (_, log) = server.ended().await;
        assert_eq!(log.contains("ARBITER_SFU_SECRET"), warns, "{log}");
        assert!(!log.contains("correct"), "{log}");
    }
}

#[tokio::test]
async fn payloads_and_names_are_never_logged() {
    const CANARY: &str = "canary-7f3a";
    let secret = format!("{CANARY}-secret-secret");
    let env = [
        ("RUST_LOG", "trace"),
        ("LOG_FORMAT", "json"),
        ("ARBITER_SFU_SECRET", &secret),
        ("ARBITER_START_COMMAND", CANARY),
    ];
    let server = TestServer::start_env(env).await;
    let mut sfu = connect_with(&server, &format!("/arbiter?sfuSecret={secret}"), None).await;
    assert_eq!(sfu.identify_sfu(&format!("{CANARY}-sfu")).await["statusCode"], 200);
    let room = claimed(&server, &format!("/{CANARY}/path")).await;
    let mut ann = client(&server, &format!("{CANARY}-ann"), &room).await;
    assert_eq!(ann.tell_sfu("producer", json!({"sdp": CANARY})).await["statusCode"], 200);
    ann.tell_sfu(CANARY, json!({"sender": CANARY})).await;
    ann.ask_text(CANARY).await;
    ann.ask(&json!({"action": CANARY, CANARY: 1})).await;
    get_room(&server, CANARY).await;
    send(&server, "PUT", "/createRoom", CANARY).await;
    let metrics = server.get_ops("/metrics").await.text().await.unwrap();
    assert!(metrics.contains(r#"switchboard_signals_total{door="arbiter"} 1"#), "{metrics}");
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let (_, log) = server.ended().await;
    assert!(log.contains("stopping"), "the log is there: {log}");
    assert!(!log.contains(CANARY) && !metrics.contains(CANARY), "{log}");
}
