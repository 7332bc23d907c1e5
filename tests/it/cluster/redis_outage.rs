//! Servers whose seats are in Redis: their answers while Redis is away.

use serde_json::{Value, json};
use switchboard::core::model::session_token::SessionSigner;

use crate::support::{
    redis::{Redis, join},
    server::{TestServer, command},
};

const SECRET: &str = "shared by all nodes";

async fn start(redis: &Redis) -> TestServer {
    let url = redis.url();
    let env = [("REDIS_URL", url.as_str()), ("REDIS_PREFIX", "test:"), ("SESSION_SECRET", SECRET)];
    TestServer::start_env(env).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_calls_continue_and_newcomers_are_refused() {
    let mut redis = Redis::start().await;
    let (here, there) = (start(&redis).await, start(&redis).await);
    assert!(here.greeting().contains("seats in Redis"));
    assert!(here.greeting().contains("this node's own"), "chats are not shared by Redis");
    here.readiness(true).await;
    there.readiness(true).await;
    let (mut ann, mut bob, mut cy) = (here.connect().await, here.connect().await, there.connect().await);
    let joined = ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    let third = json!({"appointment_id": "7", "name": "Cy"});
    assert_eq!(cy.refused("join_room", third.clone()).await, "room_full");

    redis.kill();
    here.readiness(false).await;
    let missing: Value = here.get_ops("/readyz").await.json().await.unwrap();
    assert_eq!(missing["cluster"], json!({"name": "redis", "ready": false}));
    assert_eq!(here.get_ops("/healthz").await.status(), 200);
    assert_eq!(cy.refused("join_room", third.clone()).await, "unavailable");
    let candidate = json!({"remoteSocketId": joined["participant"], "candidate": {}});
    assert_eq!(bob.ask("ice_candidate", candidate.clone()).await["success"], true);

    redis.run().await;
    there.readiness(true).await;
    assert_eq!(cy.refused("join_room", third).await, "room_full", "the seats are there again");
    assert_eq!(bob.ask("ice_candidate", candidate).await["success"], true);
    assert_eq!(bob.ask("leave_room", json!({})).await["success"], true);
    ann.next("user_left").await;
    assert_eq!(ann.count_heard("peer_reconnecting"), 0);
    cy.join("7", "Cy").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misconfigured_node_does_not_start_and_names_the_reason() {
    let redis = Redis::start().await;
    let _node = join(&redis.url()).await;
    let fingerprint = SessionSigner::new(SECRET.as_bytes()).fingerprint();
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("REDIS_URL", "redis://db")], "SESSION_SECRET is not set"),
        (
            &[("REDIS_URL", "http://:canary@db"), ("SESSION_SECRET", SECRET)],
            "the Redis address must look like",
        ),
        (
            &[
                ("REDIS_URL", &redis.url()),
                ("REDIS_PREFIX", "test:"),
                ("SESSION_SECRET", "of this node alone"),
            ],
            "SESSION_SECRET is not that of the nodes",
        ),
    ];
    for (env, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path());
        command
            .envs(env.iter().copied())
            .env("LISTEN", "127.0.0.1:0")
            .env("OPS_LISTEN", "127.0.0.1:0")
            .env("MEDIA", "off");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && text.contains(expected), "{expected} in {text}");
        for secret in ["canary", &fingerprint, "of this node alone", "panicked"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
