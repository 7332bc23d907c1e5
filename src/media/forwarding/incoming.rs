//! Media from a publisher: its tracks, their streams, and the properties of each packet that forwarding
//! needs.

use std::time::Instant;

use str0m::{
    Rtc,
    format::{Codec, PayloadParams},
    media::{KeyframeRequestKind, Mid},
    rtp::{ExtensionValues, RtpPacket, Ssrc, Vp8Descriptor},
};

use super::{
    keyframes::{self, Requests},
    layers::{Offered, Rate, is_sent},
    loudness::Loudness,
    rebase::{Numbers, Picture},
    track::{LayerName, TrackKey},
};
use crate::media::EndpointId;

/// The most streams of a track: every layer, before and after a change of its SSRC.
const MAX_STREAMS: usize = 8;

/// A track that a publisher sends.
#[derive(Debug)]
pub struct Incoming {
    /// The track's media section.
    pub mid: Mid,
    /// The track's index among the publisher's tracks.
    pub key: TrackKey,
    /// The track's loudness, if it is audio.
    pub loudness: Loudness,
    streams: Vec<Stream>,
}

/// One encoding of a track; several are the layers of a simulcast.
#[derive(Debug)]
struct Stream {
    ssrc: Ssrc,
    layer: LayerName,
    rate: Rate,
    last: Instant,
    requests: Requests,
}

/// A stream of one publisher. An SSRC alone is not unique: publishers choose theirs.
pub type StreamKey = (EndpointId, Ssrc);

/// A packet to forward.
pub struct Packet {
    /// The packet's stream.
    pub stream: StreamKey,
    /// The packet's track.
    pub track: TrackKey,
    /// The packet's layer.
    pub layer: LayerName,
    /// The packet's codec and parameters.
    pub params: PayloadParams,
    /// The packet's sequence number, time and picture numbers.
    pub numbers: Numbers,
    /// The VP8 descriptor, whose numbers change on the way.
    pub vp8: Option<Vp8Descriptor>,
    /// True if a new subscriber can start with this packet.
    pub can_start: bool,
    /// The packet.
    pub rtp: RtpPacket,
}

impl Packet {
    /// The header extensions that are forwarded; the others apply to one hop only.
    pub fn extensions(&self) -> ExtensionValues {
        let ExtensionValues { audio_level, voice_activity, video_orientation, .. } = self.rtp.header.ext_vals;
        ExtensionValues { audio_level, voice_activity, video_orientation, ..ExtensionValues::default() }
    }
}

/// Records a packet; returns whether it is the first of its stream.
pub fn receive(
    tracks: &mut [Incoming],
    rtc: &mut Rtc,
    endpoint: EndpointId,
    rtp: RtpPacket,
) -> Option<(Packet, bool)> {
    let (ssrc, now) = (rtp.header.ssrc, rtp.timestamp);
    let known = tracks.iter().position(|track| track.streams.iter().any(|stream| stream.ssrc == ssrc));
    let (index, is_new) = match known {
        Some(index) => (index, false),
        None => (discover(tracks, rtc, ssrc, now)?, true),
    };
    let track = &mut tracks[index];
    let stream = track.streams.iter_mut().find(|stream| stream.ssrc == ssrc)?;
    stream.rate.add(rtp.payload.len(), now);
    stream.last = now;
    if let Some(level) = rtp.header.ext_vals.audio_level {
        track.loudness.heard(level, now);
    }
    let params = *rtc.codec_config().find(|params| params.pt() == rtp.header.payload_type)?;
    let codec = params.spec().codec;
    let vp8 = (codec == Codec::Vp8).then(|| Vp8Descriptor::parse(&rtp.payload).ok()).flatten();
    let numbers = Numbers {
        sequence: *rtp.seq_no,
        time: rtp.header.timestamp,
        picture: vp8.as_ref().map_or_else(Picture::default, |vp8| Picture {
            id: vp8.picture_id(),
            base_layer: vp8.tl0_pic_idx(),
            key: vp8.key_idx(),
        }),
    };
    let can_start = keyframes::can_start(codec, &rtp.payload, vp8.as_ref());
    let packet = Packet {
        stream: (endpoint, ssrc),
        track: track.key,
        layer: stream.layer,
        params,
        numbers,
        vp8,
        can_start,
        rtp,
    };
    Some((packet, is_new))
}

/// Finds the track of a new stream.
fn discover(tracks: &mut [Incoming], rtc: &mut Rtc, ssrc: Ssrc, now: Instant) -> Option<usize> {
    let mut direct = rtc.direct_api();
    let (mid, layer) = direct.stream_rx(&ssrc).map(|stream| (stream.mid(), LayerName(stream.rid())))?;
    let index = tracks.iter().position(|track| track.mid == mid)?;
    let streams = &mut tracks[index].streams;
    streams.retain(|stream| stream.layer != layer);
    if streams.len() >= MAX_STREAMS {
        streams.remove(0);
    }
    streams.push(Stream { ssrc, layer, rate: Rate::default(), last: now, requests: Requests::default() });
    Some(index)
}

impl Incoming {
    /// Makes a track without streams.
    pub fn new(mid: Mid, key: TrackKey) -> Self {
        Self { mid, key, loudness: Loudness::default(), streams: Vec::new() }
    }

    /// The layers that the publisher sends.
    pub fn offered(&self, now: Instant) -> Vec<Offered<LayerName>> {
        let sent = self.streams.iter().filter(|stream| is_sent(stream.last, now));
        sent.map(|stream| Offered { layer: stream.layer, rate: stream.rate.bits_per_second() }).collect()
    }

    /// Records that a subscriber needs a key frame of the layer.
    pub fn want_keyframe(&mut self, layer: LayerName) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.layer == layer) {
            stream.requests.want();
        }
    }

    /// Requests the needed key frames from the publisher; returns for how many layers.
    pub fn ask(&mut self, rtc: &mut Rtc, now: Instant) -> usize {
        let mut asked = 0;
        for stream in &mut self.streams {
            if stream.requests.take_due(now)
                && let Some(stream) = rtc.direct_api().stream_rx(&stream.ssrc)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                asked += 1;
            }
        }
        asked
    }
}
