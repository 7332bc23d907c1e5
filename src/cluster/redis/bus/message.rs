//! The binary format of messages between nodes.

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    event,
    fields::{Fields, PutFields},
    frame::MESSAGE_HEAD,
};
use crate::core::{
    model::{
        event::{LeaveReason, Numbered},
        ids::{Epoch, NodeId, ParticipantId},
        mailbox::{Mailbox, PairSeq},
        roster::RosterEntry,
        seat_table::{Claim, RoomPolicy, Seat, SeatKey},
    },
    ports::node_bus::{NodeMessage, NodeSeat},
};

/// A message without content. It is the first one after a loss: its frame tells the other node about the
/// loss.
pub(super) const NOTHING: u8 = 0;

const SEATS: u8 = 1;
const SEAT_ENDED: u8 = 2;
const DELIVER: u8 = 3;
const PROBE: u8 = 4;
const ANSWER: u8 = 5;
const FETCH_MAILBOX: u8 = 6;
const MAILBOX_FETCHED: u8 = 7;
const TAKE_OVER: u8 = 8;
const CROSS_ROOM_SIGNAL: u8 = 9;
const SIGNAL_BY_SESSION: u8 = 10;
const END_SEATS: u8 = 11;

/// Writes a message with its kind and length. The ends of leases are written relative to `now`.
pub(super) fn write(message: &NodeMessage, now: Instant, out: &mut BytesMut) {
    put(kind_of(message), out, |out| write_body(message, now, out));
}

/// Writes a message without content.
pub(super) fn write_nothing(out: &mut BytesMut) {
    put(NOTHING, out, |_| ());
}

fn put(kind: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u8(kind);
    out.put_length(0);
    body(out);
    let length = u32::try_from(out.len() - start - MESSAGE_HEAD).expect("no message is longer than 4 GiB");
    out[start + 1..start + MESSAGE_HEAD].copy_from_slice(&length.to_be_bytes());
}

fn kind_of(message: &NodeMessage) -> u8 {
    match message {
        NodeMessage::Seats { .. } => SEATS,
        NodeMessage::SeatEnded { .. } => SEAT_ENDED,
        NodeMessage::Deliver { .. } => DELIVER,
        NodeMessage::Probe { .. } => PROBE,
        NodeMessage::Answer { .. } => ANSWER,
        NodeMessage::FetchMailbox { .. } => FETCH_MAILBOX,
        NodeMessage::MailboxFetched { .. } => MAILBOX_FETCHED,
        NodeMessage::TakeOver { .. } => TAKE_OVER,
        NodeMessage::CrossRoomSignal { .. } => CROSS_ROOM_SIGNAL,
        NodeMessage::SignalBySession { .. } => SIGNAL_BY_SESSION,
        NodeMessage::EndSeats { .. } => END_SEATS,
    }
}

fn write_body(message: &NodeMessage, now: Instant, out: &mut BytesMut) {
    match message {
        NodeMessage::Seats { room, seats, streams, reply, request } => {
            out.put_payload(room.as_str().as_bytes());
            out.put_list(seats, |seat, out| put_node_seat(seat, now, out));
            out.put_list(streams, put_stream);
            out.put_flag(*reply);
            out.put_option(request.as_ref(), |request, out| out.put_u64(*request));
        }
        NodeMessage::SeatEnded { key, reason } => {
            put_key(key, out);
            out.put_u8(event::code_of(*reason));
        }
        NodeMessage::Deliver { to, from, seq, event } => {
            put_key(to, out);
            out.put_slice(from.as_bytes());
            out.put_option(seq.as_ref(), put_pair_seq);
            event::write(event, out);
        }
        NodeMessage::Probe { key, request } => {
            put_key(key, out);
            out.put_u64(*request);
        }
        NodeMessage::Answer { request, yes } => {
            out.put_u64(*request);
            out.put_flag(*yes);
        }
        NodeMessage::FetchMailbox { former, epoch } => {
            put_key(former, out);
            out.put_u64(epoch.0);
        }
        NodeMessage::MailboxFetched { seat, mailbox } => {
            put_key(seat, out);
            out.put_option(mailbox.as_deref(), put_mailbox);
        }
        NodeMessage::TakeOver { claim } => put_claim(claim, out),
        NodeMessage::CrossRoomSignal { to, signal, request } => {
            out.put_payload(to.as_str().as_bytes());
            event::write_signal(signal, out);
            out.put_u64(*request);
        }
        NodeMessage::SignalBySession { from, kind, payload, request } => {
            put_key(from, out);
            out.put_u8(event::code_of_kind(*kind));
            out.put_payload(payload);
            out.put_u64(*request);
        }
        NodeMessage::EndSeats { namespace, request } => {
            out.put_payload(namespace.as_bytes());
            out.put_u64(*request);
        }
    }
}

/// Reads the body of a message; `None` if its kind is unknown or the body is malformed.
pub(super) fn read(kind: u8, body: Bytes, now: Instant) -> Option<NodeMessage> {
    let mut body = Fields(body);
    let body = &mut body;
    Some(match kind {
        SEATS => NodeMessage::Seats {
            room: body.room()?,
            seats: body.list(|body| node_seat(body, now))?,
            streams: body.list(stream)?,
            reply: body.flag()?,
            request: body.option(Fields::number)?,
        },
        SEAT_ENDED => NodeMessage::SeatEnded { key: key(body)?, reason: reason(body)? },
        DELIVER => NodeMessage::Deliver {
            to: key(body)?,
            from: body.participant()?,
            seq: body.option(pair_seq)?,
            event: event::read(body)?,
        },
        PROBE => NodeMessage::Probe { key: key(body)?, request: body.number()? },
        ANSWER => NodeMessage::Answer { request: body.number()?, yes: body.flag()? },
        FETCH_MAILBOX => NodeMessage::FetchMailbox { former: key(body)?, epoch: Epoch(body.number()?) },
        MAILBOX_FETCHED => {
            NodeMessage::MailboxFetched { seat: key(body)?, mailbox: body.option(mailbox)?.map(Box::new) }
        }
        TAKE_OVER => NodeMessage::TakeOver { claim: Box::new(claim(body)?) },
        CROSS_ROOM_SIGNAL => NodeMessage::CrossRoomSignal {
            to: body.room()?,
            signal: event::read_signal(body)?,
            request: body.number()?,
        },
        SIGNAL_BY_SESSION => NodeMessage::SignalBySession {
            from: key(body)?,
            kind: event::kind_of(body.byte()?)?,
            payload: body.payload()?,
            request: body.number()?,
        },
        END_SEATS => {
            NodeMessage::EndSeats { namespace: body.text(|text| Some(text.into()))?, request: body.number()? }
        }
        _ => return None,
    })
}

fn put_stream((participant, stream): &(ParticipantId, Epoch), out: &mut BytesMut) {
    out.put_slice(participant.as_bytes());
    out.put_u64(stream.0);
}

fn stream(body: &mut Fields) -> Option<(ParticipantId, Epoch)> {
    Some((body.participant()?, Epoch(body.number()?)))
}

fn put_mailbox(mailbox: &Mailbox, out: &mut BytesMut) {
    out.put_u64(mailbox.last_seq);
    out.put_u64(mailbox.taken_seq);
    out.put_u64(mailbox.stream.0);
    for seqs in [&mailbox.sent, &mailbox.received] {
        out.put_list(seqs, |(participant, seq), out| {
            out.put_slice(participant.as_bytes());
            put_pair_seq(seq, out);
        });
    }
    out.put_list(mailbox.roster.entries(), put_roster_entry);
    out.put_list(&mailbox.events, |Numbered { seq, event }, out| {
        out.put_u64(*seq);
        event::write(event, out);
    });
}

fn mailbox(body: &mut Fields) -> Option<Mailbox> {
    let seq_of = |body: &mut Fields| Some((body.participant()?, pair_seq(body)?));
    Some(Mailbox {
        last_seq: body.number()?,
        taken_seq: body.number()?,
        stream: Epoch(body.number()?),
        sent: body.list(seq_of)?,
        received: body.list(seq_of)?,
        roster: body.list(roster_entry)?.into_iter().collect(),
        events: body.list(|body| Some(Numbered { seq: body.number()?, event: event::read(body)? }))?,
    })
}

fn put_roster_entry(entry: &RosterEntry, out: &mut BytesMut) {
    out.put_slice(entry.participant.as_bytes());
    out.put_u64(entry.since.0);
    out.put_u64(entry.attachment);
    out.put_flag(entry.connected);
}

fn roster_entry(body: &mut Fields) -> Option<RosterEntry> {
    Some(RosterEntry {
        participant: body.participant()?,
        since: Epoch(body.number()?),
        attachment: body.number()?,
        connected: body.flag()?,
    })
}

fn put_pair_seq(seq: &PairSeq, out: &mut BytesMut) {
    out.put_u64(seq.from.0);
    out.put_u64(seq.to.0);
    out.put_u64(seq.number);
}

fn pair_seq(body: &mut Fields) -> Option<PairSeq> {
    Some(PairSeq { from: Epoch(body.number()?), to: Epoch(body.number()?), number: body.number()? })
}

fn put_claim(claim: &Claim, out: &mut BytesMut) {
    out.put_payload(claim.room.as_str().as_bytes());
    out.put_slice(claim.participant.as_bytes());
    out.put_payload(claim.name.as_str().as_bytes());
    out.put_flag(claim.protected);
    out.put_option(claim.over.as_ref(), |epoch, out| out.put_u64(epoch.0));
    put_policy(&claim.policy, out);
}

fn claim(body: &mut Fields) -> Option<Claim> {
    Some(Claim {
        room: body.room()?,
        participant: body.participant()?,
        name: body.name()?,
        protected: body.flag()?,
        over: body.option(|body| body.number().map(Epoch))?,
        policy: policy(body)?,
    })
}

fn put_policy(policy: &RoomPolicy, out: &mut BytesMut) {
    out.put_u64(policy.seats as u64);
    out.put_u64(micros(policy.lease));
    out.put_option(policy.unprotected_lease.as_ref(), |lease, out| out.put_u64(micros(*lease)));
    out.put_u64(policy.away_per_address as u64);
    out.put_flag(policy.unique_names);
}

fn policy(body: &mut Fields) -> Option<RoomPolicy> {
    Some(RoomPolicy {
        seats: usize::try_from(body.number()?).ok()?,
        lease: Duration::from_micros(body.number()?),
        unprotected_lease: body.option(|body| body.number().map(Duration::from_micros))?,
        away_per_address: usize::try_from(body.number()?).ok()?,
        unique_names: body.flag()?,
    })
}

fn put_node_seat(node_seat: &NodeSeat, now: Instant, out: &mut BytesMut) {
    put_seat(&node_seat.seat, now, out);
    out.put_u64(node_seat.stream.0);
    out.put_u64(node_seat.attachment);
}

fn node_seat(body: &mut Fields, now: Instant) -> Option<NodeSeat> {
    Some(NodeSeat { seat: seat(body, now)?, stream: Epoch(body.number()?), attachment: body.number()? })
}

fn put_key(key: &SeatKey, out: &mut BytesMut) {
    out.put_payload(key.room.as_str().as_bytes());
    out.put_slice(key.participant.as_bytes());
    out.put_u64(key.epoch.0);
}

fn key(body: &mut Fields) -> Option<SeatKey> {
    Some(SeatKey { room: body.room()?, participant: body.participant()?, epoch: Epoch(body.number()?) })
}

/// Writes the rest of the lease, because the monotonic clocks of nodes differ.
fn put_seat(seat: &Seat, now: Instant, out: &mut BytesMut) {
    out.put_slice(seat.participant.as_bytes());
    out.put_payload(seat.name.as_str().as_bytes());
    out.put_slice(seat.node.as_bytes());
    out.put_u64(seat.epoch.0);
    out.put_u64(seat.since.0);
    out.put_u64(micros(seat.lease_ends.saturating_duration_since(now)));
    out.put_flag(seat.connected);
    out.put_flag(seat.protected);
}

fn seat(body: &mut Fields, now: Instant) -> Option<Seat> {
    Some(Seat {
        participant: body.participant()?,
        name: body.name()?,
        node: NodeId::from_bytes(body.id()?),
        epoch: Epoch(body.number()?),
        since: Epoch(body.number()?),
        lease_ends: now.checked_add(Duration::from_micros(body.number()?))?,
        connected: body.flag()?,
        protected: body.flag()?,
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn reason(body: &mut Fields) -> Option<LeaveReason> {
    event::reason_of(body.byte()?)
}
