//! Seats that have ended while some nodes do not know it yet.

use std::sync::atomic::Ordering;

use tokio::task::yield_now;

use super::{
    NODES, Step, on_paused_time, play,
    simulation::{Kind, Simulation},
    take,
};
use crate::core::{model::event::LeaveReason, tests::support::Told};

const ANN: usize = 0;
const BOB: usize = 1;
const CY: usize = 2;

fn join(person: usize, node: usize) -> Step {
    Step::Join { person, node, how: 0 }
}

async fn take_all(sim: &mut Simulation, steps: impl IntoIterator<Item = Step>) {
    for step in steps {
        take(sim, &step).await;
    }
}

fn told(sim: &Simulation, person: usize) -> Vec<Told> {
    sim.people[person].at.as_ref().unwrap().connection.told()
}

/// The others that a participant knows.
fn known(sim: &Simulation, person: usize) -> Vec<usize> {
    let ids = sim.people[person].known.keys();
    ids.map(|id| sim.people.iter().position(|it| it.id == *id).expect("a participant with a seat")).collect()
}

#[test]
fn newcomer_does_not_meet_a_participant_whose_seat_was_taken_away() {
    on_paused_time(async {
        let people = [Kind::Resumes, Kind::Forgets, Kind::Resumes];
        let mut sim = Simulation::with(NODES, &people, 2, None);
        let deliver = |from, to| Step::Deliver { from, to, messages: 9 };
        let leave = |person| Step::Leave { person };
        take_all(&mut sim, [join(ANN, 0), join(BOB, 1), Step::DeliverAll, Step::DeliverAll]).await;
        take_all(&mut sim, [Step::Lose { person: BOB }, Step::DeliverAll]).await;
        // Takes the seat away. The second node, where Bob sat, does not hear of that.
        take_all(&mut sim, [join(CY, 2), deliver(2, 0), deliver(0, 2)]).await;
        assert_eq!((known(&sim, ANN), known(&sim, CY)), (vec![CY], vec![ANN]));
        take_all(&mut sim, [leave(ANN), leave(CY), deliver(2, 0), deliver(0, 2)]).await;
        take_all(&mut sim, [join(ANN, 0), join(BOB, 1), Step::Pass { ms: 1 }]).await;
        assert_eq!(known(&sim, BOB), [ANN]);
        take_all(&mut sim, [deliver(1, 0), Step::DeliverAll, Step::DeliverAll]).await;
        assert_eq!(told(&sim, ANN), [Told::Joined(sim.people[BOB].id)]);
        assert_eq!(told(&sim, BOB), []);
        sim.check_end().await;
    });
}

#[test]
fn claim_of_a_newcomer_does_not_close_the_connection_of_a_participant_that_leaves() {
    on_paused_time(async {
        let mut sim = Simulation::new(1, 3, 2, None);
        take_all(&mut sim, [join(ANN, 0), join(BOB, 0), Step::Pass { ms: 1 }]).await;
        let (bob, connection) = (sim.people[BOB].id, sim.people[BOB].at.as_ref().unwrap().connection.clone());
        sim.nodes[0].registry.release_waits.store(true, Ordering::Relaxed);
        let leaving = tokio::spawn(sim.begin_leave(BOB).unwrap());
        take_all(&mut sim, [Step::Pass { ms: 1 }, join(CY, 0), Step::Pass { ms: 1 }]).await;
        assert!(sim.people[CY].at.is_some(), "the seat is free already");
        sim.nodes[0].registry.release_waits.store(false, Ordering::Relaxed);
        leaving.await.unwrap();
        assert_eq!(connection.closed(), []);
        let left = Told::Left(bob, LeaveReason::Left);
        assert_eq!(told(&sim, CY), std::slice::from_ref(&left));
        assert!(told(&sim, ANN).contains(&left));
    });
}

#[test]
fn claim_that_the_registry_answers_before_it_has_a_lost_seat_back_does_not_end_that_seat() {
    on_paused_time(async {
        let mut sim = Simulation::new(NODES, 3, 3, None);
        take_all(&mut sim, [join(BOB, 1), join(ANN, 0), Step::DeliverAll, Step::DeliverAll]).await;
        take_all(&mut sim, [Step::Cut { node: 1, cut: true }, Step::Forget]).await;
        sim.nodes[1].registry.is_cut.store(false, Ordering::Relaxed);
        take_all(&mut sim, [join(CY, 1), Step::DeliverAll, Step::DeliverAll]).await;
        assert_eq!(sim.people[BOB].at.as_ref().unwrap().connection.closed(), []);
        assert_eq!(known(&sim, CY).len(), 2);
        sim.check_end().await;
    });
}

#[test]
fn seat_of_a_join_that_was_dropped_after_its_claim_ends_with_its_lease() {
    on_paused_time(async {
        let mut sim = Simulation::new(1, 2, 2, None);
        take_all(&mut sim, [join(BOB, 0), Step::Pass { ms: 1 }, Step::Lose { person: BOB }]).await;
        sim.join(BOB, 0, 0);
        yield_now().await;
        sim.give_up_join(BOB);
        let is_held = |sim: &Simulation| sim.nodes[0].hub.occupancy().participants == 1;
        take_all(&mut sim, [Step::Pass { ms: 1 }]).await;
        assert!(is_held(&sim));
        for _ in 0..3 {
            take_all(&mut sim, [Step::Pass { ms: 5_000 }]).await;
        }
        assert!(!is_held(&sim));
        sim.check_end().await;
    });
}

/// The participant left, and its next join failed.
#[test]
fn seat_that_a_node_restored_after_its_holder_left_is_released() {
    let leave = || Step::Leave { person: ANN };
    let full = Step::Full { from: 1, to: 2, full: true };
    let cut = Step::Cut { node: 1, cut: true };
    let mut steps = vec![join(BOB, 2), join(ANN, 2), full, join(ANN, 1), leave(), leave()];
    steps.extend([join(BOB, 0), leave(), cut, Step::Forget, join(ANN, 1)]);
    play(2, &steps, None);
}
