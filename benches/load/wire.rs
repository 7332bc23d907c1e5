//! The form of a signal as sent and as received, in each dialect.

use anyhow::bail;

use crate::model::contender::{Contender, Dialect};

/// A signal between the two participants of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Offer,
    Answer,
    Candidate,
}

/// The sender, the receiver and their contender.
#[derive(Clone)]
pub struct Route {
    pub contender: Contender,
    pub room: String,
    pub from: String,
    pub to: String,
    /// The name of the sender.
    pub name: &'static str,
}

impl Route {
    /// The text that the sender sends.
    pub fn sent(&self, signal: Signal, body: &str) -> String {
        let Self { room, to, .. } = self;
        match (self.contender.dialect(), signal) {
            (Dialect::PeerJs, _) => {
                format!(r#"{{"type":"{}","payload":{body},"dst":"{to}"}}"#, peer_type(signal))
            }
            (_, Signal::Candidate) => {
                format!(r#"42["ice_candidate",{{"remoteSocketId":"{to}","candidate":{body}}}]"#)
            }
            (_, Signal::Offer) => format!(
                r#"42["send_offer",{{"appointment_id":"{room}","offer":{body},"remoteSocketId":"{to}"}}]"#
            ),
            (_, Signal::Answer) => format!(
                r#"42["send_answer",{{"appointment_id":"{room}","answer":{body},"remoteSocketId":"{to}"}}]"#
            ),
        }
    }

    /// The text that the receiver gets. Switchboard's texts end with a number; this is the part before it.
    pub fn heard(&self, signal: Signal, body: &str) -> String {
        let Self { from, name, .. } = self;
        let text = match (self.contender.dialect(), signal) {
            (Dialect::Bare | Dialect::Janus, _) => return self.sent(signal, body),
            (Dialect::PeerJs, _) => {
                let (kind, to) = (peer_type(signal), &self.to);
                return format!(r#"{{"type":"{kind}","src":"{from}","dst":"{to}","payload":{body}}}"#);
            }
            (Dialect::Mesh, Signal::Candidate) => format!(r#"42["ice_candidate",{{"candidate":{body}"#),
            (Dialect::Mesh, Signal::Offer) => {
                format!(r#"42["receive_offer",{{"from":"{from}","offer":{body},"name":"{name}""#)
            }
            (Dialect::Mesh, Signal::Answer) => {
                format!(r#"42["receive_answer",{{"from":"{from}","answer":{body}"#)
            }
        };
        text + if self.contender.is_ours() { r#","seq":"# } else { "}]" }
    }
}

const fn peer_type(signal: Signal) -> &'static str {
    match signal {
        Signal::Offer => "OFFER",
        Signal::Answer => "ANSWER",
        Signal::Candidate => "CANDIDATE",
    }
}

/// Takes the next text, which must be the expected one; see [`is_next`].
pub fn check(text: &[u8], expected: &[u8], seq: Option<&mut u64>) -> anyhow::Result<()> {
    if is_next(text, expected, seq) {
        return Ok(());
    }
    let same = text.iter().zip(expected).take_while(|(heard, expected)| heard == expected).count();
    let excerpt = |text: &[u8]| {
        let end = text.len().min(same + 80);
        String::from_utf8_lossy(&text[same.saturating_sub(20).min(end)..end]).into_owned()
    };
    bail!("from byte {same} on expected …{}…, heard …{}…", excerpt(expected), excerpt(text))
}

/// Whether `text` starts with `expected` and, if numbered, continues with the number after `seq`.
fn is_next(text: &[u8], expected: &[u8], seq: Option<&mut u64>) -> bool {
    let Some(rest) = text.strip_prefix(expected) else { return false };
    let Some(seq) = seq else { return rest.is_empty() };
    *seq += 1;
    let Some(digits) = rest.strip_suffix(b"}]") else { return false };
    let mut left = *seq;
    digits.iter().rev().all(|digit| {
        let same = *digit == b'0' + (left % 10) as u8;
        left /= 10;
        same
    }) && left == 0
        && !digits.is_empty()
}
