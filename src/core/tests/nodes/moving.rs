//! Two participants on two nodes that move, step by step.

use std::{sync::atomic::Ordering, time::Duration};

use super::{
    on_paused_time,
    simulation::{Kind, LEASE, Simulation},
};
use crate::core::{
    model::error::SignalError,
    ports::connection::{CloseReason, Connection},
    tests::support::Told,
};

const ANN: usize = 0;
const BOB: usize = 1;

async fn deliver(sim: &mut Simulation) {
    sim.run_ready_tasks().await;
    while sim.net.deliver_all() {
        sim.run_ready_tasks().await;
    }
}

async fn join(sim: &mut Simulation, person: usize, node: usize) {
    sim.join(person, node, 0);
    deliver(sim).await;
    deliver(sim).await;
    assert!(sim.people[person].at.is_some());
}

/// Ann on the first node, Bob on the second.
async fn two_on_two_nodes() -> Simulation {
    let mut sim = Simulation::new(3, 2, 2, None);
    join(&mut sim, ANN, 0).await;
    join(&mut sim, BOB, 1).await;
    sim
}

fn told(sim: &Simulation, person: usize) -> Vec<Told> {
    sim.people[person].at.as_ref().unwrap().connection.told()
}

fn signals(told: &[Told]) -> usize {
    told.iter().filter(|told| matches!(told, Told::Signal { .. })).count()
}

#[test]
fn participants_on_two_nodes_see_joins_signals_and_leaves() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        let bob = sim.people[BOB].id;
        for _ in 0..3 {
            assert_eq!(sim.signal(BOB, ANN), Some(Ok(())));
        }
        deliver(&mut sim).await;
        sim.lose(BOB).await;
        deliver(&mut sim).await;
        join(&mut sim, BOB, 1).await;
        sim.leave(BOB).await;
        deliver(&mut sim).await;
        let news = told(&sim, ANN);
        assert_eq!(signals(&news), 3);
        assert_eq!(news.first(), Some(&Told::Joined(bob)));
        assert!(matches!(news[4..], [Told::Reconnecting(_), Told::Resumed(_), Told::Left(..)]));
    });
}

#[test]
fn reconnect_on_another_node_replays_missed_events() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.lose(BOB).await;
        for _ in 0..5 {
            assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        }
        // Ann's signals are on their way to Bob's former node.
        join(&mut sim, BOB, 2).await;
        assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut sim).await;
        assert_eq!((signals(&told(&sim, BOB)), sim.resets), (6, 0));
    });
}

#[test]
fn move_closes_the_connection_on_the_former_node() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        let former = sim.people[BOB].at.as_ref().unwrap().connection.clone();
        join(&mut sim, BOB, 0).await;
        assert_eq!(former.closed(), [CloseReason::Replaced]);
        assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        assert_eq!(sim.signal(BOB, ANN), Some(Ok(())));
        sim.run_ready_tasks().await;
        assert_eq!((signals(&told(&sim, BOB)), signals(&told(&sim, ANN))), (1, 1));
        assert!(!told(&sim, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}

#[test]
fn drain_migrates_the_mailboxes_of_absent_participants() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.stop(1);
        sim.run_ready_tasks().await;
        for _ in 0..3 {
            assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        }
        for _ in 0..4 {
            deliver(&mut sim).await;
            sim.pass(Duration::from_millis(300)).await;
        }
        // Bob returns to the node that took the place of the stopped one, wherever his mailbox is.
        join(&mut sim, BOB, 1).await;
        assert_eq!((signals(&told(&sim, BOB)), sim.resets), (3, 0));
        assert!(!told(&sim, ANN).iter().any(|told| matches!(told, Told::Left(..))));
    });
}

#[test]
fn death_of_a_node_resets_its_participants() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.kill(1);
        let bob = sim.people[BOB].id;
        assert_eq!(told(&sim, ANN).last(), Some(&Told::Reconnecting(bob)), "at once");
        join(&mut sim, BOB, 2).await;
        assert_eq!(sim.resets, 1);
        assert_eq!(told(&sim, ANN).last(), Some(&Told::Resumed(bob)));
        assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut sim).await;
        assert_eq!(signals(&told(&sim, BOB)), 1);
    });
}

#[test]
fn signal_after_the_return_from_a_dead_node_arrives() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.kill(1);
        sim.join(BOB, 2, 0);
        sim.run_ready_tasks().await;
        assert!(sim.is_joining(BOB), "Ann's node would still send to the dead one");
        deliver(&mut sim).await;
        assert!(!sim.is_joining(BOB));
        assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut sim).await;
        assert_eq!(signals(&told(&sim, BOB)), 1);
    });
}

#[test]
fn participant_of_a_dead_node_leaves_when_its_lease_ends() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.kill(1);
        for _ in 0..22 {
            sim.pass(LEASE / 20).await;
        }
        assert!(matches!(told(&sim, ANN).last(), Some(Told::Left(..))));
    });
}

#[test]
fn full_node_bus_refuses_a_signal() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        let (from, to) = sim.pair(0, 1);
        sim.net.set_full(from, to, true);
        assert_eq!(sim.signal(ANN, BOB), Some(Err(SignalError::Unavailable)));
        sim.net.set_full(from, to, false);
        assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
        deliver(&mut sim).await;
        assert_eq!((signals(&told(&sim, BOB)), sim.resets), (1, 0));
    });
}

#[test]
fn newcomer_gets_the_seat_of_a_dead_unprotected_holder_on_another_node() {
    on_paused_time(async {
        let mut sim = Simulation::with(3, &[Kind::Resumes, Kind::Forgets, Kind::Forgets], 2, None);
        join(&mut sim, ANN, 0).await;
        join(&mut sim, BOB, 1).await;
        let cy = 2;
        sim.join(cy, 2, 0);
        deliver(&mut sim).await;
        assert!(sim.people[cy].at.is_none(), "both are alive");
        let bob = sim.people[BOB].at.as_ref().unwrap().connection.clone();
        bob.die();
        sim.pass(Duration::from_secs(2)).await;
        sim.join(cy, 2, 0);
        for _ in 0..8 {
            deliver(&mut sim).await;
            sim.pass(Duration::from_millis(500)).await;
        }
        deliver(&mut sim).await;
        assert!(sim.people[cy].at.is_some() && bob.closed() == [CloseReason::Replaced]);
        assert!(bob.id() != sim.people[cy].at.as_ref().unwrap().connection.id());
        let ids = [sim.people[ANN].id, sim.people[cy].id];
        assert_eq!(sim.people[ANN].known.keys().collect::<Vec<_>>(), [&ids[1]]);
    });
}

#[test]
fn end_of_a_seat_on_a_dead_node_is_told_before_its_holder_joins_again() {
    on_paused_time(async {
        let mut sim = Simulation::with(3, &[Kind::Resumes, Kind::Forgets], 2, None);
        join(&mut sim, ANN, 0).await;
        join(&mut sim, BOB, 1).await;
        let former = sim.people[BOB].id;
        sim.kill(1);
        join(&mut sim, BOB, 2).await;
        let told = told(&sim, ANN);
        let [.., Told::Left(left, _), Told::Joined(joined)] = told[..] else { panic!("{told:?}") };
        assert_eq!((left, joined), (former, sim.people[BOB].id));
        for _ in 0..4 * LEASE.as_secs() {
            sim.pass(Duration::from_millis(500)).await;
            deliver(&mut sim).await;
        }
        assert_eq!(sim.people[ANN].known, [(joined, true)].into(), "and nothing more of the dead node");
    });
}

#[test]
fn unprotected_seat_of_a_draining_node_is_open_to_newcomers_at_once() {
    on_paused_time(async {
        let mut sim = Simulation::with(3, &[Kind::Resumes, Kind::Forgets], 2, None);
        join(&mut sim, ANN, 0).await;
        join(&mut sim, BOB, 1).await;
        let start = tokio::time::Instant::now();
        sim.stop(1);
        // The end of its connection is not known yet.
        join(&mut sim, BOB, 2).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn seat_protected_during_a_probe_stays_with_its_holder() {
    on_paused_time(async {
        let mut sim = Simulation::with(3, &[Kind::Resumes, Kind::Forgets, Kind::Resumes], 2, None);
        join(&mut sim, ANN, 0).await;
        join(&mut sim, BOB, 1).await;
        let cy = 2;
        // The probe does not reach Bob's node.
        sim.join(cy, 2, 0);
        sim.run_ready_tasks().await;
        sim.protect(BOB).await;
        for _ in 0..10 {
            sim.pass(Duration::from_millis(500)).await;
            sim.run_ready_tasks().await;
        }
        assert!(sim.people[cy].at.is_none() && !sim.is_joining(cy));
    });
}

#[test]
fn lease_continues_over_repeated_take_overs() {
    on_paused_time(async {
        let mut sim = two_on_two_nodes().await;
        sim.lose(BOB).await;
        let mut passed = Duration::ZERO;
        for node in [1, 2, 1, 2] {
            sim.stop(node);
            for _ in 0..5 {
                sim.pass(Duration::from_millis(500)).await;
                passed += Duration::from_millis(500);
                deliver(&mut sim).await;
            }
        }
        assert_eq!(passed, LEASE);
        sim.pass(Duration::from_secs(1)).await;
        deliver(&mut sim).await;
        assert!(matches!(told(&sim, ANN).last(), Some(Told::Left(..))), "{:?}", told(&sim, ANN));
    });
}

#[test]
fn protected_seat_on_another_node_is_neither_probed_nor_taken() {
    on_paused_time(async {
        let mut sim = Simulation::new(3, 3, 2, None);
        join(&mut sim, ANN, 0).await;
        join(&mut sim, BOB, 1).await;
        let bob = sim.people[BOB].at.as_ref().unwrap().connection.clone();
        bob.die();
        let cy = 2;
        for lost in [false, true] {
            if lost {
                sim.lose(BOB).await;
            }
            sim.join(cy, 2, 0);
            deliver(&mut sim).await;
            assert!(sim.people[cy].at.is_none() && !sim.is_joining(cy), "refused at once");
        }
        assert_eq!(bob.probes(), 0);
        join(&mut sim, BOB, 2).await;
    });
}

/// Ann on the first of these nodes, Bob on the last, who joins it again without an answer.
async fn bob_without_an_answer(nodes: usize) -> Simulation {
    let mut sim = Simulation::new(nodes, 2, 2, None);
    join(&mut sim, ANN, 0).await;
    join(&mut sim, BOB, nodes - 1).await;
    sim.lose(BOB).await;
    sim.nodes[nodes - 1].registry.answer_is_lost.store(true, Ordering::Relaxed);
    sim.join(BOB, nodes - 1, 0);
    assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
    deliver(&mut sim).await;
    assert!(sim.people[BOB].at.is_none(), "not possible at the moment");
    sim
}

#[test]
fn claim_without_an_answer_loses_no_event_on_the_only_node() {
    on_paused_time(async {
        for ms in [0, 500] {
            let mut sim = bob_without_an_answer(1).await;
            sim.pass(Duration::from_millis(ms)).await;
            join(&mut sim, BOB, 0).await;
            assert_eq!((signals(&told(&sim, BOB)), sim.resets), (1, 0));
            assert!(!told(&sim, ANN).iter().any(|told| matches!(told, Told::Left(..))));
        }
    });
}

#[test]
fn claim_without_an_answer_is_a_reset_with_other_nodes() {
    on_paused_time(async {
        for (ms, node) in [(0, 1), (500, 1), (0, 0), (500, 0)] {
            let mut sim = bob_without_an_answer(2).await;
            sim.pass(Duration::from_millis(ms)).await;
            join(&mut sim, BOB, node).await;
            assert_eq!(sim.resets, 1, "told once");
            assert_eq!(sim.signal(ANN, BOB), Some(Ok(())));
            deliver(&mut sim).await;
            assert_eq!(signals(&told(&sim, BOB)), 1);
            assert!(!told(&sim, ANN).iter().any(|told| matches!(told, Told::Left(..))));
        }
    });
}
