//! Two participants on two nodes that move, step by step.

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
fn participants_on_two_nodes_see_joins_signals_and_leaves() {
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
fn reconnect_on_another_node_replays_missed_events() {
    on_paused_time(async {
        let mut world = two_on_two_nodes().await;
        world.lose(BOB).await;
        for _ in 0..5 {
            assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        }
        // Ann's signals are on their way to Bob's former node.
        join(&mut world, BOB, 2).await;
        assert_eq!(world.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut world).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (6, 0));
    });
}

#[test]
fn move_closes_the_connection_on_the_former_node() {
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
fn drain_migrates_the_mailboxes_of_absent_participants() {
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
        // Bob returns to the node that took the place of the stopped one, wherever his mailbox is.
        join(&mut world, BOB, 1).await;
        assert_eq!((signals(&told(&world, BOB)), world.resets), (3, 0));
        assert!(!told(&world, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}

#[test]
fn death_of_a_node_resets_its_participants() {
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
fn participant_of_a_dead_node_leaves_when_its_lease_ends() {
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
fn full_node_bus_refuses_a_signal() {
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
fn newcomer_gets_the_seat_of_a_dead_unprotected_holder_on_another_node() {
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
fn end_of_a_seat_on_a_dead_node_is_told_before_its_holder_joins_again() {
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
fn unprotected_seat_of_a_draining_node_is_open_to_newcomers_at_once() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let start = tokio::time::Instant::now();
        world.stop(1);
        // The end of its connection is not known yet.
        join(&mut world, BOB, 2).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn seat_protected_during_a_probe_stays_with_its_holder() {
    on_paused_time(async {
        let mut world = World::with(3, &[Kind::Resumes, Kind::Forgets, Kind::Resumes], 2, None);
        join(&mut world, ANN, 0).await;
        join(&mut world, BOB, 1).await;
        let cy = 2;
        // The probe does not reach Bob's node.
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
fn lease_continues_over_repeated_take_overs() {
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
fn protected_seat_on_another_node_is_neither_probed_nor_taken() {
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
fn claim_without_an_answer_loses_no_event() {
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
