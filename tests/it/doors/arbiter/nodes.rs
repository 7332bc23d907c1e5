//! An SFU on one node with clients on all nodes.

mod long;

use serde_json::{Value, json};

use super::stage::{claim, claimed, client, connect, get_room, not_found, refused, sfu};
use crate::support::{
    nodes::Nodes,
    wait::{TIMEOUT, until},
};

fn ok() -> Value {
    json!({"statusCode": 200})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_on_all_nodes_and_their_sfu_receive_signals_and_departures() {
    let nodes = Nodes::start_with_store(3, &[]).await;
    let mut sfu = sfu(&nodes[0], "sfu-1").await;
    let room = claimed(&nodes[1], "/a").await;
    assert_eq!(get_room(&nodes[2], "/a").await.1["roomId"], "sfu-1");
    let mut ann = client(&nodes[0], "ann", &room).await;
    let mut bob = client(&nodes[1], "bob", &room).await;
    let mut cy = client(&nodes[2], "cy", &room).await;

    for number in 0..100 {
        for client in [&mut ann, &mut bob, &mut cy] {
            assert_eq!(client.tell_sfu("producer", json!({"number": number})).await, ok());
        }
    }
    let mut next = [0; 3];
    for _ in 0..300 {
        let told = sfu.told().await;
        let of = ["ann", "bob", "cy"].iter().position(|id| told["sender"] == **id).unwrap();
        assert_eq!(told["number"], next[of], "of each one in order");
        next[of] += 1;
    }
    for number in 0..50 {
        for id in ["ann", "bob", "cy"] {
            assert_eq!(sfu.tell_client(id, "consumer", json!({"number": number})).await, ok());
        }
    }
    for client in [&mut ann, &mut bob, &mut cy] {
        for number in 0..50 {
            assert_eq!(client.told().await["number"], number);
        }
    }

    bob.leave().await;
    for peer in [&mut ann, &mut cy, &mut sfu] {
        assert_eq!(peer.told().await, json!({"type": "clientDisconnect", "clientId": "bob"}));
    }
    assert_eq!(
        sfu.tell_client("bob", "consumer", json!({})).await,
        refused(400, "WebSOcket Connection Not Found")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn departure_of_an_sfu_is_announced_on_all_nodes() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    let first = sfu(&nodes[0], "sfu-1").await;
    claimed(&nodes[1], "/a").await;
    let mut clients = [client(&nodes[0], "ann", "sfu-1").await, client(&nodes[1], "bob", "sfu-1").await];
    first.leave().await;
    for client in &mut clients {
        loop {
            let told = client.told().await;
            if told["type"] == "sfuDisconnect" {
                break;
            }
        }
        let answer = client.tell_sfu("producer", json!({})).await;
        assert_eq!(answer, refused(400, "WebSOcket Connection Not Found"), "as before identify");
    }
    assert_eq!(get_room(&nodes[1], "/a").await, not_found());

    let mut second = sfu(&nodes[1], "sfu-1").await;
    for (client, id) in clients.iter_mut().zip(["ann", "bob"]) {
        assert_eq!(client.identify_client(id, "sfu-1").await, ok());
        assert_eq!(client.tell_sfu("producer", json!({})).await, ok());
        assert_eq!(second.told().await["sender"], id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claim_is_used_on_other_nodes_and_ends_with_their_clients() {
    let env = [("ARBITER_CLAIM_TIMEOUT", "2s"), ("ARBITER_RELEASE_GRACE", "1s")];
    let nodes = Nodes::start_with_store(3, &env).await;
    let mut sfu = sfu(&nodes[0], "sfu-1").await;
    claimed(&nodes[1], "/a").await;
    let ann = client(&nodes[2], "ann", "sfu-1").await;
    // Longer than an unused claim lasts.
    let started = tokio::time::Instant::now();
    until("the claim would be over", TIMEOUT, async || {
        assert_eq!(get_room(&nodes[1], "/a").await.0, 200);
        assert_eq!(claim(&nodes[0], "/b").await, not_found());
        (started.elapsed().as_secs() >= 4).then_some(())
    })
    .await;
    ann.leave().await;
    until("the path is free", TIMEOUT, async || {
        (get_room(&nodes[1], "/a").await == not_found()).then_some(())
    })
    .await;
    let claimed = async || (claim(&nodes[2], "/b").await.0 == 200).then_some(());
    until("the room is another path's", TIMEOUT, claimed).await;
    assert!(sfu.told_so_far().await.is_empty(), "it never heard of her");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn id_belongs_to_one_connection_across_nodes_until_it_is_dead() {
    let nodes = Nodes::start_with_store(2, &[]).await;
    let _sfus = (sfu(&nodes[0], "sfu-1").await, sfu(&nodes[0], "sfu-2").await);
    let mut ann = client(&nodes[0], "ann", "sfu-1").await;
    let (mut again, mut another_sfu) = (connect(&nodes[1]).await, connect(&nodes[1]).await);
    assert_eq!(again.identify_client("ann", "sfu-1").await, refused(409, "The id is in use"));
    assert_eq!(another_sfu.identify_sfu("sfu-1").await, refused(409, "The id is in use"));
    assert_eq!(ann.tell_sfu("producer", json!({})).await, ok());

    let dead = client(&nodes[0], "bob", "sfu-2").await;
    dead.stop_reading();
    assert_eq!(again.identify_client("bob", "sfu-2").await, ok());
}
