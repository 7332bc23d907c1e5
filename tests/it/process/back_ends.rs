//! What operators are told about back ends that are in the wrong place or refuse.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    redis::Redis,
    server::{TestServer, command},
    wait::{TIMEOUT, until},
};

async fn logged(server: &TestServer, text: &str) {
    let found = async || server.log().contains(text).then_some(());
    tokio::time::timeout(TIMEOUT, until(text, TIMEOUT, found)).await.unwrap();
}

#[tokio::test]
async fn a_database_file_that_is_moved_away_makes_the_server_unready_until_it_is_back() {
    let server = TestServer::start().await;
    let folder = server.data();
    let (file, away) = (folder.path().join("switchboard.db"), folder.path().join("away.db"));
    server.readiness(true).await;
    fs::rename(&file, &away).unwrap();
    server.readiness(false).await;
    logged(&server, "the database file was moved, removed or replaced").await;
    let state: Value = server.get_ops("/readyz").await.json().await.unwrap();
    assert_eq!(state["store"], json!({"name": "sqlite", "ready": false}));
    assert_eq!(server.save("7", json!({"chats": ["x"]}).to_string()).await.0, 503);
    fs::rename(&away, &file).unwrap();
    server.readiness(true).await;
    assert_eq!(server.save("7", json!({"chats": ["x"]}).to_string()).await.0, 200);
}

#[tokio::test]
async fn an_empty_database_file_and_an_empty_secret_are_filled() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    fs::write(folder.path().join("switchboard.db"), "").unwrap();
    fs::write(folder.path().join("session-secret"), "").unwrap();
    let options = crate::support::server::Options { data: Some(folder.clone()), ..Default::default() };
    let server = TestServer::start_with(options).await;
    assert_eq!(server.save("7", json!({"chats": ["x"]}).to_string()).await.0, 200);
    assert!(fs::read(folder.path().join("session-secret")).unwrap().len() >= 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_user_without_a_right_is_told_which_one() {
    let redis = Redis::start().await;
    let mut admin = redis.connect().await.unwrap();
    for (rules, said) in [
        (&["+@all", "-hset", "~*", "&*"][..], "+hset"),
        (&["+@all", "-info", "~*", "&*"], "+info"),
        (&["+@all", "-evalsha", "~*", "&*"], "+evalsha"),
        (&["+@all", "-subscribe", "~*", "&*"], "+subscribe"),
        (&["+@all", "-publish", "~*", "&*"], "+publish"),
        (&["+@all", "-script|load", "~*", "&*"], "+script|load"),
        (&["+@all", "-del", "~*", "&*"], "+del"),
        (&["+@all", "-hget", "~*", "&*"], "+hget"),
        (&["+@all", "-ping", "~*", "&*"], "+ping"),
        (&["+@all", "~*", "&*", "<canary", ">other"], "check user and password"),
        (&["+@all", "~other:*", "&*"], "~switchboard:*"),
        (&["+@all", "~*", "resetchannels", "&other:*"], "&switchboard:*"),
    ] {
        let mut rule = redis::cmd("ACL");
        rule.arg("SETUSER").arg("ann").arg("reset").arg("on").arg(">canary").arg(rules);
        rule.exec_async(&mut admin).await.unwrap();
        let url = format!("redis://ann:canary@{}/", redis.address());
        let env = [("REDIS_URL", url.as_str()), ("SESSION_SECRET", "shared by all nodes")];
        let server = TestServer::start_env(env).await;
        logged(&server, said).await;
        assert!(!server.log().contains("canary"), "{}", server.log());
        server.readiness(false).await;
    }
}

/// The rights that docs/several-nodes.md names.
fn documented_rights() -> Vec<&'static str> {
    let document = include_str!("../../../docs/several-nodes.md");
    let line = document.lines().find(|line| line.starts_with("ACL SETUSER switchboard")).unwrap();
    line.split(' ').skip(3).filter(|word| !word.starts_with('>')).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_rights_of_a_redis_user_suffice() {
    let redis = Redis::start().await;
    let mut admin = redis.connect().await.unwrap();
    let mut rule = redis::cmd("ACL");
    rule.arg("SETUSER").arg("ann").arg("reset").arg(">canary").arg(documented_rights());
    rule.exec_async(&mut admin).await.unwrap();
    let url = format!("redis://ann:canary@{}/", redis.address());
    let env = [("REDIS_URL", url.as_str()), ("SESSION_SECRET", "shared by all nodes")];
    let (one, two) = (TestServer::start_env(env).await, TestServer::start_env(env).await);
    one.readiness(true).await;
    two.readiness(true).await;
    let (mut ann, mut bob) = (one.connect().await, two.connect().await);
    let ann_id = ann.join("7", "Ann").await["participant"].clone();
    bob.join("7", "Bob").await;
    bob.ask("send_offer", json!({"appointment_id": "7", "offer": {}, "remoteSocketId": ann_id})).await;
    ann.next("receive_offer").await;
    bob.ask("leave_room", json!({})).await;
    ann.next("user_left").await;
    assert!(!one.log().contains("may not"), "{}", one.log());
}

#[test]
fn a_name_that_mongodb_refuses_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let uri = "mongodb://ann:canary@127.0.0.1:9/my.clinic";
    let output =
        command(folder.path()).env("MONGODB_URI", uri).env("LISTEN", "127.0.0.1:0").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("my.clinic") && text.contains("MONGODB_URI"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}
