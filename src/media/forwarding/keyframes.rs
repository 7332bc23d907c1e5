//! Key frames: where a new subscriber or a layer change can start, and throttled requests for them.

use std::time::{Duration, Instant};

use str0m::{format::Codec, rtp::Vp8Descriptor};

/// The shortest time between two requests to one encoder: a key frame is large, and all subscribers get it.
const AT_MOST_EVERY: Duration = Duration::from_millis(500);

/// H.264 NAL unit types. Source: RFC 6184, section 5.2.
const SEQUENCE_PARAMETERS: u8 = 7;
const AGGREGATE: u8 = 24;

/// True if a new subscriber can start with this packet.
pub fn can_start(codec: Codec, payload: &[u8], vp8: Option<&Vp8Descriptor>) -> bool {
    match codec {
        Codec::Vp8 => vp8.is_some_and(|descriptor| descriptor.starts_keyframe(payload)),
        Codec::H264 => starts_sequence(payload),
        _ => true,
    }
}

/// True if an H.264 packet holds a sequence parameter set, which browsers send before every key frame.
fn starts_sequence(payload: &[u8]) -> bool {
    let Some((head, mut rest)) = payload.split_first() else { return false };
    match head & 0x1f {
        SEQUENCE_PARAMETERS => true,
        AGGREGATE => {
            while let [high, low, unit @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if unit.first().is_some_and(|head| head & 0x1f == SEQUENCE_PARAMETERS) {
                    return true;
                }
                rest = unit.get(length..).unwrap_or_default();
            }
            false
        }
        _ => false,
    }
}

/// The requests to one encoder.
#[derive(Debug, Default)]
pub struct Requests {
    last: Option<Instant>,
    wanted: bool,
}

impl Requests {
    /// Records that a subscriber needs a key frame.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// True if a request is due now. A need within the shortest time stays recorded.
    pub fn take_due(&mut self, now: Instant) -> bool {
        let is_early = self.last.is_some_and(|last| now.saturating_duration_since(last) < AT_MOST_EVERY);
        let is_due = self.wanted && !is_early;
        if is_due {
            *self = Self { last: Some(now), wanted: false };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_key_frame_starts_only_with_its_first_packet() {
        let starts = |payload: &[u8]| {
            let descriptor = Vp8Descriptor::parse(payload).ok();
            can_start(Codec::Vp8, payload, descriptor.as_ref())
        };
        assert!(starts(&[0x10, 0x00, 1, 2]));
        assert!(!starts(&[0x10, 0x01, 1, 2]), "an inter frame");
        assert!(!starts(&[0x00, 0x00, 1, 2]), "the middle of a frame");
        assert!(!starts(&[]));
    }

    #[test]
    fn an_h264_stream_starts_with_its_parameters() {
        let starts = |payload: &[u8]| can_start(Codec::H264, payload, None);
        assert!(starts(&[0x67, 0x42]));
        assert!(starts(&[0x78, 0, 2, 0x68, 0xce, 0, 2, 0x67, 0x42]), "in an aggregate, behind others");
        assert!(!starts(&[0x78, 0, 9, 0x68]), "cut off");
        assert!(!starts(&[0x41, 0x9a]));
        assert!(!starts(&[]));
    }

    #[test]
    fn requests_are_throttled_and_none_is_lost() {
        let start = tokio::time::Instant::now().into_std();
        let mut requests = Requests::default();
        assert!(!requests.take_due(start), "none is needed");
        requests.want();
        assert!(requests.take_due(start));
        requests.want();
        assert!(!requests.take_due(start + Duration::from_millis(100)));
        assert!(requests.take_due(start + AT_MOST_EVERY));
    }
}
