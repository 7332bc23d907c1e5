//! Two who meet on two nodes, and move: what they hear, one step after the other.

use std::{sync::atomic::Ordering, time::Duration};

use super::{
    on_paused_time,
    world::{Kind, LEASE, World},
};
use crate::core::{
    model::error::SignalError,
    ports::connection::{CloseReason, Connection},
    tests::support::Told,
};

const ANN: usize = 0;
const BOB: usize = 1;

async fn deliver(world: &mut World) {
    world.settle().await;
    while world.net.deliver_all() {
        world.settle().await;
    }
}

async fn join(world: &mut World, person: usize, node: usize) {
    world.join(person, node, 0);
    deliver(world).await;
    deliver(world).await;
    assert!(world.people[person].at.is_some());
}

/// Ann on the first node, Bob on the second.
async fn two_on_two_nodes() -> World {
    let mut world = World::new(3, 2, 2, None);
    join(&mut world, ANN, 0).await;
    join(&mut world, BOB, 1).await;
    world
}

fn told(world: &World, person: usize) -> Vec<Told> {
    world.people[person].at.as_ref().unwrap().connection.told()
}

fn signals(told: &[Told]) -> usize {
    told.iter().filter(|told| matches!(told, Told::Signal { .. })).count()
}

#[test]
fn two_on_two_nodes_hear_each_other_come_talk_and_leave() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        let bob = world.people[BOB].id;
        for _ in 0..3 {
            assert_eq!(world.signal(BOB, ANN), Some(Ok(())));
        }
        deliver(&mut world).await;
        world.lose(BOB).await;
        deliver(&mut world).await;
        join(&mut world, BOB, 1).await;
        world.leave(BOB).await;
        deliver(&mut world).await;
        let news = told(&world, ANN);
        assert_eq!(signals(&news), 3);
        assert_eq!(news.first(), Some(&Told::Joined(bob)));
        assert!(matches!(news[4..], [Told::Reconnecting(_), Told::Resumed(_), Told::Left(..)]));
    });
}

#[test]
fn who_comes_back_on_another_node_has_missed_nothing() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.lose(BOB).await;
        for _ in 0..5 {
            assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        }
        // What Ann says is on its way to the node that Bob comes from.
        join(&mut world, BOB, 2).await;
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut world).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (6, 0));
    });
}

#[test]
fn the_connection_on_the_former_node_is_closed() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        let former = world.people[BOB].at.as_ref().unwrap().connection.clone();
        join(&mut world, BOB, 0).await;
        assert_eq!(former.closed(), [CloseReason::Replaced]);
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        assert_eq!(world.signal(BOB, ANN), Some(Ok(())));
        world.settle().await;
        assert_eq!((signals(&told(&world, BOB)), signals(&told(&world, ANN))), (1, 1));
        assert!(!told(&world, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}

#[test]
fn a_node_that_stops_hands_over_what_waits_for_those_who_are_away() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.stop(1);
        world.settle().await;
        for _ in 0..3 {
            assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        }
        for _ in 0..4 {
            deliver(&mut world).await;
            world.pass(Duration::from_millis(300)).await;
        }
        // Whichever node kept it, Bob comes back to the one that took the stopped one's place.
        join(&mut world, BOB, 1).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (3, 0));
        assert!(!told(&world, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}

#[test]
fn a_node_that_dies_takes_what_it_kept_with_it_and_this_is_said() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.kill(1);
        let bob = world.people[BOB].id;
        assert_eq!(told(&world, ANN).last(), Some(&Told::Reconnecting(bob)), "at once");
        join(&mut world, BOB, 2).await;
        assert_eq!(world.resets, 1);
        assert_eq!(told(&world, ANN).last(), Some(&Told::Resumed(bob)));
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut world).await;
        assert_eq!(signals(&told(&world, BOB)), 1);
    });
}

#[test]
fn whose_node_died_and_who_does_not_come_back_has_left_when_the_lease_ends() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.kill(1);
        for _ in 0..22 {
            world.pass(LEASE / 20).await;
        }
        assert!(matches!(told(&world, ANN).last(), Some(Told::Left(..))));
    });
}

#[test]
fn who_cannot_be_reached_is_not_said_to_have_been_told() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        let (from, to) = world.pair(0, 1);
        world.net.set_full(from, to, true);
        assert_eq!(world.signal(ANN, BOB), Some(Err(SignalError::Unavailable)));
        world.net.set_full(from, to, false);
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut world).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (1, 0));
    });
}

#[test]
fn a_third_gets_the_seat_of_one_on_another_node_who_does_not_answer() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets, Kind::Forgets], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let cy = 2;
        world.join(cy, 2, 0);
        deliver(&mut world).await;
        assert!(world.people[cy].at.is_none(), "both are alive");
        let bob = world.people[BOB].at.as_ref().unwrap().connection.clone();
        bob.die();
        world.pass(Duration::from_secs(2)).await;
        world.join(cy, 2, 0);
        for _ in 0..8 {
            deliver(&mut world).await;
            world.pass(Duration::from_millis(500)).await;
        }
        deliver(&mut world).await;
        assert!(world.people[cy].at.is_some() && bob.closed() == [CloseReason::Replaced]);
        assert!(bob.id() != world.people[cy].at.as_ref().unwrap().connection.id());
        let ids = [world.people[ANN].id, world.people[cy].id];
        assert_eq!(world.people[ANN].known.keys().collect::<Vec<_>>(), [&ids[1]]);
    });
}

#[test]
fn the_partner_hears_that_the_seat_of_a_dead_node_ended_before_its_holder_joins_again() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let former = world.people[BOB].id;
        world.kill(1);
        join(&mut world, BOB, 2).await;
        let told = told(&world, ANN);
        let [.., Told::Left(left, _), Told::Joined(joined)] = told[..] else { panic!("{told:?}") };
        assert_eq!((left, joined), (former, world.people[BOB].id));
        for _ in 0..4 * LEASE.as_secs() {
            world.pass(Duration::from_millis(500)).await;
            deliver(&mut world).await;
        }
        assert_eq!(world.people[ANN].known, [(joined, true)].into(), "and nothing more of the dead node");
    });
}

#[test]
fn an_unprotected_seat_of_a_node_that_drains_is_open_to_a_newcomer_at_once() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let start = tokio::time::Instant::now();
        world.stop(1);
        // Its connection is not known to have ended.
        join(&mut world, BOB, 2).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_seat_that_is_protected_during_a_probe_is_not_given_away() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets, Kind::Resumes], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let cy = 2;
        // The probe is on its way to Bob's node and does not get there.
        world.join(cy, 2, 0);
        world.settle().await;
        world.protect(BOB).await;
        for _ in 0..10 {
            world.pass(Duration::from_millis(500)).await;
            world.settle().await;
        }
        assert!(world.people[cy].at.is_none() && !world.is_joining(cy));
    });
}

#[test]
fn a_lease_runs_on_while_node_after_node_takes_the_seat_over() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.lose(BOB).await;
        let mut passed = Duration::ZERO;
        for node in [1, 2, 1, 2] {
            world.stop(node);
            for _ in 0..5 {
                world.pass(Duration::from_millis(500)).await;
                passed += Duration::from_millis(500);
                deliver(&mut world).await;
            }
        }
        assert_eq!(passed, LEASE);
        world.pass(Duration::from_secs(1)).await;
        deliver(&mut world).await;
        assert!(matches!(told(&world, ANN).last(), Some(Told::Left(..))), "{:?}", told(&world, ANN));
    });
}

#[test]
fn a_protected_seat_on_another_node_is_never_probed_or_given_away() {
    on_paused_time(async {
        let mut world = World::new(3, 3, 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let bob = world.people[BOB].at.as_ref().unwrap().connection.clone();
        bob.die();
        let cy = 2;
        for lost in [false, true] {
            if lost {
                world.lose(BOB).await;
            }
            world.join(cy, 2, 0);
            deliver(&mut world).await;
            assert!(world.people[cy].at.is_none() && !world.is_joining(cy), "refused at once");
        }
        assert_eq!(bob.probes(), 0);
        join(&mut world, BOB, 2).await;
    });
}

#[test]
fn a_claim_without_an_answer_costs_nobody_anything() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.lose(BOB).await;
        world.nodes[1].cluster.answer_is_lost.store(true, Ordering::Relaxed);
        world.join(BOB, 1, 0);
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut world).await;
        assert!(world.people[BOB].at.is_none(), "not possible at the moment");
        world.pass(Duration::from_millis(500)).await;
        join(&mut world, BOB, 2).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (1, 0));
        assert!(!told(&world, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}
