//! The answers of long polling: at most 16 packets in each.
//!
//! python-engineio takes a payload with more packets for an attack, and drops all of it. The library puts
//! into an answer whatever waits, so the gate splits it, and has the rest wait for the next polls.
//!
//! Source: `engineio.payload.Payload.max_decode_packets`.

use std::collections::VecDeque;

use axum::{body::Body, http::Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;

use super::transport::Transport;

/// The most packets in one answer.
pub const MAX_PACKETS: usize = 16;

/// Separates the packets of an answer.
const SEPARATOR: u8 = 0x1e;

/// Engine.IO's ping and noop packets.
const PING: &[u8] = b"2";
const NOOP: &[u8] = b"6";

/// Packets that the library has given out and that the client has not got.
///
/// They count towards what waits for the client, which limits them.
#[derive(Debug, Default)]
pub struct Leftover(VecDeque<Bytes>);

impl Leftover {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes all packets.
    pub fn take(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }

    /// The next answer, once the library has given out `answer`. A ping goes first: the client has little
    /// time to answer it.
    pub fn next(&mut self, answer: Bytes) -> Bytes {
        if self.0.is_empty() && answer.split(|byte| *byte == SEPARATOR).count() <= MAX_PACKETS {
            return answer;
        }
        for packet in answer.split(|byte| *byte == SEPARATOR) {
            match packet {
                PING => self.0.push_front(Bytes::from_static(PING)),
                NOOP | [] => {}
                _ => self.0.push_back(answer.slice_ref(packet)),
            }
        }
        let packets: Vec<_> = self.0.drain(..self.0.len().min(MAX_PACKETS)).collect();
        packets.join(&SEPARATOR).into()
    }
}

impl Transport {
    /// Turns the library's answer to a poll into one with few packets.
    pub async fn answer_poll(&self, library: Response<Body>) -> Response<Body> {
        let (mut parts, body) = library.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let is_refusal = parts.status != StatusCode::OK;
        if is_refusal && self.leftover() == 0 {
            return Response::from_parts(parts, Body::from(body));
        }
        // The client gets a refusal with the next poll.
        let answer = self.next_answer(if is_refusal { Bytes::new() } else { body });
        parts.status = StatusCode::OK;
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(answer.len()));
        let text = HeaderValue::from_static("text/plain; charset=UTF-8");
        parts.headers.insert(header::CONTENT_TYPE, text);
        Response::from_parts(parts, Body::from(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(packets: impl IntoIterator<Item = String>) -> Bytes {
        packets.into_iter().collect::<Vec<_>>().join("\u{1e}").into()
    }

    fn numbered(numbers: std::ops::Range<usize>) -> Bytes {
        joined(numbers.map(|number| format!("42[{number}]")))
    }

    #[test]
    fn an_answer_of_few_packets_stays_as_it_is() {
        let mut leftover = Leftover::default();
        for answer in [numbered(0..1), numbered(0..16), Bytes::from_static(b"6"), Bytes::new()] {
            assert_eq!(leftover.next(answer.clone()), answer);
            assert_eq!(leftover.len(), 0);
        }
    }

    #[test]
    fn an_answer_of_many_packets_is_spread_over_polls_in_order() {
        let mut leftover = Leftover::default();
        assert_eq!(leftover.next(numbered(0..40)), numbered(0..16));
        assert_eq!(leftover.next(numbered(40..50)), numbered(16..32));
        assert_eq!(leftover.next(Bytes::new()), numbered(32..48));
        assert_eq!(leftover.next(Bytes::from_static(NOOP)), numbered(48..50));
        assert_eq!(leftover.len(), 0);
    }

    #[test]
    fn a_ping_goes_before_the_packets_that_wait() {
        let mut leftover = Leftover::default();
        leftover.next(numbered(0..40));
        let first = leftover.next(Bytes::from_static(PING));
        assert!(first.starts_with(b"2\x1e42[16]"));
        assert_eq!(leftover.take().count(), 40 - 16 - 15);
    }
}
