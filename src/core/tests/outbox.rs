//! The outbox delivers events in order and once, or tells a reset.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::support::{Recorder, Told, name};
use crate::core::{
    delivery::{
        outbox::{ARRIVED_AFTER, Outbox},
        replay_buffer::{AWAY, CONNECTED},
    },
    model::{
        event::{Event, Signal, SignalKind},
        ids::ParticipantId,
    },
    ports::connection::CloseReason,
};

fn signal(payload: impl Into<Bytes>) -> Event {
    Event::Signal(Signal {
        from: ParticipantId::random(),
        name: name("Ann"),
        kind: SignalKind::Candidate,
        payload: payload.into(),
    })
}

fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

fn payloads(told: &[Told]) -> Vec<Vec<u8>> {
    told.iter()
        .map(|told| match told {
            Told::Signal { payload, .. } => payload.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn resume_with_received_replays_what_the_dead_connection_swallowed() {
    let mut outbox = Outbox::default();
    let dead = Recorder::new();
    outbox.attach(dead.clone());
    for payload in ["1", "2", "3"] {
        outbox.push(signal(payload), now());
    }
    outbox.detach();
    outbox.push(signal("4"), now());

    assert!(outbox.resume(Some(1)));
    let back = Recorder::new();
    outbox.attach(back.clone());
    outbox.push(signal("5"), now());
    assert_eq!(payloads(&back.told()), [b"2", b"3", b"4", b"5"]);
    assert_eq!(back.seqs(), [2, 3, 4, 5]);
}

#[test]
fn resume_without_received_replays_events_after_the_loss() {
    let mut outbox = Outbox::default();
    outbox.attach(Recorder::new());
    outbox.push(signal("1"), now());
    outbox.detach();
    outbox.push(signal("2"), now());

    assert!(outbox.resume(None));
    let back = Recorder::new();
    outbox.attach(back.clone());
    assert_eq!(payloads(&back.told()), [b"2"]);
}

#[test]
fn received_beyond_the_last_event_is_a_reset() {
    let mut outbox = Outbox::default();
    outbox.push(signal("1"), now());
    assert!(!outbox.resume(Some(9)));
    let back = Recorder::new();
    outbox.attach(back.clone());
    outbox.push(signal("2"), now());
    assert_eq!(back.seqs(), [2]);
}

#[test]
fn old_events_on_a_live_connection_are_dropped() {
    let mut outbox = Outbox::default();
    outbox.attach(Recorder::new());
    outbox.push(signal("1"), now());
    outbox.forget_arrived(now() + ARRIVED_AFTER);
    assert!(!outbox.resume(Some(0)));
    assert!(outbox.resume(Some(1)));
}

#[test]
fn slow_connection_is_closed_and_its_events_are_replayed() {
    let mut outbox = Outbox::default();
    let slow = Recorder::new();
    outbox.attach(slow.clone());
    outbox.push(signal("1"), now());
    slow.stop_reading();
    outbox.push(signal("2"), now());
    outbox.push(signal("3"), now());
    assert_eq!(slow.closed(), [CloseReason::TooSlow]);

    outbox.detach();
    assert!(outbox.resume(None));
    let back = Recorder::new();
    outbox.attach(back.clone());
    assert_eq!(payloads(&back.told()), [b"2", b"3"]);
}

#[test]
fn replay_buffer_of_a_connected_participant_keeps_the_latest() {
    let mut outbox = Outbox::default();
    outbox.attach(Recorder::new());
    let count = 3 * CONNECTED.events as u64;
    for number in 1..=count {
        outbox.push(signal(number.to_string()), now());
    }
    outbox.detach();
    let received = count - CONNECTED.events as u64;
    assert!(outbox.resume(Some(received)));
    let back = Recorder::new();
    outbox.attach(back.clone());
    let expected: Vec<_> = (received + 1..=count).map(|number| number.to_string().into_bytes()).collect();
    assert_eq!(payloads(&back.told()), expected);
}

proptest! {
    /// However much is sent to an absent participant: memory is bounded, and the replay is complete or a
    /// reset.
    #[test]
    fn overflow_while_away_is_a_reset(
        sizes in prop::collection::vec(0..20_000_usize, 0..700),
        received in prop::option::of(0..700_u64),
    ) {
        let mut outbox = Outbox::default();
        for size in &sizes {
            outbox.push(signal(vec![0; *size]), now() + Duration::from_secs(1));
        }
        let complete = outbox.resume(received);
        let back = Recorder::new();
        outbox.attach(back.clone());
        let all = sizes.len() as u64;
        let first = if complete { received.unwrap_or(0) + 1 } else { all + 1 };
        let expected: Vec<u64> = (first..=all).collect();
        prop_assert_eq!(back.seqs(), expected);
        let kept: usize = payloads(&back.told()).iter().map(Vec::len).sum();
        prop_assert!(kept <= AWAY.bytes && back.told().len() <= AWAY.events);
        if sizes.iter().sum::<usize>() + sizes.len() * 512 < AWAY.bytes && sizes.len() <= AWAY.events {
            prop_assert_eq!(complete, received.unwrap_or(0) <= all);
        }
    }
}

#[test]
fn reset_is_told_again_until_a_connection_is_attached() {
    let mut outbox = Outbox::default();
    let connection = Recorder::new();
    outbox.attach(connection.clone());
    outbox.push(signal("1"), now());
    outbox.reset();
    outbox.push(signal("2"), now());
    assert_eq!(connection.closed(), [CloseReason::TooSlow]);
    assert_eq!(payloads(&connection.told()), [b"1"]);
    outbox.detach();
    assert!(!outbox.resume(Some(1)) && !outbox.resume(Some(2)), "the first answer may not have arrived");
    let back = Recorder::new();
    outbox.attach(back.clone());
    outbox.push(signal("3"), now());
    assert_eq!(payloads(&back.told()), [b"3"]);
    assert!(outbox.resume(Some(3)));
}

#[test]
fn outbox_continues_from_its_parts_unless_events_are_lost() {
    let mut outbox = Outbox::default();
    for payload in ["1", "2", "3"] {
        outbox.push(signal(payload), now());
    }
    let (events, last, taken) = outbox.into_parts().unwrap();
    let mut continued = Outbox::from_parts(events, last, taken, now());
    assert!(continued.resume(Some(1)));
    let back = Recorder::new();
    continued.attach(back.clone());
    assert_eq!((payloads(&back.told()), back.seqs()), (vec![b"2".to_vec(), b"3".to_vec()], vec![2, 3]));
    continued.reset();
    assert!(continued.into_parts().is_none());
}

#[test]
fn loss_after_an_answered_join_closes_the_new_connection() {
    let mut outbox = Outbox::default();
    outbox.push(signal("1"), now());
    assert!(outbox.resume(Some(0)));
    outbox.reset();
    let too_early = Recorder::new();
    outbox.attach(too_early.clone());
    outbox.push(signal("2"), now());
    assert_eq!((too_early.told().len(), too_early.closed()), (0, vec![CloseReason::TooSlow]));
    assert!(!outbox.resume(Some(0)), "now they are told");
    let back = Recorder::new();
    outbox.attach(back.clone());
    outbox.push(signal("3"), now());
    assert_eq!((payloads(&back.told()), back.closed()), (vec![b"3".to_vec()], vec![]));
}
