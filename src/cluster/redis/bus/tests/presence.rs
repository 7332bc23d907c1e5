//! Who is there, and when that is said.

use std::time::{Duration, Instant};

use super::super::presence::{GONE_AFTER, News, Presence};
use crate::core::{
    model::ids::NodeId,
    ports::clock::{Clock, SystemClock},
};

const BEAT: Duration = Duration::from_millis(500);

fn start() -> Instant {
    SystemClock.now()
}

#[test]
fn who_comes_and_who_goes_is_news_once() {
    let (mut presence, now, ann) = (Presence::default(), start(), NodeId::random());
    let later = now + GONE_AFTER;
    assert_eq!(presence.heard(&[ann], now), [News::NodeReturned(ann)]);
    assert_eq!(presence.heard(&[ann], now + BEAT), []);
    assert_eq!(presence.heard(&[], later), [News::NodeLost(ann)]);
    assert_eq!(presence.heard(&[], later + BEAT), []);
    assert!(!presence.is_alive(ann, later));
    assert_eq!(presence.heard(&[ann], later + BEAT), [News::NodeReturned(ann)]);
    assert!(presence.is_alive(ann, later + BEAT));
}

#[test]
fn whoever_was_cut_off_says_of_nobody_that_they_are_gone() {
    let (mut presence, now, ann) = (Presence::default(), start(), NodeId::random());
    presence.heard(&[ann], now);
    presence.interrupted();
    let back = now + GONE_AFTER * 10;
    assert!(presence.is_alive(ann, back), "nobody is known to be gone");
    assert_eq!(presence.heard(&[], back), [], "others may have been cut off as well, and not be back yet");
    assert_eq!(presence.heard(&[], back + BEAT), []);
    assert_eq!(presence.heard(&[], back + GONE_AFTER), [News::NodeLost(ann)]);
}

#[test]
fn a_node_that_is_not_heard_of_yet_counts_as_there_for_a_while() {
    let (mut presence, now, new) = (Presence::default(), start(), NodeId::random());
    presence.heard(&[], now);
    let first = now + GONE_AFTER;
    assert!(presence.is_alive(new, first), "it may have begun a moment ago");
    presence.heard(&[], first + BEAT);
    assert!(presence.is_alive(new, first + BEAT));
    assert!(!presence.is_alive(new, first + GONE_AFTER));
    assert_eq!(presence.heard(&[new], first + GONE_AFTER), [News::NodeReturned(new)]);
    assert!(presence.is_alive(new, first + GONE_AFTER));
}
