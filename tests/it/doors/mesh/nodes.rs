//! HTTP requests of mesh participants to other nodes than their own.

use serde_json::json;

use crate::support::nodes::Nodes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_saved_on_one_node_are_read_on_every_node() {
    let nodes = Nodes::start_with_store(3, &[]).await;
    let (mut ann, mut bob) = (nodes.connect(0).await, nodes.connect(1).await);
    ann.join("7", "Ann").await;
    bob.join("7", "Bob").await;
    let saved = json!({"chats": [{"id": "1", "body": "from before"}]}).to_string();
    assert_eq!(nodes[2].save("7", saved.clone()).await.0, 200);
    assert_eq!(ann.ask("send_message", json!({"id": "2", "body": "hello"})).await["success"], true);
    assert_eq!(bob.next("receive_message").await["body"], "hello");
    assert_eq!(bob.ask("send_message", json!({"id": "3", "body": "hi"})).await["success"], true);
    assert_eq!(ann.next("receive_message").await["body"], "hi");
    assert_eq!(nodes[0].save("7", saved).await.0, 200, "saved twice, kept once");
    bob.ask("leave_room", json!({})).await;
    let history = nodes.connect(2).await.join("7", "Cy").await["chats"].clone();
    let ids: Vec<_> = history.as_array().unwrap().iter().map(|chat| chat["id"].clone()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_gives_credentials_to_a_seated_participant() {
    let env = [("TURN_URLS", "turn:turn.example:3478"), ("TURN_SECRET", "sixteen letters!")];
    let nodes = Nodes::start_env(2, &env).await;
    let mut ann = nodes.connect(0).await;
    let joined = ann.join("7", "Ann").await;
    let session = joined["session"].as_str();
    let (status, answer) = nodes[1].ice_servers("?appointment_id=7", session).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.to_string().contains("turn:turn.example:3478"));
    ann.ask("leave_room", json!({})).await;
    assert_eq!(nodes[1].ice_servers("?appointment_id=7", session).await.0, 401);
}
