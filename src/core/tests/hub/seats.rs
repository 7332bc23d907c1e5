//! Seats: taken, returned by a session, replaced, held for a lease, released, drained.

use bytes::Bytes;

use super::{LEASE, OneNode, payloads};
use crate::core::{
    hub::Occupancy,
    model::{
        error::{JoinError, Replaced, SignalError},
        event::{LeaveReason, SignalKind},
        ids::{ParticipantId, RoomId},
    },
    ports::connection::{CloseReason, Connection},
    tests::support::{Recorder, Told, room_id},
};

#[tokio::test]
async fn taken_seat_belongs_to_its_holder_for_the_whole_lease() {
    let node = OneNode::new();
    let ann = node.take_seat(None).await.unwrap();
    let ann_hears = Recorder::new();
    node.hub.attach(&ann.seat, ann_hears.clone()).unwrap();
    node.take_seat(None).await.unwrap();
    ann_hears.die();
    assert!(matches!(node.take_seat(None).await, Err(JoinError::RoomFull { .. })));
    assert_eq!(ann_hears.probes(), 0, "no connection is asked");
    node.wait(LEASE).await;
    assert!(!node.take_seat(None).await.unwrap().returned, "the seat that no connection attached to");
    node.store.break_down();
    assert!(node.take_seat(Some(ann.session.as_str())).await.unwrap().returned, "no history is read");
    assert_eq!(ann_hears.closed(), [CloseReason::Replaced]);
}

#[tokio::test]
async fn taking_the_own_seat_with_a_reset_replays_nothing() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let bob = node.take_seat(None).await.unwrap();
    let tell = |payload| node.hub.broadcast(&ann.seat, SignalKind::Offer, Bytes::from_static(payload));
    tell(b"before").unwrap();
    let again = node.take_seat(Some(bob.session.as_str())).await.unwrap();
    assert_eq!((again.returned, again.seat.participant()), (true, bob.seat.participant()));
    tell(b"after").unwrap();
    let bob_hears = Recorder::new();
    assert_eq!(node.hub.attach(&bob.seat, bob_hears.clone()), Err(Replaced));
    node.hub.attach(&again.seat, bob_hears.clone()).unwrap();
    assert_eq!(payloads(&bob_hears), ["after"]);
}

#[tokio::test]
async fn newer_connection_replaces_the_older_one_in_the_same_seat() {
    let node = OneNode::new();
    let (ann, older) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    let newer = Recorder::new();
    node.hub.attach(&ann.seat, newer.clone()).unwrap();
    assert_eq!(older.closed(), [CloseReason::Replaced]);
    node.hub.connection_lost(&ann.seat, older.id()).await;
    node.send(&bob, &ann, "offer").unwrap();
    assert_eq!((payloads(&older), payloads(&newer)), (vec![], vec!["offer".to_owned()]));
    assert_eq!(node.hub.occupancy().connected, 2);
}

#[tokio::test]
async fn holder_by_session_claims_nothing() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let token = ann.session.as_str();
    assert_eq!(node.hub.holder_by_session(&room_id("7"), token).await.unwrap(), Some(ann.seat.participant()));
    assert!(node.hub.holder_by_session(&room_id("8"), token).await.unwrap().is_none());
    node.hub.leave(&ann.seat).await;
    assert!(node.hub.holder_by_session(&room_id("7"), token).await.unwrap().is_none());
}

#[tokio::test]
async fn token_returns_the_seat_and_fences_the_older_connection() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let (bob, old) = node.join("Bob", None).await;
    let (again, new) = node.join("Bob", Some(bob.session.as_str())).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(again.resumed);
    assert_eq!(old.closed(), [CloseReason::Replaced]);

    assert_eq!(node.send(&bob, &ann, "from the old one"), Err(SignalError::Replaced(Replaced)));
    node.hub.connection_lost(&bob.seat, old.id()).await;
    node.hub.leave(&bob.seat).await;
    node.send(&ann, &bob, "still there").unwrap();
    assert_eq!(payloads(&new), ["still there"]);
    assert!(payloads(&old).is_empty());
}

#[tokio::test]
async fn session_made_by_the_door_returns_the_seat() {
    let node = OneNode::new();
    let ann = ParticipantId::random();
    let session = || node.hub.session_for(&room_id("7"), ann).as_str().to_owned();
    let (first, old) = node.join("Ann", Some(&session())).await;
    let (second, _) = node.join("Ann", Some(&session())).await;
    assert_eq!((first.seat.participant(), second.seat.participant()), (ann, ann));
    assert_eq!(old.closed(), [CloseReason::Replaced]);
}

#[tokio::test]
async fn dismiss_ends_all_leases_of_a_namespace() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let away = node.try_join_room(RoomId::within("users", "bob").unwrap(), "Bob", None).await.unwrap();
    let here = node.try_join_room(RoomId::within("users", "cy").unwrap(), "Cy", None).await.unwrap();
    let (bob_hears, cy_hears) = (Recorder::new(), Recorder::new());
    node.hub.attach(&away.seat, bob_hears.clone()).unwrap();
    node.hub.attach(&here.seat, cy_hears.clone()).unwrap();
    node.hub.connection_lost(&away.seat, bob_hears.id()).await;

    node.hub.dismiss("users").await.unwrap();
    assert_eq!(cy_hears.closed(), [CloseReason::Dismissed]);
    for gone in [&away, &here] {
        assert!(node.hub.view(&gone.seat).await.is_err());
    }
    assert!(node.hub.view(&ann.seat).await.is_ok() && ann_hears.closed().is_empty());
}

#[tokio::test]
async fn lost_seat_is_held_for_exactly_its_lease() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.wait(LEASE * 3).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    node.send(&ann, &bob, "meanwhile").unwrap();

    node.wait(LEASE / 2).await;
    let (again, bob_hears) = node.join("Bob", Some(bob.session.as_str())).await;
    assert!(again.resumed);
    assert_eq!(payloads(&bob_hears), ["meanwhile"]);

    node.hub.connection_lost(&again.seat, bob_hears.id()).await;
    node.wait(LEASE).await;
    let id = bob.seat.participant();
    let expected = [
        Told::Joined(id),
        Told::Reconnecting(id),
        Told::Resumed(id),
        Told::Reconnecting(id),
        Told::Left(id, LeaveReason::LeaseEnded),
    ];
    assert_eq!(ann_hears.told(), expected);
    assert_eq!(node.hub.occupancy().participants, 1);
}

#[tokio::test]
async fn suspended_process_renews_before_it_expires() {
    let node = OneNode::new();
    let (_, ann_hears) = node.join("Ann", None).await;
    let (_bob, _) = node.join("Bob", None).await;
    node.wait(LEASE * 100).await;
    assert_eq!(node.hub.occupancy().connected, 2);
    assert!(ann_hears.closed().is_empty());
}

#[tokio::test]
async fn token_after_a_restart_keeps_the_id_and_respects_a_full_room() {
    let before = OneNode::new();
    let (bob, _) = before.join("Bob", None).await;
    let after = OneNode::new();
    let (again, _) = after.join("Bob", Some(bob.session.as_str())).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(!again.resumed);

    let full = OneNode::new();
    let _pair = (full.join("Ann", None).await, full.join("Cy", None).await);
    let refused = full.try_join("Bob", Some(bob.session.as_str())).await;
    assert!(matches!(refused, Err(JoinError::RoomFull { .. })));
}

#[tokio::test]
async fn newcomer_meets_the_participant_that_stayed() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.leave(&ann.seat).await;
    let (cy, _) = node.join("Cy", None).await;
    assert_eq!(cy.view.others[0].participant, bob.seat.participant());
    let expected =
        [Told::Left(ann.seat.participant(), LeaveReason::Left), Told::Joined(cy.seat.participant())];
    assert_eq!(bob_hears.told(), expected);
}

#[tokio::test]
async fn draining_hub_refuses_joins_and_closes_connections() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    node.hub.drain();
    assert_eq!(ann_hears.closed(), [CloseReason::ShuttingDown]);
    assert!(matches!(node.try_join("Bob", None).await, Err(JoinError::ShuttingDown)));
}

#[tokio::test]
async fn empty_hub_holds_no_room() {
    let node = OneNode::new();
    for _ in 0..100 {
        let (ann, _) = node.join("Ann", None).await;
        let (bob, bob_hears) = node.join("Bob", None).await;
        node.hub.leave(&ann.seat).await;
        node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
        node.wait(LEASE).await;
    }
    assert_eq!(node.hub.occupancy(), Occupancy::default());
}
