//! Parcels as bytes, and back.

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    envelope::PARCEL_HEAD,
    event,
    fields::{Fields, PutFields},
};
use crate::core::{
    event::{LeaveReason, Numbered},
    ids::{Epoch, Name, NodeId, ParticipantId, RoomId},
    seat::{Seat, SeatKey},
    wire::{Mailbox, Parcel},
};

/// A parcel with nothing in it, which says no more than that it is there.
pub(super) const NOTHING: u8 = 0;

const ENTERED: u8 = 1;
const PRESENCE: u8 = 2;
const LEFT: u8 = 3;
const TOLD: u8 = 4;
const PROBE: u8 = 5;
const ALIVE: u8 = 6;
const YIELD: u8 = 7;
const YIELDED: u8 = 8;

/// Writes a parcel with its kind and length; `now` is what the ends of leases are told by.
pub(super) fn write(parcel: &Parcel, now: Instant, out: &mut BytesMut) {
    put(kind_of(parcel), out, |out| write_body(parcel, now, out));
}

/// Writes a parcel with nothing in it.
pub(super) fn write_nothing(out: &mut BytesMut) {
    put(NOTHING, out, |_| ());
}

fn put(kind: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u8(kind);
    out.put_length(0);
    body(out);
    let length = u32::try_from(out.len() - start - PARCEL_HEAD).expect("no parcel is as long as that");
    out[start + 1..start + PARCEL_HEAD].copy_from_slice(&length.to_be_bytes());
}

fn kind_of(parcel: &Parcel) -> u8 {
    match parcel {
        Parcel::Entered { .. } => ENTERED,
        Parcel::Presence { .. } => PRESENCE,
        Parcel::Left { .. } => LEFT,
        Parcel::Told { .. } => TOLD,
        Parcel::Probe { .. } => PROBE,
        Parcel::Alive { .. } => ALIVE,
        Parcel::Yield { .. } => YIELD,
        Parcel::Yielded { .. } => YIELDED,
    }
}

fn write_body(parcel: &Parcel, now: Instant, out: &mut BytesMut) {
    match parcel {
        Parcel::Entered { room, seat, connected } => {
            out.put_payload(room.as_str().as_bytes());
            put_seat(seat, now, out);
            out.put_flag(*connected);
        }
        Parcel::Presence { key, connected } => {
            put_key(key, out);
            out.put_flag(*connected);
        }
        Parcel::Left { key, reason } => {
            put_key(key, out);
            out.put_u8(event::code_of(*reason));
        }
        Parcel::Told { to, from, number, event } => {
            put_key(to, out);
            out.put_slice(from.as_bytes());
            out.put_u64(*number);
            event::write(event, out);
        }
        Parcel::Probe { key, ask } => {
            put_key(key, out);
            out.put_u64(*ask);
        }
        Parcel::Alive { ask } => out.put_u64(*ask),
        Parcel::Yield { former, epoch, ask } => {
            put_key(former, out);
            out.put_u64(epoch.0);
            out.put_u64(*ask);
        }
        Parcel::Yielded { ask, mailbox } => {
            out.put_u64(*ask);
            out.put_flag(mailbox.is_some());
            if let Some(mailbox) = mailbox {
                write_mailbox(mailbox, out);
            }
        }
    }
}

/// Reads a parcel's body; `None` if it is of a kind that is not known, or not what its kind says.
pub(super) fn read(kind: u8, body: Bytes, now: Instant) -> Option<Parcel> {
    let mut body = Fields(body);
    let body = &mut body;
    Some(match kind {
        ENTERED => Parcel::Entered { room: room(body)?, seat: seat(body, now)?, connected: body.flag()? },
        PRESENCE => Parcel::Presence { key: key(body)?, connected: body.flag()? },
        LEFT => Parcel::Left { key: key(body)?, reason: reason(body)? },
        TOLD => Parcel::Told {
            to: key(body)?,
            from: participant(body)?,
            number: body.number()?,
            event: event::read(body)?,
        },
        PROBE => Parcel::Probe { key: key(body)?, ask: body.number()? },
        ALIVE => Parcel::Alive { ask: body.number()? },
        YIELD => Parcel::Yield { former: key(body)?, epoch: Epoch(body.number()?), ask: body.number()? },
        YIELDED => Parcel::Yielded {
            ask: body.number()?,
            mailbox: if body.flag()? { Some(Box::new(read_mailbox(body)?)) } else { None },
        },
        _ => return None,
    })
}

/// Writes a mailbox.
pub(super) fn write_mailbox(mailbox: &Mailbox, out: &mut BytesMut) {
    out.put_u64(mailbox.last);
    out.put_u64(mailbox.handed);
    out.put_length(mailbox.numbers.len());
    for (participant, number) in &mailbox.numbers {
        out.put_slice(participant.as_bytes());
        out.put_u64(*number);
    }
    out.put_length(mailbox.kept.len());
    for Numbered { seq, event } in &mailbox.kept {
        out.put_u64(*seq);
        event::write(event, out);
    }
}

/// Reads a mailbox.
pub(super) fn read_mailbox(body: &mut Fields) -> Option<Mailbox> {
    Some(Mailbox {
        last: body.number()?,
        handed: body.number()?,
        numbers: body.list(|body| Some((participant(body)?, body.number()?)))?,
        kept: body.list(|body| Some(Numbered { seq: body.number()?, event: event::read(body)? }))?,
    })
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
    let left = seat.lease_ends.saturating_duration_since(now);
    out.put_slice(seat.participant.as_bytes());
    out.put_payload(seat.name.as_str().as_bytes());
    out.put_slice(seat.node.as_bytes());
    out.put_u64(seat.epoch.0);
    out.put_u64(seat.since.0);
    out.put_u64(u64::try_from(left.as_micros()).unwrap_or(u64::MAX));
}

fn seat(body: &mut Fields, now: Instant) -> Option<Seat> {
    Some(Seat {
        participant: participant(body)?,
        name: name(body)?,
        node: NodeId::from_bytes(body.id()?),
        epoch: Epoch(body.number()?),
        since: Epoch(body.number()?),
        lease_ends: now.checked_add(Duration::from_micros(body.number()?))?,
    })
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
