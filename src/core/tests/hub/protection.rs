//! Protected and unprotected seats, seats without a connection, seats of an earlier process.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use super::{ADDRESS, LEASE, OneNode};
use crate::core::{
    hub::join::{JoinRequest, RoomPolicy},
    model::{error::JoinError, event::LeaveReason},
    ports::connection::Connection,
    tests::support::{Recorder, Told, name, room_id},
};

#[tokio::test(start_paused = true)]
async fn protected_seat_is_held_for_its_lease_against_newcomers() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, true).await;
    bob_hears.die();
    let start = tokio::time::Instant::now();
    let full = |retry_after| move |outcome| matches!(outcome, Err(JoinError::RoomFull { retry_after: found }) if found == retry_after);
    assert!(full(None)(node.try_come("Bob", None, false).await), "a silent holder is a holder");
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert!(full(Some(LEASE))(node.try_come("Bob", None, true).await));
    node.wait(LEASE / 2).await;
    assert!(full(Some(LEASE / 2))(node.try_come("Cy", None, false).await));
    node.clock.advance(Duration::from_millis(1));
    assert!(full(Some(LEASE / 2))(node.try_come("Cy", None, false).await), "rounded up");
    assert_eq!(
        (start.elapsed(), bob_hears.probes()),
        (Duration::ZERO, 0),
        "refused at once, without a probe"
    );

    let (again, _) = node.come("Bob", Some(bob.session.as_str()), true).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(ann_hears.closed().is_empty());
    let (_, ann_hears) = node.come("Ann", Some(ann.session.as_str()), true).await;
    node.hub.connection_lost(&again.seat, bob_hears.id()).await;
    assert!(
        !ann_hears.told().iter().any(|told| matches!(told, Told::Left(..))),
        "a fenced connection ends nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn unprotected_seat_ends_when_closed_and_opens_when_lost() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, false).await;
    let first = bob.seat.participant();
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert_eq!(ann_hears.told(), [Told::Joined(first), Told::Left(first, LeaveReason::Left)]);

    let (bob, bob_hears) = node.come("Bob", None, false).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let start = tokio::time::Instant::now();
    let (cy, cy_hears) = node.come("Cy", None, false).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "without a probe");
    let second = bob.seat.participant();
    let left = Told::Left(second, LeaveReason::NotAlive);
    let third = cy.seat.participant();
    assert_eq!(ann_hears.told()[3..], [Told::Reconnecting(second), left, Told::Joined(third)]);

    node.hub.connection_lost(&cy.seat, cy_hears.id()).await;
    node.wait(Duration::from_secs(9)).await;
    assert_eq!(ann_hears.told().last(), Some(&Told::Reconnecting(third)));
    node.wait(Duration::from_secs(1)).await;
    assert_eq!(ann_hears.told().last(), Some(&Told::Left(third, LeaveReason::LeaseEnded)));
}

#[tokio::test]
async fn protect_protects_a_held_seat() {
    let node = OneNode::new();
    let (_ann, _) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, false).await;
    node.hub.protect(&bob.seat).await;
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert!(matches!(node.try_come("Cy", None, false).await, Err(JoinError::RoomFull { .. })));
    node.wait(Duration::from_secs(29)).await;
    assert_eq!(node.hub.occupancy().participants, 2, "for the whole lease");
}

#[tokio::test]
async fn seats_without_a_connection_count_against_their_address() {
    let node = OneNode::new();
    let policy = RoomPolicy { away_per_address: 2, ..RoomPolicy::new(1, LEASE) };
    let join = async |room: &str, session: Option<&str>, address| {
        let request = JoinRequest::new(room_id(room), name("Eve"), policy);
        let session = session.map(str::to_owned);
        node.hub.join(JoinRequest { session, address, protected: true, ..request }).await
    };
    let mut sessions = Vec::new();
    for room in ["1", "2"] {
        let joined = join(room, None, Some(ADDRESS)).await.unwrap();
        let connection = Recorder::new();
        node.hub.attach(&joined.seat, connection.clone()).unwrap();
        node.hub.connection_lost(&joined.seat, connection.id()).await;
        sessions.push(joined.session);
    }
    let too_many = |outcome| matches!(outcome, Err(JoinError::TooManyAway));
    assert!(too_many(join("3", None, Some(ADDRESS)).await));
    assert!(too_many(join("3", Some(sessions[0].as_str()), Some(ADDRESS)).await), "a token of another room");
    assert!(join("4", None, Some(IpAddr::V4(Ipv4Addr::BROADCAST))).await.is_ok());
    let back = join("1", Some(sessions[0].as_str()), Some(ADDRESS)).await.unwrap();
    node.hub.attach(&back.seat, Recorder::new()).unwrap();
    assert!(join("3", None, Some(ADDRESS)).await.is_ok());
    node.wait(LEASE).await;
    assert_eq!(node.hub.away_seats_of(ADDRESS), 0);
}

#[tokio::test]
async fn restored_seats_are_held_for_their_lease() {
    let before = OneNode::new();
    let (ann, _) = before.come("Ann", None, true).await;
    let (cy, _) = before.come("Cy", None, false).await;
    let changes = before.registry.take_changes();
    let saved: Vec<_> = changes.into_iter().flat_map(|(_, seats)| seats).collect();
    assert_eq!(saved.iter().map(|seat| seat.participant).collect::<Vec<_>>(), [ann.seat.participant()]);
    before.hub.leave(&cy.seat).await;
    assert!(before.registry.take_changes().is_empty(), "an unprotected seat does not outlive the process");
    before.hub.leave(&ann.seat).await;
    assert_eq!(before.registry.take_changes(), [(room_id("7"), vec![])]);

    let after = OneNode::new();
    after.registry.restore(saved);
    let (_bob, bob_hears) = after.come("Bob", None, true).await;
    assert!(matches!(
        after.try_come("Ann", None, true).await,
        Err(JoinError::RoomFull { retry_after: Some(LEASE) })
    ));
    let (again, _) = after.come("Ann", Some(ann.session.as_str()), true).await;
    assert_eq!(again.seat.participant(), ann.seat.participant());
    assert_eq!(bob_hears.told(), [Told::Joined(ann.seat.participant())]);
}
