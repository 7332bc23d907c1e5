//! The binary format of events.

use std::time::{Duration, UNIX_EPOCH};

use bytes::{BufMut, BytesMut};

use super::fields::{Fields, PutFields};
use crate::core::model::event::{ChatMessage, Event, LeaveReason, Signal, SignalKind};

const JOINED: u8 = 1;
const SIGNAL: u8 = 2;
const CHAT: u8 = 3;
const RECONNECTING: u8 = 4;
const RESUMED: u8 = 5;
const LEFT: u8 = 6;

/// Writes an event.
pub(super) fn write(event: &Event, out: &mut BytesMut) {
    match event {
        Event::Joined { participant, name } => {
            out.put_u8(JOINED);
            out.put_slice(participant.as_bytes());
            out.put_payload(name.as_str().as_bytes());
        }
        Event::Signal(signal) => {
            out.put_u8(SIGNAL);
            write_signal(signal, out);
        }
        Event::Chat(message) => write_chat(message, out),
        Event::Reconnecting { participant } => {
            out.put_u8(RECONNECTING);
            out.put_slice(participant.as_bytes());
        }
        Event::Resumed { participant } => {
            out.put_u8(RESUMED);
            out.put_slice(participant.as_bytes());
        }
        Event::Left { participant, reason } => {
            out.put_u8(LEFT);
            out.put_slice(participant.as_bytes());
            out.put_u8(code_of(*reason));
        }
    }
}

/// Reads an event.
pub(super) fn read(body: &mut Fields) -> Option<Event> {
    Some(match body.byte()? {
        JOINED => Event::Joined { participant: body.participant()?, name: body.name()? },
        SIGNAL => Event::Signal(read_signal(body)?),
        CHAT => Event::Chat(read_chat(body)?),
        RECONNECTING => Event::Reconnecting { participant: body.participant()? },
        RESUMED => Event::Resumed { participant: body.participant()? },
        LEFT => Event::Left { participant: body.participant()?, reason: reason_of(body.byte()?)? },
        _ => return None,
    })
}

/// Writes a signal.
pub(super) fn write_signal(signal: &Signal, out: &mut BytesMut) {
    out.put_slice(signal.from.as_bytes());
    out.put_payload(signal.name.as_str().as_bytes());
    out.put_u8(code_of_kind(signal.kind));
    out.put_payload(&signal.payload);
}

/// Reads a signal. Its payload is a slice of the frame, not a copy.
pub(super) fn read_signal(body: &mut Fields) -> Option<Signal> {
    Some(Signal {
        from: body.participant()?,
        name: body.name()?,
        kind: kind_of(body.byte()?)?,
        payload: body.payload()?,
    })
}

fn write_chat(message: &ChatMessage, out: &mut BytesMut) {
    let sent_at = message.sent_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    out.put_u8(CHAT);
    out.put_payload(message.id.as_bytes());
    out.put_slice(message.from.as_bytes());
    out.put_payload(message.name.as_str().as_bytes());
    out.put_payload(message.body.as_bytes());
    out.put_u64(u64::try_from(sent_at.as_nanos()).unwrap_or(u64::MAX));
}

fn read_chat(body: &mut Fields) -> Option<ChatMessage> {
    let text = |text: &str| Some(text.into());
    Some(ChatMessage {
        id: body.text(text)?,
        from: body.participant()?,
        name: body.name()?,
        body: body.text(text)?,
        sent_at: UNIX_EPOCH.checked_add(Duration::from_nanos(body.number()?))?,
    })
}

/// The code of a reason.
pub(super) fn code_of(reason: LeaveReason) -> u8 {
    match reason {
        LeaveReason::Left => 1,
        LeaveReason::LeaseEnded => 2,
        LeaveReason::NotAlive => 3,
    }
}

/// The reason with this code.
pub(super) fn reason_of(code: u8) -> Option<LeaveReason> {
    let reasons = [LeaveReason::Left, LeaveReason::LeaseEnded, LeaveReason::NotAlive];
    reasons.into_iter().find(|reason| code_of(*reason) == code)
}

/// The code of a kind.
pub(super) fn code_of_kind(kind: SignalKind) -> u8 {
    match kind {
        SignalKind::Offer => 1,
        SignalKind::Answer => 2,
        SignalKind::Candidate => 3,
        SignalKind::Other => 4,
    }
}

/// The kind with this code.
pub(super) fn kind_of(code: u8) -> Option<SignalKind> {
    let kinds = [SignalKind::Candidate, SignalKind::Offer, SignalKind::Answer, SignalKind::Other];
    kinds.into_iter().find(|kind| code_of_kind(*kind) == code)
}
