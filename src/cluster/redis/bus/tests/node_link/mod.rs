//! Two nodes and a network between them that loses, delays and reorders frames.
//!
//! Every message arrives once and in order, or its loss is reported. Faulty implementations must fail the
//! same checks.

mod linked_nodes;

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{Config, TestError, TestRunner},
};

use self::linked_nodes::{Defect, LinkedNodes, Outcome, Received, Step, message_to, steps};
use crate::{
    cluster::redis::bus::{
        node_link::NodeLinks,
        outbound::{MAX_PER_PARTICIPANT, MAX_QUEUED, MAX_QUEUED_WITH_SEATS},
    },
    core::{
        model::ids::{NodeId, ParticipantId},
        ports::{
            clock::{Clock, SystemClock},
            node_bus::{BusFull, NodeMessage},
        },
    },
};

fn run(steps: &[Step], defect: Defect) -> Outcome {
    let mut pair = LinkedNodes::new(defect);
    for step in steps {
        pair.apply(step);
        pair.check(false)?;
    }
    pair.heal()?;
    pair.check(true)
}

fn search(times: u32, discards: bool, defect: Defect) -> Result<(), TestError<impl std::fmt::Debug>> {
    let max_shrink_iters = if defect == Defect::None { 2_000 } else { 0 };
    let cases = times * Config::default().cases;
    let config = Config { cases, failure_persistence: None, max_shrink_iters, ..Config::default() };
    TestRunner::new(config).run(&steps(discards), |steps| run(&steps, defect))
}

#[test]
fn messages_arrive_once_and_in_order() {
    if let Err(failure) = search(4, false, Defect::None) {
        panic!("{failure}");
    }
}

#[test]
fn no_loss_is_reported_unless_messages_were_discarded() {
    let cases = 2 * Config::default().cases;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&steps(false), |steps| {
        let mut pair = LinkedNodes::new(Defect::None);
        for step in &steps {
            pair.apply(step);
        }
        pair.heal()?;
        prop_assert!(pair.nodes.iter().all(|node| !node.received.contains(&Received::Loss)));
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

#[test]
fn discarded_messages_are_reported_as_lost() {
    if let Err(failure) = search(4, true, Defect::None) {
        panic!("{failure}");
    }
}

#[test]
fn every_defect_is_found() {
    let defects = [
        Defect::AcceptsRepeated,
        Defect::IgnoresResend,
        Defect::IgnoresWantsAck,
        Defect::IgnoresLoss,
        Defect::IgnoresGaps,
    ];
    for defect in defects {
        assert!(search(8, true, defect).is_err(), "{defect:?}");
    }
}

#[test]
fn the_queue_is_limited_per_participant_and_in_total_and_seats_get_through() {
    let (now, other) = (SystemClock.now(), NodeId::random());
    let mut links = NodeLinks::new(NodeId::random());
    let mut fill = |participant: &dyn Fn() -> ParticipantId| {
        let mut bytes = 0;
        while links.push(other, &message_to(participant(), 1, 10_000), now) == Ok(()) {
            bytes += 10_000;
        }
        bytes
    };
    let ann = ParticipantId::random();
    let for_one = fill(&|| ann);
    assert!((MAX_PER_PARTICIPANT - 20_000..MAX_PER_PARTICIPANT).contains(&for_one), "{for_one}");
    let for_all = for_one + fill(&ParticipantId::random);
    assert!((MAX_QUEUED * 9 / 10..MAX_QUEUED).contains(&for_all), "{for_all}");
    let mut control = 0;
    while links.push(other, &NodeMessage::Answer { request: 1, yes: true }, now) != Err(BusFull) {
        control += 14;
    }
    assert!(
        (MAX_QUEUED_WITH_SEATS - MAX_QUEUED..MAX_QUEUED_WITH_SEATS - MAX_QUEUED * 9 / 10).contains(&control),
        "{control}"
    );
}

#[test]
fn messages_sent_together_share_a_frame() {
    let mut pair = LinkedNodes::new(Defect::None);
    (0..100).for_each(|_| pair.send(0, 10));
    pair.publish(0);
    assert_eq!(pair.nodes[1].incoming.len(), 1);
    pair.deliver(1);
    assert!(pair.publish(1), "that many messages are acknowledged at once");
    pair.deliver(0);
    assert_eq!(pair.nodes[0].links.due(pair.now), None, "all messages are acknowledged");
}

#[test]
fn a_lost_node_gets_no_frames_until_it_returns() {
    let mut pair = LinkedNodes::new(Defect::None);
    pair.send(0, 10);
    pair.publish(0);
    pair.nodes[1].incoming.clear();
    let (now, links) = (pair.now, &mut pair.nodes[0].links);
    assert!(!links.are_flushed());
    links.update_liveness(|_| false, now);
    assert!(links.are_flushed(), "a flush does not wait for a lost node");
    assert_eq!(links.due(now), None);
    links.update_liveness(|_| true, now + Duration::from_secs(30));
    pair.now += Duration::from_secs(30);
    assert!(!pair.nodes[0].links.are_flushed());
    pair.heal().unwrap();
    assert_eq!(pair.nodes[1].received, [Received::Message(1)]);
    assert!(pair.nodes[0].links.are_flushed());
}
