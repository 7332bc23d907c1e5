//! Newcomers of a full room and the liveness of those who hold its seats.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::OneNode;
use crate::core::{
    hub::liveness::{ANSWER_VALID, PROBE_DEADLINE},
    model::{error::JoinError, event::LeaveReason},
    ports::connection::{CloseReason, Connection},
    tests::support::{Recorder, Told, name},
};

#[tokio::test(start_paused = true)]
async fn unique_name_is_refused_while_its_holder_answers() {
    let node = OneNode { unique_names: true, ..OneNode::new() };
    let (ann, ann_hears) = node.join("Ann", None).await;
    assert!(matches!(node.try_join("Ann", None).await, Err(JoinError::NameTaken)));
    assert_eq!(node.hub.find(&ann.seat, &name("Ann")), Some(ann.seat.participant()));
    node.hub.connection_lost(&ann.seat, ann_hears.id()).await;
    assert!(node.try_join("Ann", None).await.is_ok(), "an absent holder of the same name is the same person");
}

#[tokio::test(start_paused = true)]
async fn third_participant_is_refused_while_both_holders_are_alive() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    assert!(matches!(node.try_join("Cy", None).await, Err(JoinError::RoomFull { .. })));
    assert!(ann_hears.told().len() == 1 && bob_hears.told().is_empty(), "no connection was disturbed");

    bob_hears.die();
    let again = node.try_join("Cy", None).await;
    assert!(matches!(again, Err(JoinError::RoomFull { .. })), "an answer is good for a moment");
    node.clock.advance(ANSWER_VALID);
    let (cy, _) = node.join("Cy", None).await;
    assert_eq!(cy.view.others[0].participant, ann.seat.participant());
    assert_eq!(bob_hears.closed(), [CloseReason::Replaced]);
    let left = Told::Left(bob.seat.participant(), LeaveReason::NotAlive);
    assert!(ann_hears.told().contains(&left));
}

#[tokio::test(start_paused = true)]
async fn same_name_takes_over_a_lost_unprotected_seat_at_once() {
    let node = OneNode::new();
    let (_ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let start = tokio::time::Instant::now();
    let (again, _) = node.join("Bob", None).await;
    assert_ne!(again.seat.participant(), bob.seat.participant());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn absent_holder_has_the_probe_deadline_to_reconnect() {
    let node = OneNode::new();
    let (_ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let (third, back) = tokio::join!(node.try_join("Cy", None), async {
        tokio::time::sleep(PROBE_DEADLINE / 2).await;
        node.join("Bob", Some(bob.session.as_str())).await
    });
    assert!(matches!(third, Err(JoinError::RoomFull { .. })));
    assert!(back.0.resumed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_a_hundred_concurrent_joins_get_a_seat() {
    for _ in 0..1_000 {
        let node = Arc::new(OneNode::new());
        let mut racers = JoinSet::new();
        for racer in 0..100 {
            let node = node.clone();
            // Half of them share a name: a namesake that is just arriving frees no seat.
            let who = if racer % 2 == 0 { "Same".to_owned() } else { format!("racer {racer}") };
            racers.spawn(async move {
                let joined = node.try_join(&who, None).await;
                joined.map(|joined| node.hub.attach(&joined.seat, Recorder::new()).unwrap())
            });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(JoinError::RoomFull { .. }))));
        assert_eq!(node.hub.occupancy().participants, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_newcomers_share_one_probe() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    ann_hears.answer_late();
    let (_bob, _) = node.join("Bob", None).await;
    let knocks = || futures_util::future::join_all((0..50).map(|_| node.try_join("Cy", None)));
    for outcomes in [knocks().await, knocks().await] {
        assert!(outcomes.iter().all(Result::is_err));
    }
    assert_eq!(ann_hears.probes(), 1);
}
