//! Two participants on two nodes: the same behaviour as on one.

use serde_json::{Value, json};

use super::{pair, person::Person};
use crate::support::{
    nodes::Nodes,
    wait::{TIMEOUT, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documented_event_flow_works_across_two_nodes() {
    let nodes = Nodes::start(2).await;
    let (mut ann, ann_joined) = Person::join(nodes.connect(0).await, "7", "Ann").await;
    let (mut bob, bob_joined) = Person::join(nodes.connect(1).await, "7", "Bob").await;
    let peer = ann.hear("peer_joined").await;
    assert_eq!((&peer["remoteSocket"], &peer["opponent_name"]), (&bob.id, &json!("Bob")));
    assert_eq!((&bob_joined["remoteSocket"], &bob_joined["opponent_name"]), (&ann.id, &json!("Ann")));
    assert_eq!((&ann_joined["polite"], &bob_joined["polite"]), (&json!(false), &json!(true)));
    assert_eq!(bob_joined["peer_connected"], true);

    let offer = json!({"appointment_id": "7", "offer": {"sdp": "o"}, "remoteSocketId": ann.id});
    bob.client.emit("send_offer", offer).await;
    let offer = ann.hear("receive_offer").await;
    assert_eq!(
        (&offer["from"], &offer["name"], &offer["offer"]["sdp"]),
        (&bob.id, &json!("Bob"), &json!("o"))
    );
    let answer = json!({"appointment_id": "7", "answer": {"sdp": "a"}, "remoteSocketId": bob.id});
    ann.client.emit("send_answer", answer).await;
    assert_eq!(bob.hear("receive_answer").await["answer"]["sdp"], "a");
    ann.client.ask("send_message", json!({"id": "1", "body": "hello"})).await;
    let message = bob.hear("receive_message").await;
    assert_eq!((&message["from"], &message["body"]), (&ann.id, &json!("hello")));

    assert_eq!(bob.client.ask("leave_room", json!({})).await["success"], true);
    assert_eq!(ann.client.next("user_left").await["remoteSocket"], bob.id);
    let mut cy = nodes.connect(1).await;
    assert_eq!(cy.join("7", "Cy").await["remoteSocket"], ann.id, "the seat is free at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_events_arrive_in_order_on_another_node() {
    let nodes = Nodes::start(2).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    for number in 0..2_000 {
        ann.signal(&bob.id, number).await;
        bob.signal(&ann.id, number).await;
    }
    ann.hear_numbers(0..2_000).await;
    bob.hear_numbers(0..2_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payload_arrives_unchanged_on_another_node() {
    let nodes = Nodes::start(2).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    let payload = r#"{"z":1e3,"a":18446744073709551616, "nested" : {"\u0061":[ -0.0,null]},"dup":1,"dup":2,"s":"é\ud83d\ude00"}"#;
    let packet =
        format!(r#"["send_offer",{{"offer":{payload},"remoteSocketId":{},"appointment_id":"7"}}]"#, ann.id);
    assert_eq!(bob.client.ask_text(&packet).await, json!({"success": true}));
    let received = ann.client.next_text("receive_offer").await;
    assert!(received.contains(&format!(r#""offer":{payload},"name""#)), "{received}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn third_participant_is_refused_on_every_node() {
    let nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    let mut cy = nodes.connect(2).await;
    assert_eq!(cy.refused("join_room", json!({"appointment_id": "7", "name": "Cy"})).await, "room_full");
    assert!(ann.client.heard_so_far().await.is_empty() && bob.client.heard_so_far().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protected_seat_is_kept_on_every_node_until_its_lease_ends() {
    let nodes = Nodes::start_env(3, &[("SEAT_LEASE", "5s")]).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    std::mem::replace(&mut bob.client, nodes.connect(2).await).vanish();
    ann.hear("peer_reconnecting").await;
    let third = json!({"appointment_id": "7", "name": "Bob"});
    // The others hear of the loss first, then the registry.
    let wait = until("the registry knows of the loss", TIMEOUT, async || {
        let refusal = nodes.connect(2).await.ask("join_room", third.clone()).await;
        refusal["error"]["retry_after_ms"].as_u64()
    });
    let wait = wait.await;
    assert!((1_000..=5_000).contains(&wait), "{wait}");
    bob.come_back(nodes.connect(0).await).await;
    ann.hear("peer_resumed").await;

    std::mem::replace(&mut bob.client, nodes.connect(2).await).vanish();
    let joined = until("the lease ends", TIMEOUT, async || {
        let answer = nodes.connect(2).await.ask("join_room", third.clone()).await;
        (answer["success"] == true).then_some(answer)
    });
    assert_eq!(joined.await["remoteSocket"], ann.id);
    assert_eq!(ann.client.next("user_left").await["remoteSocket"], bob.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomer_gets_an_unprotected_seat_on_any_node_after_connection_loss() {
    let nodes = Nodes::start(3).await;
    for is_lost in [true, false] {
        let (mut ann, _) = Person::join(nodes.connect(0).await, "7", "Ann").await;
        let mut bob = nodes.connect(1).await;
        let id = bob.join_unprotected("7", "Bob").await["participant"].clone();
        ann.hear("peer_joined").await;
        if is_lost {
            bob.vanish();
            ann.hear("peer_reconnecting").await;
        } else {
            bob.stop_reading();
        }
        let (mut cy, joined) = Person::join(nodes.connect(2).await, "7", "Cy").await;
        assert_eq!(joined["remoteSocket"], ann.id);
        assert_eq!(ann.client.next("user_left").await["remoteSocket"], id);
        assert_eq!(ann.client.next("peer_joined").await["remoteSocket"], cy.id);
        assert!(ann.client.heard_so_far().await.is_empty());
        for person in [&mut ann, &mut cy] {
            assert_eq!(person.client.ask("leave_room", json!({})).await["success"], true);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returning_participant_on_another_node_receives_missed_events() {
    let nodes = Nodes::start(3).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    ann.signal_acknowledged(&bob.id, 0).await;
    bob.hear_numbers([0]).await;
    // The network of this connection drops what it receives.
    bob.client.stop_reading();
    for number in 1..50 {
        ann.signal_acknowledged(&bob.id, number).await;
    }
    let joined = bob.come_back(nodes.connect(2).await).await;
    assert_eq!((&joined["resumed"], &joined["remoteSocket"]), (&json!(true), &ann.id));
    ann.signal(&bob.id, 50).await;
    bob.hear_numbers(1..=50).await;
    bob.signal(&ann.id, 1).await;
    ann.hear_numbers([1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_takes_over_a_live_seat_from_another_node() {
    let nodes = Nodes::start(2).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    let mut other_tab = nodes.connect(0).await;
    assert_eq!(other_tab.joins(bob.request()).await["participant"], bob.id);
    bob.hear("replaced").await;
    bob.client.vanish();
    // In whichever order Ann's node learns of the move and the return, it announces no departure.
    ann.hear("peer_resumed").await;
    assert!(ann.client.heard_so_far().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_loss_and_return_are_announced_on_the_other_node() {
    let nodes = Nodes::start(2).await;
    let (mut ann, mut bob) = pair(&nodes).await;
    std::mem::replace(&mut bob.client, nodes.connect(1).await).vanish();
    assert_eq!(ann.hear("peer_reconnecting").await["remoteSocket"], bob.id);
    assert_eq!(bob.come_back(nodes.connect(1).await).await["resumed"], true);
    assert_eq!(ann.hear("peer_resumed").await["remoteSocket"], bob.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_on_three_nodes_receive_only_their_own_events() {
    let nodes = Nodes::start(3).await;
    let mut rooms = Vec::new();
    for number in 0..12 {
        let room = number.to_string();
        let (mut ann, _) = Person::join(nodes.connect(number % 3).await, &room, "Ann").await;
        let (bob, joined) = Person::join(nodes.connect((number + 1) % 3).await, &room, "Bob").await;
        assert_eq!(joined["remoteSocket"], ann.id);
        // Before that, Ann's node may not know Bob yet.
        ann.hear("peer_joined").await;
        rooms.push((ann, bob));
    }
    for (number, (ann, bob)) in rooms.iter_mut().enumerate() {
        ann.signal(&bob.id, number as u64).await;
    }
    for (number, (_, bob)) in rooms.iter_mut().enumerate() {
        let (event, payload) = bob.client.next_any().await;
        assert_eq!(
            (event.as_str(), &payload["candidate"]["number"]),
            ("ice_candidate", &Value::from(number))
        );
    }
}
