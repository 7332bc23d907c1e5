//! Signals and chats between participants of one node.

use bytes::Bytes;

use super::{OneNode, payloads};
use crate::core::{
    hub::history::Published,
    model::{
        error::{Replaced, SignalError},
        event::SignalKind,
        ids::RoomId,
    },
    tests::support::{Recorder, Told, stored_form},
};

#[tokio::test]
async fn two_participants_receive_only_each_others_signals() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    assert!(ann.view.others.is_empty() && !ann.view.polite);
    assert_eq!(bob.view.others[0].participant, ann.seat.participant());
    assert!(bob.view.polite);

    node.send(&bob, &ann, "offer").unwrap();
    node.send(&ann, &bob, "answer").unwrap();
    assert_eq!(payloads(&ann_hears), ["offer"]);
    assert_eq!(payloads(&bob_hears), ["answer"]);
    assert_eq!(node.send(&ann, &ann, "to myself"), Err(SignalError::NoSuchParticipant));
}

#[tokio::test]
async fn broadcast_reaches_all_others() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (_, bob_hears) = node.join("Bob", None).await;
    node.hub.broadcast(&ann.seat, SignalKind::Other, Bytes::from_static(b"all")).unwrap();
    assert_eq!(payloads(&bob_hears), ["all"]);
    assert!(payloads(&ann_hears).is_empty());
    node.hub.leave(&ann.seat).await;
    let late = node.hub.broadcast(&ann.seat, SignalKind::Other, Bytes::new());
    assert_eq!(late, Err(SignalError::Replaced(Replaced)));
}

#[tokio::test]
async fn cross_room_signal_carries_its_sender() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let other_room = RoomId::within("users", "bob").unwrap();
    let call = |payload: &'static str| {
        let payload = Bytes::from_static(payload.as_bytes());
        node.hub.signal_room(&ann.seat, &other_room, SignalKind::Other, payload)
    };
    assert_eq!(call("too early"), Err(SignalError::NoSuchParticipant));
    let bob = node.try_join_room(other_room.clone(), "Bob", None).await.unwrap();
    call("early").unwrap();
    let bob_hears = Recorder::new();
    node.hub.attach(&bob.seat, bob_hears.clone()).unwrap();
    call("late").unwrap();
    assert_eq!(payloads(&bob_hears), ["early", "late"]);
    assert!(bob_hears.told().iter().all(|told| matches!(told, Told::Signal { name, .. } if name == "Ann")));
}

#[tokio::test]
async fn message_written_before_a_leave_is_delivered_after_it() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    let message = node.hub.compose(&bob.seat, "1", "bye").unwrap();
    node.hub.leave(&bob.seat).await;
    assert_eq!(node.hub.compose(&bob.seat, "2", "too late"), Err(Replaced));
    assert_eq!(
        node.hub.publish(&bob.seat, &message, stored_form(&message)).await.unwrap(),
        Published::Stored
    );
    assert_eq!(ann_hears.told().last(), Some(&Told::Chat("bye".into())));
}

#[tokio::test]
async fn unavailable_store_refuses_chats_and_keeps_calls() {
    let node = OneNode::new();
    node.store.break_down();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    assert!(bob.history.is_none());
    node.send(&bob, &ann, "offer").unwrap();
    assert_eq!(payloads(&ann_hears), ["offer"]);
    assert!(node.write(&bob, "1").await.is_err());
    assert!(!ann_hears.told().iter().any(|told| matches!(told, Told::Chat(_))));
}
