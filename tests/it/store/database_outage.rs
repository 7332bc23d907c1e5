//! A database that is away: calls work, saves are refused in time, and the server recovers by itself.

use serde_json::json;

use crate::support::{
    mongod::{Kind, Mongod},
    server::TestServer,
    wait::{TIMEOUT, until},
};

#[tokio::test]
async fn without_the_database_calls_work_and_saves_are_refused() {
    let mut mongod = Mongod::prepare(Kind::ReplicaSet);
    let server = TestServer::start_env([("MONGODB_URI", &mongod.uri("outage"))]).await;
    assert!(server.greeting().contains("MongoDB"));

    let (mut ann, mut bob) = (server.connect().await, server.connect().await);
    let ann_joined = ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    assert_eq!((&ann_joined["chats_available"], &ann_joined["chats"]), (&json!(false), &json!([])));
    let candidate = json!({"remoteSocketId": ann_joined["participant"], "candidate": {}});
    assert_eq!(bob.ask("ice_candidate", candidate.clone()).await["success"], true);
    assert_eq!(bob.refused("send_message", json!({"body": "hi"})).await, "unavailable");
    assert_refused_with_a_time_to_retry(&server).await;
    server.readiness(false).await;
    assert_eq!(server.get_ops("/healthz").await.status(), 200);

    mongod.run().await;
    server.readiness(true).await;
    let saved = async || (server.save("7", r#"{"chats":[1]}"#).await.0 == 200).then_some(());
    until("a save succeeds", TIMEOUT, saved).await;
    assert_eq!(bob.ask("send_message", json!({"body": "hi"})).await["success"], true);

    mongod.kill();
    assert_refused_with_a_time_to_retry(&server).await;
    server.readiness(false).await;
    assert_eq!(bob.ask("ice_candidate", candidate).await["success"], true);
    mongod.run().await;
    server.readiness(true).await;
    let history = server.connect().await.join("8", "Cy").await;
    assert_eq!(history["chats_available"], true);
}

async fn assert_refused_with_a_time_to_retry(server: &TestServer) {
    let url = format!("http://{}/api/v1/signalling/save-chats/7", server.address);
    let response = reqwest::Client::new().put(url).body(r#"{"chats":[1]}"#).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["code"], "unavailable");
}
