//! STUN and TURN servers: their addresses for every client, credentials for seated participants.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use switchboard::core::{
    model::{
        ids::ParticipantId,
        session_token::{SESSION_LIFETIME, SessionSigner},
    },
    ports::clock::{Clock, SystemClock},
};

use crate::support::{chats::room, server::TestServer};

const TURN_SECRET: &str = "north of the river";
const SESSION_SECRET: &str = "sixteen characters or more";
const TURN_URLS: [&str; 2] = ["turn:turn.example:3478", "turns:turn.example:443?transport=tcp"];

async fn start() -> TestServer {
    TestServer::start_env([
        ("STUN_URLS", "stun:stun.example"),
        ("TURN_URLS", &TURN_URLS.join(",")),
        ("TURN_SECRET", TURN_SECRET),
        ("TURN_TTL", "90s"),
        ("SESSION_SECRET", SESSION_SECRET),
    ])
    .await
}

fn now() -> u64 {
    SystemClock.wall().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// HMAC-SHA1 from its definition (RFC 2104, section 2), independent of the server's library.
fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| -> Vec<u8> {
        let key = key.iter().copied().chain(std::iter::repeat(0));
        key.take(64).map(|key| key ^ byte).collect()
    };
    let inner = Sha1::digest([pad(0x36).as_slice(), text].concat());
    Sha1::digest([pad(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}

/// Asserts that `servers` is complete, with credentials of `participant` made since `before`.
fn assert_credentials(servers: &Value, participant: &Value, before: u64) {
    assert_eq!(servers[0], json!({"urls": ["stun:stun.example"]}));
    assert_eq!(servers[1]["urls"], json!(TURN_URLS));
    let username = servers[1]["username"].as_str().unwrap();
    let (end, named) = username.split_once(':').unwrap();
    assert_eq!(named, participant.as_str().unwrap());
    assert!((before + 90..=now() + 90).contains(&end.parse().unwrap()), "{username}");
    let expected = BASE64_STANDARD.encode(hmac_sha1(TURN_SECRET.as_bytes(), username.as_bytes()));
    assert_eq!(servers[1]["credential"], expected);
    assert_eq!(servers.as_array().unwrap().len(), 2);
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    assert_eq!(answer.1["success"], false);
    assert!(answer.1["message"].is_string());
    (answer.0, answer.1["code"].as_str().unwrap())
}

#[tokio::test]
async fn anonymous_client_gets_stun_and_turn_addresses_without_credentials() {
    let server = start().await;
    let expected = json!({
        "iceServers": [{"urls": ["stun:stun.example"]}],
        "ttl": null,
        "turnUrls": TURN_URLS,
    });
    assert_eq!(server.ice_servers("", None).await, (200, expected));
    assert!(
        server.greeting().contains("turn     2 servers, credentials for 1m 30s"),
        "{}",
        server.greeting()
    );
}

#[tokio::test]
async fn seated_participant_gets_its_own_renewable_credentials() {
    let server = start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let before = now();
    for (client, name) in [(&mut ann, "Ann"), (&mut bob, "Bob")] {
        let joined = client.join("7 a", name).await;
        assert_credentials(&joined["iceServers"], &joined["participant"], before);
        assert_eq!((&joined["iceServersTtl"], &joined["turnUrls"]), (&json!(90), &json!(TURN_URLS)));

        let session = joined["session"].as_str();
        let (status, fetched) = server.ice_servers("?appointment_id=7+a", session).await;
        assert_eq!(status, 200, "{fetched}");
        assert_credentials(&fetched["iceServers"], &joined["participant"], before);
        assert_eq!((&fetched["ttl"], &fetched["turnUrls"]), (&json!(90), &json!(TURN_URLS)));
    }
}

#[tokio::test]
async fn credentials_need_a_held_seat() {
    let server = start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_joined = ann.join("7", "Ann").await;
    let bob_joined = bob.join("7", "Bob").await;
    let sessions = [&ann_joined, &bob_joined].map(|joined| joined["session"].as_str());
    ann.vanish();
    bob.next("peer_reconnecting").await;
    bob.ask("leave_room", json!({})).await;
    assert_eq!(server.ice_servers("?appointment_id=7", sessions[0]).await.0, 200);
    let refused = server.ice_servers("?appointment_id=7", sessions[1]).await;
    assert_eq!(code(&refused), (401, "unauthorized"));
}

#[tokio::test]
async fn token_without_a_seat_gets_no_credentials() {
    let server = start().await;
    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let joined = ann.join("7", "Ann").await;
    let elsewhere = bob.join("8", "Bob").await["session"].as_str().unwrap().to_owned();
    let participant: ParticipantId = joined["participant"].as_str().unwrap().parse().unwrap();
    let wall = SystemClock.wall();
    let sign = |secret: &str, when| {
        SessionSigner::new(secret.as_bytes()).sign(&room("7"), participant, when).as_str().to_owned()
    };
    let good = sign(SESSION_SECRET, wall);
    assert_eq!(
        server.ice_servers("?appointment_id=7", Some(&good)).await.0,
        200,
        "or the test tests nothing"
    );

    let expired = sign(SESSION_SECRET, wall - SESSION_LIFETIME - Duration::from_secs(1));
    let forged = sign("another secret of that size", wall);
    for token in [expired.as_str(), &forged, &elsewhere, "", "nonsense", &"x".repeat(4_000)] {
        let refused = server.ice_servers("?appointment_id=7", Some(token)).await;
        assert_eq!(code(&refused), (401, "unauthorized"), "{token:.40}");
    }
    let without = server.ice_servers("?appointment_id=7", None).await;
    assert_eq!(code(&without), (401, "unauthorized"));
    for query in ["", "?appointment_id=", "?appointment_id=a%2Fb", "?appointment_id=7&appointment_id=8"] {
        let refused = server.ice_servers(query, Some(&good)).await;
        assert_eq!(code(&refused), (400, "invalid_field"), "{query}");
    }
}

#[tokio::test]
async fn no_ice_servers_are_told_when_none_are_set() {
    let server = TestServer::start().await;
    let joined = server.connect().await.join("7", "Ann").await;
    assert_eq!(joined["iceServers"], json!([]));
    assert_eq!((&joined["iceServersTtl"], &joined["turnUrls"]), (&Value::Null, &json!([])));
    let nothing = json!({"iceServers": [], "ttl": null, "turnUrls": []});
    assert_eq!(server.ice_servers("", None).await, (200, nothing.clone()));
    assert_eq!(server.ice_servers("?appointment_id=7", joined["session"].as_str()).await, (200, nothing));
}

#[tokio::test]
async fn ice_server_requests_are_limited_by_rate_and_origin() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "5")]).await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = server.ice_servers("", None).await;
        refused = (answer.0 != 200).then_some(answer);
        if refused.is_some() {
            break;
        }
    }
    assert_eq!(code(&refused.expect("at some point it is enough")), (429, "too_many_requests"));

    let url = format!("http://{}/api/v1/ice-servers", server.address);
    let request = reqwest::Client::new().get(url).header("origin", "https://evil.example");
    assert_eq!(request.send().await.unwrap().status(), 403);
}
