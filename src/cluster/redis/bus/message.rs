//! Messages as bytes, and back.

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    envelope::PARCEL_HEAD,
    event,
    fields::{Fields, PutFields},
};
use crate::core::{
    model::{
        event::{Event, LeaveReason, Numbered},
        ids::{Epoch, Name, NodeId, ParticipantId, RoomId},
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::node_bus::{CrossRoomSignal, Mailbox, NodeMessage, NodeSeat, PairSeq},
};

/// A message with nothing in it, which says no more than that it is there.
pub(super) const NOTHING: u8 = 0;

const SEATS: u8 = 1;
const LEFT: u8 = 2;
const TOLD: u8 = 3;
const PROBE: u8 = 4;
const PROBED: u8 = 5;
const YIELD: u8 = 6;
const YIELDED: u8 = 7;
const ADOPT: u8 = 8;
const LETTER: u8 = 9;
const RETURNED: u8 = 10;
const SAY: u8 = 11;
const DISMISS: u8 = 12;
const DONE: u8 = 13;

/// Writes a message with its kind and length; `now` is what the ends of leases are told by.
pub(super) fn write(message: &NodeMessage, now: Instant, out: &mut BytesMut) {
    put(kind_of(message), out, |out| write_body(message, now, out));
}

/// Writes a message with nothing in it.
pub(super) fn write_nothing(out: &mut BytesMut) {
    put(NOTHING, out, |_| ());
}

fn put(kind: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u8(kind);
    out.put_length(0);
    body(out);
    let length = u32::try_from(out.len() - start - PARCEL_HEAD).expect("no message is as long as that");
    out[start + 1..start + PARCEL_HEAD].copy_from_slice(&length.to_be_bytes());
}

fn kind_of(message: &NodeMessage) -> u8 {
    match message {
        NodeMessage::Seats { .. } => SEATS,
        NodeMessage::Left { .. } => LEFT,
        NodeMessage::Told { .. } => TOLD,
        NodeMessage::Probe { .. } => PROBE,
        NodeMessage::Probed { .. } => PROBED,
        NodeMessage::Yield { .. } => YIELD,
        NodeMessage::Yielded { .. } => YIELDED,
        NodeMessage::Adopt { .. } => ADOPT,
        NodeMessage::CrossRoomSignal(_) => LETTER,
        NodeMessage::Returned(_) => RETURNED,
        NodeMessage::Say { .. } => SAY,
        NodeMessage::Dismiss { .. } => DISMISS,
        NodeMessage::Done { .. } => DONE,
    }
}

fn write_body(message: &NodeMessage, now: Instant, out: &mut BytesMut) {
    match message {
        NodeMessage::Seats { room, stays, ask } => {
            out.put_payload(room.as_str().as_bytes());
            out.put_list(stays, |stay, out| put_stay(stay, now, out));
            out.put_flag(*ask);
        }
        NodeMessage::Left { key, reason } => {
            put_key(key, out);
            out.put_u8(event::code_of(*reason));
        }
        NodeMessage::Told { to, from, count, event } => {
            put_key(to, out);
            out.put_slice(from.as_bytes());
            out.put_option(count.as_ref(), put_count);
            event::write(event, out);
        }
        NodeMessage::Probe { key, ask } => {
            put_key(key, out);
            out.put_u64(*ask);
        }
        NodeMessage::Probed { ask, alive } => {
            out.put_u64(*ask);
            out.put_flag(*alive);
        }
        NodeMessage::Yield { former, epoch, ask } => {
            put_key(former, out);
            out.put_u64(epoch.0);
            out.put_u64(*ask);
        }
        NodeMessage::Yielded { ask, mailbox } => {
            out.put_u64(*ask);
            out.put_option(mailbox.as_deref(), put_mailbox);
        }
        NodeMessage::Adopt { claim } => put_claim(claim, out),
        NodeMessage::CrossRoomSignal(letter) | NodeMessage::Returned(letter) => put_letter(letter, out),
        NodeMessage::Say { from, kind, payload, ask } => {
            put_key(from, out);
            out.put_u8(event::code_of_kind(*kind));
            out.put_payload(payload);
            out.put_u64(*ask);
        }
        NodeMessage::Dismiss { namespace, ask } => {
            out.put_payload(namespace.as_bytes());
            out.put_u64(*ask);
        }
        NodeMessage::Done { ask, done } => {
            out.put_u64(*ask);
            out.put_flag(*done);
        }
    }
}

/// Reads a message's body; `None` if it is of a kind that is not known, or not what its kind says.
pub(super) fn read(kind: u8, body: Bytes, now: Instant) -> Option<NodeMessage> {
    let mut body = Fields(body);
    let body = &mut body;
    Some(match kind {
        SEATS => NodeMessage::Seats {
            room: room(body)?,
            stays: body.list(|body| stay(body, now))?,
            ask: body.flag()?,
        },
        LEFT => NodeMessage::Left { key: key(body)?, reason: reason(body)? },
        TOLD => NodeMessage::Told {
            to: key(body)?,
            from: participant(body)?,
            count: body.option(count)?,
            event: event::read(body)?,
        },
        PROBE => NodeMessage::Probe { key: key(body)?, ask: body.number()? },
        PROBED => NodeMessage::Probed { ask: body.number()?, alive: body.flag()? },
        YIELD => NodeMessage::Yield { former: key(body)?, epoch: Epoch(body.number()?), ask: body.number()? },
        YIELDED => NodeMessage::Yielded { ask: body.number()?, mailbox: body.option(mailbox)?.map(Box::new) },
        ADOPT => NodeMessage::Adopt { claim: Box::new(claim(body)?) },
        LETTER => NodeMessage::CrossRoomSignal(Box::new(letter(body)?)),
        RETURNED => NodeMessage::Returned(Box::new(letter(body)?)),
        SAY => NodeMessage::Say {
            from: key(body)?,
            kind: event::kind_of(body.byte()?)?,
            payload: body.payload()?,
            ask: body.number()?,
        },
        DISMISS => {
            NodeMessage::Dismiss { namespace: body.text(|text| Some(text.into()))?, ask: body.number()? }
        }
        DONE => NodeMessage::Done { ask: body.number()?, done: body.flag()? },
        _ => return None,
    })
}

fn put_mailbox(mailbox: &Mailbox, out: &mut BytesMut) {
    out.put_u64(mailbox.last);
    out.put_u64(mailbox.handed);
    out.put_u64(mailbox.stream.0);
    for counts in [&mailbox.said, &mailbox.heard] {
        out.put_list(counts, |(participant, count), out| {
            out.put_slice(participant.as_bytes());
            put_count(count, out);
        });
    }
    out.put_list(&mailbox.others, |(participant, connected), out| {
        out.put_slice(participant.as_bytes());
        out.put_flag(*connected);
    });
    out.put_list(&mailbox.kept, |Numbered { seq, event }, out| {
        out.put_u64(*seq);
        event::write(event, out);
    });
}

fn mailbox(body: &mut Fields) -> Option<Mailbox> {
    let talk = |body: &mut Fields| Some((participant(body)?, count(body)?));
    Some(Mailbox {
        last: body.number()?,
        handed: body.number()?,
        stream: Epoch(body.number()?),
        said: body.list(talk)?,
        heard: body.list(talk)?,
        others: body.list(|body| Some((participant(body)?, body.flag()?)))?,
        kept: body.list(|body| Some(Numbered { seq: body.number()?, event: event::read(body)? }))?,
    })
}

fn put_count(count: &PairSeq, out: &mut BytesMut) {
    out.put_u64(count.from.0);
    out.put_u64(count.to.0);
    out.put_u64(count.number);
}

fn count(body: &mut Fields) -> Option<PairSeq> {
    Some(PairSeq { from: Epoch(body.number()?), to: Epoch(body.number()?), number: body.number()? })
}

fn put_claim(claim: &Claim, out: &mut BytesMut) {
    out.put_payload(claim.room.as_str().as_bytes());
    out.put_u64(claim.seats as u64);
    out.put_slice(claim.participant.as_bytes());
    out.put_payload(claim.name.as_str().as_bytes());
    out.put_flag(claim.unique_name);
    out.put_u64(micros(claim.lease));
    out.put_option(claim.unprotected_lease.as_ref(), |lease, out| out.put_u64(micros(*lease)));
    out.put_flag(claim.protected);
    out.put_option(claim.over.as_ref(), |epoch, out| out.put_u64(epoch.0));
}

fn claim(body: &mut Fields) -> Option<Claim> {
    Some(Claim {
        room: room(body)?,
        seats: usize::try_from(body.number()?).ok()?,
        participant: participant(body)?,
        name: name(body)?,
        unique_name: body.flag()?,
        lease: Duration::from_micros(body.number()?),
        unprotected_lease: body.option(|body| body.number().map(Duration::from_micros))?,
        protected: body.flag()?,
        over: body.option(|body| body.number().map(Epoch))?,
    })
}

fn put_letter(letter: &CrossRoomSignal, out: &mut BytesMut) {
    out.put_payload(letter.to.as_str().as_bytes());
    put_key(&letter.from, out);
    event::write_signal(&letter.signal, out);
}

fn letter(body: &mut Fields) -> Option<CrossRoomSignal> {
    let (to, from) = (room(body)?, key(body)?);
    let Event::Signal(signal) = event::read(body)? else { return None };
    Some(CrossRoomSignal { to, from, signal })
}

fn put_stay(stay: &NodeSeat, now: Instant, out: &mut BytesMut) {
    put_seat(&stay.seat, now, out);
    out.put_u64(stay.stream.0);
}

fn stay(body: &mut Fields, now: Instant) -> Option<NodeSeat> {
    Some(NodeSeat { seat: seat(body, now)?, stream: Epoch(body.number()?) })
}

fn put_key(key: &SeatKey, out: &mut BytesMut) {
    out.put_payload(key.room.as_str().as_bytes());
    out.put_slice(key.participant.as_bytes());
    out.put_u64(key.epoch.0);
}

fn key(body: &mut Fields) -> Option<SeatKey> {
    Some(SeatKey { room: room(body)?, participant: participant(body)?, epoch: Epoch(body.number()?) })
}

/// Nodes' clocks have nothing in common, so it is told what is left of a lease.
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
        participant: participant(body)?,
        name: name(body)?,
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

fn room(body: &mut Fields) -> Option<RoomId> {
    body.text(|text| RoomId::from_whole(text).ok())
}

fn reason(body: &mut Fields) -> Option<LeaveReason> {
    event::reason_of(body.byte()?)
}

pub(super) fn participant(body: &mut Fields) -> Option<ParticipantId> {
    body.id().map(ParticipantId::from_bytes)
}

pub(super) fn name(body: &mut Fields) -> Option<Name> {
    body.text(|text| text.parse().ok())
}
