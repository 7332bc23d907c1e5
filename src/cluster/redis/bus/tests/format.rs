//! Frames and messages survive a round trip, and malformed ones do no harm.

use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, option, prelude::*};

use super::super::{
    frame::{self, HEAD, Head},
    message,
};
use crate::core::{
    model::{
        event::{ChatMessage, Event, LeaveReason, Numbered, Signal, SignalKind},
        ids::{Epoch, Name, NodeId, ParticipantId, RoomId},
        mailbox::{Mailbox, PairSeq},
        roster::RosterEntry,
        seat_table::{Claim, RoomPolicy, Seat, SeatKey},
    },
    ports::{
        clock::{Clock, SystemClock},
        node_bus::{NodeMessage, NodeSeat},
    },
};

fn participant() -> impl Strategy<Value = ParticipantId> {
    any::<[u8; 16]>().prop_map(ParticipantId::from_bytes)
}

fn name() -> impl Strategy<Value = Name> {
    "[a-zα-ω علي'.]{1,40}".prop_filter_map("only blanks", |text| text.parse().ok())
}

fn room() -> impl Strategy<Value = RoomId> {
    let local = "[0-9a-zé ]{0,40}[0-9a-z]";
    prop_oneof![
        local.prop_map(|text| text.parse().unwrap()),
        (local, "[a-z]{1,8}").prop_map(|(text, door)| RoomId::within(&door, &format!("{text}/..")).unwrap()),
    ]
}

fn reason() -> impl Strategy<Value = LeaveReason> {
    prop::sample::select(vec![LeaveReason::Left, LeaveReason::LeaseEnded, LeaveReason::NotAlive])
}

fn signal() -> impl Strategy<Value = Signal> {
    let kinds = [SignalKind::Offer, SignalKind::Answer, SignalKind::Candidate, SignalKind::Other];
    let kind = prop::sample::select(kinds.to_vec());
    (participant(), name(), kind, vec(any::<u8>(), 0..300)).prop_map(|(from, name, kind, payload)| Signal {
        from,
        name,
        kind,
        payload: payload.into(),
    })
}

fn chat() -> impl Strategy<Value = ChatMessage> {
    (".{0,20}", participant(), name(), ".{0,200}", any::<u64>()).prop_map(|(id, from, name, body, nanos)| {
        let sent_at = UNIX_EPOCH + Duration::from_nanos(nanos);
        ChatMessage { id: id.into(), from, name, body: body.into(), sent_at }
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (participant(), name()).prop_map(|(participant, name)| Event::Joined { participant, name }),
        signal().prop_map(Event::Signal),
        chat().prop_map(Event::Chat),
        participant().prop_map(|participant| Event::Reconnecting { participant }),
        participant().prop_map(|participant| Event::Resumed { participant }),
        (participant(), reason()).prop_map(|(participant, reason)| Event::Left { participant, reason }),
    ]
}

fn key() -> impl Strategy<Value = SeatKey> {
    (room(), participant(), any::<u64>()).prop_map(|(room, participant, epoch)| SeatKey {
        room,
        participant,
        epoch: Epoch(epoch),
    })
}

fn seat(now: Instant) -> impl Strategy<Value = Seat> {
    let node = any::<[u8; 16]>().prop_map(NodeId::from_bytes);
    let times = (any::<u64>(), any::<u64>(), 0..100_000_000_u64);
    (participant(), name(), node, times, any::<[bool; 2]>()).prop_map(
        move |(participant, name, node, (epoch, since, left), [connected, protected])| Seat {
            participant,
            name,
            node,
            epoch: Epoch(epoch),
            since: Epoch(since),
            lease_ends: now + Duration::from_micros(left),
            connected,
            protected,
        },
    )
}

fn pair_seq() -> impl Strategy<Value = PairSeq> {
    any::<[u64; 3]>().prop_map(|[from, to, number]| PairSeq { from: Epoch(from), to: Epoch(to), number })
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    let numbered = (any::<u64>(), event()).prop_map(|(seq, event)| Numbered { seq, event });
    let seqs = || vec((participant(), pair_seq()), 0..3);
    let entry = (participant(), any::<[u64; 2]>(), any::<bool>());
    let entry = entry.prop_map(|(participant, [since, attachment], connected)| RosterEntry {
        participant,
        since: Epoch(since),
        attachment,
        connected,
    });
    (vec(numbered, 0..5), any::<[u64; 3]>(), seqs(), seqs(), vec(entry, 0..3)).prop_map(
        |(events, [last_seq, taken_seq, stream], sent, received, roster)| {
            let (stream, roster) = (Epoch(stream), roster.into_iter().collect());
            Mailbox { events, last_seq, taken_seq, stream, sent, received, roster }
        },
    )
}

fn claim() -> impl Strategy<Value = Claim> {
    let micros = || (0..100_000_000_u64).prop_map(Duration::from_micros);
    let policy = (any::<[usize; 2]>(), micros(), option::of(micros()), any::<bool>()).prop_map(
        |([seats, away_per_address], lease, unprotected_lease, unique_names)| RoomPolicy {
            seats,
            lease,
            unprotected_lease,
            away_per_address,
            unique_names,
        },
    );
    (room(), policy, participant(), name(), any::<bool>(), option::of(any::<u64>())).prop_map(
        |(room, policy, participant, name, protected, over)| Claim {
            room,
            policy,
            participant,
            name,
            protected,
            over: over.map(Epoch),
        },
    )
}

fn message(now: Instant) -> impl Strategy<Value = NodeMessage> {
    let (n, yes) = (any::<u64>, any::<bool>);
    let node_seat = (seat(now), n(), n()).prop_map(|(seat, stream, attachment)| NodeSeat {
        seat,
        stream: Epoch(stream),
        attachment,
    });
    prop_oneof![
        (
            room(),
            vec(node_seat, 0..3),
            vec((participant(), n().prop_map(Epoch)), 0..3),
            yes(),
            option::of(n())
        )
            .prop_map(|(room, seats, streams, reply, request)| {
                NodeMessage::Seats { room, seats, streams, reply, request }
            }),
        (key(), reason()).prop_map(|(key, reason)| NodeMessage::SeatEnded { key, reason }),
        (key(), participant(), option::of(pair_seq()), event())
            .prop_map(|(to, from, seq, event)| NodeMessage::Deliver { to, from, seq, event }),
        (key(), n()).prop_map(|(key, request)| NodeMessage::Probe { key, request }),
        (n(), yes()).prop_map(|(request, yes)| NodeMessage::Answer { request, yes }),
        (key(), n()).prop_map(|(former, epoch)| NodeMessage::FetchMailbox { former, epoch: Epoch(epoch) }),
        (key(), option::of(mailbox()))
            .prop_map(|(seat, mailbox)| NodeMessage::MailboxFetched { seat, mailbox: mailbox.map(Box::new) }),
        claim().prop_map(|claim| NodeMessage::TakeOver { claim: Box::new(claim) }),
        (room(), signal(), n()).prop_map(|(to, signal, request)| NodeMessage::CrossRoomSignal {
            to,
            signal,
            request
        }),
        (key(), signal(), n()).prop_map(|(from, Signal { kind, payload, .. }, request)| {
            NodeMessage::SignalBySession { from, kind, payload, request }
        }),
        ("[a-z]{1,9}", n())
            .prop_map(|(text, request)| NodeMessage::EndSeats { namespace: text.into(), request }),
    ]
}

fn head() -> impl Strategy<Value = Head> {
    let numbers = (1..u64::MAX, 1_u64..1 << 63, 0..1_000_u64, any::<u64>(), any::<u64>());
    (any::<[u8; 16]>(), any::<[bool; 3]>(), numbers).prop_map(|(from, flags, numbers)| {
        let ([wants_ack, resend, after_loss], (generation, first, behind, ack_generation, ack)) =
            (flags, numbers);
        let oldest = first.saturating_sub(behind).max(1);
        let from = NodeId::from_bytes(from);
        Head { from, wants_ack, resend, after_loss, generation, first, oldest, ack_generation, ack }
    })
}

fn frame_of(head: Head, messages: &[NodeMessage], now: Instant) -> Vec<u8> {
    let mut bytes = BytesMut::from(&head.to_bytes()[..]);
    for message in messages {
        message::write(message, now, &mut bytes);
    }
    bytes.to_vec()
}

/// A message with what its `Debug` form redacts.
fn all_of(message: &NodeMessage) -> String {
    let private = match message {
        NodeMessage::Seats { room, seats, .. } => {
            let names: Vec<_> = seats.iter().map(|it| it.seat.name.as_str()).collect();
            format!("{} {names:?}", room.as_str())
        }
        NodeMessage::SeatEnded { key, .. } | NodeMessage::Probe { key, .. } => key.room.as_str().to_owned(),
        NodeMessage::Deliver { to, event, .. } => format!("{} {}", to.room.as_str(), private(event)),
        NodeMessage::FetchMailbox { former, .. } => former.room.as_str().to_owned(),
        NodeMessage::MailboxFetched { seat, mailbox } => {
            let events = mailbox.iter().flat_map(|mailbox| &mailbox.events);
            let events: String = events.map(|numbered| private(&numbered.event)).collect();
            format!("{} {events}", seat.room.as_str())
        }
        NodeMessage::TakeOver { claim } => format!("{} {}", claim.room.as_str(), claim.name.as_str()),
        NodeMessage::CrossRoomSignal { to, signal, .. } => {
            format!("{} {}", to.as_str(), private(&Event::Signal(signal.clone())))
        }
        NodeMessage::SignalBySession { from, payload, .. } => format!("{} {payload:?}", from.room.as_str()),
        NodeMessage::Answer { .. } | NodeMessage::EndSeats { .. } => String::new(),
    };
    format!("{message:?} {private}")
}

fn private(event: &Event) -> String {
    match event {
        Event::Signal(signal) => {
            format!("{:?} {} {:?}", signal.from, signal.name.as_str(), signal.payload)
        }
        Event::Chat(ChatMessage { id, from, name, body, sent_at }) => {
            format!("{id} {from} {} {body} {sent_at:?}", name.as_str())
        }
        Event::Joined { name, .. } => name.as_str().to_owned(),
        _ => String::new(),
    }
}

fn read_all(bytes: Bytes, now: Instant) -> Option<(Head, Vec<Option<NodeMessage>>)> {
    let (head, messages) = frame::read(bytes)?;
    let count = messages.total();
    let messages: Vec<_> = messages.map(|(kind, body)| message::read(kind, body, now)).collect();
    assert_eq!(count, messages.len() as u64);
    Some((head, messages))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2 * ProptestConfig::default().cases) })]

    #[test]
    fn reading_a_frame_returns_its_head_and_messages((head, messages) in (head(), vec(message(start()), 0..5))) {
        let read = read_all(frame_of(head, &messages, start()).into(), start());
        let (read_head, read) = read.expect("it is a frame");
        prop_assert_eq!(read_head, head);
        let read: Vec<_> = read.iter().map(|message| all_of(message.as_ref().unwrap())).collect();
        prop_assert_eq!(read, messages.iter().map(all_of).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..400), kind in 0..16_u8) {
        read_all(bytes.clone().into(), start());
        message::read(kind, bytes.into(), start());
    }

    #[test]
    fn damaged_frames_do_not_panic(
        (head, messages) in (head(), vec(message(start()), 1..4)),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = frame_of(head, &messages, start());
        for (index, byte) in damage {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        read_all(bytes.into(), start());
    }
}

/// The same instant for a whole test run.
fn start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(|| SystemClock.now())
}

#[test]
fn unknown_fields_and_messages_are_skipped() {
    let head = Head {
        from: NodeId::random(),
        wants_ack: false,
        resend: false,
        after_loss: false,
        generation: 1,
        first: 1,
        oldest: 1,
        ack_generation: 0,
        ack: 0,
    };
    let mut bytes = frame_of(head, &[NodeMessage::Answer { request: 7, yes: true }], start());
    // An unknown field at the end of the message, then a message of an unknown kind.
    bytes[HEAD + 4] += 1;
    bytes.extend([1, 200, 0, 0, 0, 2, 3, 4]);
    bytes.extend(frame_of(head, &[NodeMessage::Answer { request: 8, yes: true }], start()).split_off(HEAD));
    let (_, read) = read_all(bytes.into(), start()).unwrap();
    let requests = read.into_iter().map(|message| match message {
        Some(NodeMessage::Answer { request, .. }) => Some(request),
        _ => None,
    });
    assert_eq!(requests.collect::<Vec<_>>(), [Some(7), None, Some(8)]);
}

#[test]
fn reading_a_signal_does_not_copy_its_payload() {
    let event = Event::Signal(Signal {
        from: ParticipantId::random(),
        name: "Ann".parse().unwrap(),
        kind: SignalKind::Offer,
        payload: Bytes::from(vec![7; 1_000]),
    });
    let to = SeatKey { room: "7".parse().unwrap(), participant: ParticipantId::random(), epoch: Epoch(1) };
    let message = NodeMessage::Deliver { to, from: ParticipantId::random(), seq: None, event };
    let mut bytes = BytesMut::new();
    message::write(&message, start(), &mut bytes);
    let (kind, body) = (bytes[0], bytes.freeze().slice(5..));
    let Some(NodeMessage::Deliver { event: Event::Signal(signal), .. }) =
        message::read(kind, body.clone(), start())
    else {
        panic!("it is a signal");
    };
    assert!(body.as_ptr_range().contains(&signal.payload.as_ptr()));
}
