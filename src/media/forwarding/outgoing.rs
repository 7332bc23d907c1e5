//! Media to a subscriber: one track of a publisher.
//!
//! One stream of the track at a time is forwarded, with continuous numbers.

use std::time::{Duration, Instant};

use str0m::{
    Rtc,
    format::PayloadParams,
    media::{MediaKind, Mid, Pt, Rid},
    rtp::RtpWrite,
};

use super::{
    incoming::{Packet, StreamKey},
    layers::{Choice, Offered},
    rebase::{Numbers, Rebase},
    track::{LayerName, TrackKey},
};
use crate::media::EndpointId;

/// Limits of the packets that are stored for repetition.
///
/// More than a second of any video, for no longer than a receiver waits.
const REPEATED_PACKETS: usize = 1_000;
const REPEATED_WITHIN: Duration = Duration::from_secs(3);

/// The largest share of repetitions among sent packets.
///
/// A receiver that loses everything for a moment asks for one packet many times, which must not exhaust the
/// limit. A receiver that asks without end gets at most twice the traffic.
const REPEATED_SHARE: f32 = 0.5;

/// A track that a subscriber receives.
#[derive(Debug)]
pub struct Outgoing {
    /// The track's media section.
    pub mid: Mid,
    /// The track's index among the publisher's tracks.
    pub key: TrackKey,
    choice: Choice<LayerName>,
    current: Option<(StreamKey, LayerName)>,
    rebase: Rebase,
    /// The client's payload type for that of the last packet; `None` if the client does not support the
    /// codec.
    payload_type: Option<((EndpointId, Pt), Option<Pt>)>,
}

impl Outgoing {
    /// Makes a track without packets.
    pub fn new(mid: Mid, key: TrackKey, rtc: &mut Rtc) -> Self {
        if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.set_rtx_cache(REPEATED_PACKETS, REPEATED_WITHIN, Some(REPEATED_SHARE));
        }
        let clock_rate = match key.kind {
            MediaKind::Audio => 48_000,
            MediaKind::Video => 90_000,
        };
        let (choice, rebase) = (Choice::default(), Rebase::new(clock_rate));
        Self { mid, key, choice, current: None, rebase, payload_type: None }
    }

    /// Chooses among the offered layers.
    pub fn choose(
        &mut self,
        mut offered: Vec<Offered<LayerName>>,
        wanted_layer: Option<Rid>,
        estimate: Option<f64>,
        now: Instant,
    ) {
        self.choice.choose(&mut offered, wanted_layer.map(|layer| LayerName(Some(layer))), estimate, now);
    }

    /// The layer whose key frame is needed, if any.
    pub fn awaits(&self) -> Option<LayerName> {
        let chosen = self.choice.chosen()?;
        let has_it = self.current.is_some_and(|(_, layer)| layer == chosen);
        (self.key.kind.is_video() && !has_it).then_some(chosen)
    }

    /// The forwarded layer.
    pub fn layer(&self) -> Option<LayerName> {
        self.current.map(|(_, layer)| layer)
    }

    /// True if the client lacks the codec of the last packet that could have been forwarded.
    pub fn lacks_codec(&self) -> bool {
        matches!(self.payload_type, Some((_, None)))
    }

    /// Forgets the forwarded stream. A new one may have the same name, and must start with a key frame.
    pub fn forget_source(&mut self) {
        self.current = None;
    }

    /// Sends the packet if it belongs to the forwarded stream, or starts the chosen one.
    pub fn forward(&mut self, rtc: &mut Rtc, packet: &Packet) -> bool {
        if packet.track != self.key {
            return false;
        }
        let is_current = self.current.is_some_and(|(stream, _)| stream == packet.stream);
        if !is_current {
            let is_wanted = self.choice.chosen().is_none_or(|chosen| chosen == packet.layer);
            if !is_wanted || !packet.can_start {
                return false;
            }
        }
        let Some(payload_type) = self.payload_type_of(rtc, packet) else { return false };
        let at = packet.rtp.timestamp;
        if !is_current {
            self.rebase.begin(&packet.numbers, at);
            self.current = Some((packet.stream, packet.layer));
        }
        let Some(numbers) = self.rebase.apply(&packet.numbers, at) else { return false };
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(self.mid, None) else { return false };
        stream.write_rtp(write(packet, &numbers, payload_type));
        true
    }

    fn payload_type_of(&mut self, rtc: &Rtc, packet: &Packet) -> Option<Pt> {
        let key = (packet.stream.0, packet.params.pt());
        match self.payload_type {
            Some((known, payload_type)) if known == key => payload_type,
            _ => {
                let negotiated = rtc.media(self.mid)?.remote_pts();
                let matching = rtc.codec_config().match_params(packet.params).map(PayloadParams::pt);
                let payload_type = matching.filter(|payload_type| negotiated.contains(payload_type));
                self.payload_type = Some((key, payload_type));
                payload_type
            }
        }
    }
}

fn write(packet: &Packet, numbers: &Numbers, payload_type: Pt) -> RtpWrite {
    let rtp = &packet.rtp;
    let write = RtpWrite::new(
        payload_type,
        numbers.sequence.into(),
        numbers.time,
        rtp.timestamp,
        rtp.payload.clone(),
    )
    .marker(rtp.header.marker)
    .ext_vals(packet.extensions())
    .nackable(packet.track.kind.is_video());
    match renumbered(packet, numbers) {
        Some(patch) => write.vp8_patch(patch),
        None => write,
    }
}

/// The changes inside a VP8 packet, if there are any.
fn renumbered(packet: &Packet, numbers: &Numbers) -> Option<str0m::rtp::Vp8Patch> {
    let (descriptor, new) = (packet.vp8?, numbers.picture);
    if new == packet.numbers.picture {
        return None;
    }
    let mut patch = descriptor.patch();
    if let Some(id) = new.id {
        // A short picture id has seven bits.
        let is_short = is_short(&packet.rtp.payload);
        patch = patch.picture_id(if is_short { id & 0x7f } else { id });
    }
    if let Some(base_layer) = new.base_layer {
        patch = patch.tl0_pic_idx(base_layer);
    }
    if let Some(key) = new.key {
        patch = patch.key_idx(key);
    }
    patch.build().ok()
}

/// True if a VP8 descriptor has a short `PictureID`. Source: RFC 7741, section 4.2.
fn is_short(payload: &[u8]) -> bool {
    payload.get(2).is_some_and(|first| first & 0x80 == 0)
}
