//! Schedules that broke a promise once, as the property tests found them.

use super::{CLIENTS, NODES, Step, on_paused_time, play, play_in_order, simulation::Simulation, take};

#[test]
fn mailbox_given_up_during_a_move_is_a_reset_on_every_node() {
    let go = |person, node| Step::Join { person, node, how: 0 };
    let in_vain = Step::Pass { ms: 2_000 };
    play(3, &[go(3, 2), go(3, 0), in_vain, go(3, 1), go(3, 2), go(3, 1), go(0, 0)], None);
}

#[test]
fn claim_without_an_answer_protects_the_seat_from_a_drain() {
    let join = |person, node, how| Step::Join { person, node, how };
    let (pass, stop) = (|ms| Step::Pass { ms }, |node| Step::Stop { node });
    let mut steps = vec![join(3, 1, 1), Step::LoseAnswer { node: 1 }, join(3, 1, 0)];
    steps.extend([1, 3_322, 744, 2_440, 93].map(pass));
    steps.extend([stop(0), join(0, 0, 0), stop(1), pass(2_901), stop(0)]);
    play(2, &steps, None);
}

#[test]
fn seat_taken_away_while_the_registry_forgets_it_is_free_at_once() {
    on_paused_time(async {
        let mut sim = Simulation::with(NODES, &CLIENTS, 2, None);
        let join = |person, node| Step::Join { person, node, how: 0 };
        let mut steps = vec![join(2, 0), join(0, 0), join(1, 1), Step::Leave { person: 0 }];
        steps.extend([Step::Pass { ms: 3_500 }, Step::Forget, Step::Protect { person: 2 }, Step::DeliverAll]);
        steps.extend([join(0, 0), join(3, 1)]);
        for step in steps {
            take(&mut sim, &step).await;
        }
        let seated: Vec<_> = sim.people.iter().map(|person| person.at.is_some()).collect();
        assert_eq!(seated, [true, true, false, false], "two seats, each held by a participant");
    });
}

/// The registry forgets a stay and gets it back after a later one, on another node.
#[test]
fn event_number_of_a_later_stay_does_not_resume_a_former_one() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let cut = |cut| Step::Cut { node: 1, cut };
    let mut steps = vec![join(0, 1), cut(true), join(1, 0), Step::Forget, join(0, 2)];
    steps.extend([Step::Kill { node: 2 }, Step::Forget, cut(false), join(0, 0)]);
    play(2, &steps, None);
}

/// Between its listing here and the claim without an answer, the seat was on another node.
#[test]
fn listing_older_than_a_claim_without_an_answer_is_not_continued() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let lose_answer = Step::LoseAnswer { node: 1 };
    play(3, &[join(0, 0), join(1, 1), join(1, 0), lose_answer, join(1, 1), join(1, 1)], None);
}

#[test]
fn mailbox_requested_before_a_claim_without_an_answer_is_not_restored() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let (lose_answer, full) = (Step::LoseAnswer { node: 2 }, Step::Full { from: 1, to: 2, full: true });
    let mut steps = vec![join(0, 0), join(0, 2), full, join(0, 1), lose_answer, join(0, 2)];
    steps.extend([join(1, 1), join(0, 2)]);
    play(3, &steps, None);
}

#[test]
fn claim_without_an_answer_after_a_stay_on_another_node_is_not_continued() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let (lose_answer, cut) = (Step::LoseAnswer { node: 1 }, Step::Cut { node: 0, cut: true });
    let mut steps = vec![join(0, 0), join(1, 1), join(1, 0), cut, lose_answer, join(1, 1)];
    steps.extend([Step::Pass { ms: 2_000 }, join(1, 1)]);
    play(3, &steps, None);
}

#[test]
fn mailbox_tells_the_streams_of_the_others() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let signal = Step::Signal { from: 1, to: 0 };
    // The second stream of the first participant.
    let mut steps = vec![join(0, 0), join(1, 2), Step::Kill { node: 0 }, join(0, 2), Step::Pass { ms: 1 }];
    steps.extend([join(0, 0), signal.clone(), join(1, 1), Step::DeliverAll]);
    steps.extend([Step::Deliver { from: 2, to: 1, messages: 1 }, join(0, 0), signal]);
    play(2, &steps, None);
}

#[test]
fn loss_while_the_mailbox_is_on_its_way_is_a_reset() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let signal = Step::Signal { from: 1, to: 0 };
    let mut steps = vec![join(0, 0), Step::Kill { node: 0 }, join(0, 0), join(1, 1), join(0, 2)];
    steps.extend([signal.clone(), Step::Deliver { from: 2, to: 1, messages: 1 }, signal]);
    steps.push(Step::Tear { from: 1, to: 2 });
    play(2, &steps, None);
}

/// The answer to a join is lost, and the next join is a second reset.
#[test]
fn stream_of_a_second_reset_is_told_to_the_others() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let pass = Step::Pass { ms: 50 };
    let mut steps = vec![join(0, 2), join(2, 0), join(0, 0), pass.clone(), join(0, 2), pass, join(0, 2)];
    steps.extend([Step::DeliverAll, Step::DeliverAll, Step::Signal { from: 2, to: 0 }]);
    play_in_order(&steps);
}

/// The registry forgets a claim of a node that it cannot reach.
#[test]
fn listing_older_than_a_forgotten_claim_is_not_continued() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let mut steps = vec![join(0, 0), join(1, 1), join(1, 0), Step::Cut { node: 0, cut: true }];
    steps.extend([Step::Forget, join(1, 1), Step::Pass { ms: 2_000 }, Step::Pass { ms: 1 }]);
    play(3, &steps, None);
}

/// The node that told the stream died, the client had no answer, and the registry forgot that claim.
#[test]
fn stream_that_only_others_know_is_not_continued() {
    let join = |person, node| Step::Join { person, node, how: 0 };
    let mut steps = vec![join(0, 0), Step::Silent { from: 2, to: 1, silent: true }, join(1, 2), join(1, 1)];
    steps.extend([
        Step::Deliver { from: 1, to: 0, messages: 1 },
        Step::Kill { node: 1 },
        Step::Forget,
        join(2, 0),
    ]);
    steps.extend([Step::Cut { node: 0, cut: false }, join(2, 0), join(1, 2), Step::Forget, join(1, 1)]);
    play(2, &steps, None);
}
