//! When nodes count as alive, lost and returned.

use std::time::{Duration, Instant};

use super::super::presence::{LOST_AFTER, NodePresence, NodePresenceChange};
use crate::core::{
    model::ids::NodeId,
    ports::clock::{Clock, SystemClock},
};

const BEAT: Duration = Duration::from_millis(500);

fn start() -> Instant {
    SystemClock.now()
}

#[test]
fn a_returned_and_a_lost_node_is_reported_once() {
    let (mut presence, now, ann) = (NodePresence::default(), start(), NodeId::random());
    let later = now + LOST_AFTER;
    assert_eq!(presence.update(&[ann], now), [NodePresenceChange::Returned(ann)]);
    assert_eq!(presence.update(&[ann], now + BEAT), []);
    assert_eq!(presence.update(&[], later), [NodePresenceChange::Lost(ann)]);
    assert_eq!(presence.update(&[], later + BEAT), []);
    assert!(!presence.is_alive(ann, later));
    assert_eq!(presence.update(&[ann], later + BEAT), [NodePresenceChange::Returned(ann)]);
    assert!(presence.is_alive(ann, later + BEAT));
}

#[test]
fn after_an_interruption_nodes_have_time_to_return() {
    let (mut presence, now, ann) = (NodePresence::default(), start(), NodeId::random());
    presence.update(&[ann], now);
    presence.interrupted();
    let back = now + LOST_AFTER * 10;
    assert!(presence.is_alive(ann, back), "during an interruption all nodes count as alive");
    assert_eq!(presence.update(&[], back), [], "the others may have been interrupted too");
    assert_eq!(presence.update(&[], back + BEAT), []);
    assert_eq!(presence.update(&[], back + LOST_AFTER), [NodePresenceChange::Lost(ann)]);
}

#[test]
fn an_unknown_node_counts_as_alive_for_a_moment() {
    let (mut presence, now, new) = (NodePresence::default(), start(), NodeId::random());
    presence.update(&[], now);
    let first = now + LOST_AFTER;
    assert!(presence.is_alive(new, first), "it may have started a moment ago");
    presence.update(&[], first + BEAT);
    assert!(presence.is_alive(new, first + BEAT));
    assert!(!presence.is_alive(new, first + LOST_AFTER));
    assert_eq!(presence.update(&[new], first + LOST_AFTER), [NodePresenceChange::Returned(new)]);
    assert!(presence.is_alive(new, first + LOST_AFTER));
}
