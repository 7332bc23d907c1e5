//! What a publisher sends: tracks, the streams they consist of, and what is to be known of a packet before it is forwarded.

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

/// More streams than a track has: every layer, before and after a change of its number.
const MAX_STREAMS: usize = 8;

/// A track that a publisher sends.
#[derive(Debug)]
pub struct Incoming {
    /// The media section it is in.
    pub mid: Mid,
    /// Which of its publisher's.
    pub key: TrackKey,
    /// How loud it is, if it is sound.
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

/// Where a packet is from, for good: a number is not enough, because publishers choose theirs.
pub type StreamKey = (EndpointId, Ssrc);

/// A packet that is to be forwarded.
pub struct Packet {
    /// Which stream it belongs to.
    pub stream: StreamKey,
    /// Which track.
    pub track: TrackKey,
    /// Which layer.
    pub layer: LayerName,
    /// What it is encoded with.
    pub params: PayloadParams,
    /// What it is numbered with.
    pub numbers: Numbers,
    /// What is to be renumbered inside, for VP8.
    pub vp8: Option<Vp8Descriptor>,
    /// Whether somebody who has nothing yet can start here.
    pub can_start: bool,
    /// The packet.
    pub rtp: RtpPacket,
}

impl Packet {
    /// What is passed on of a packet's header extensions; the rest is between two neighbours.
    pub fn extensions(&self) -> ExtensionValues {
        let ExtensionValues { audio_level, voice_activity, video_orientation, .. } = self.rtp.header.ext_vals;
        ExtensionValues { audio_level, voice_activity, video_orientation, ..ExtensionValues::default() }
    }
}

/// Takes a packet in. Says whether it is the first of its stream.
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

/// Finds the track of a stream that has not been heard before.
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
    /// A track of which nothing has come yet.
    pub fn new(mid: Mid, key: TrackKey) -> Self {
        Self { mid, key, loudness: Loudness::default(), streams: Vec::new() }
    }

    /// The layers that are being sent.
    pub fn offered(&self, now: Instant) -> Vec<Offered<LayerName>> {
        let sent = self.streams.iter().filter(|stream| is_sent(stream.last, now));
        sent.map(|stream| Offered { layer: stream.layer, rate: stream.rate.bits_per_second() }).collect()
    }

    /// Somebody needs a key frame of the layer.
    pub fn want_keyframe(&mut self, layer: LayerName) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.layer == layer) {
            stream.requests.want();
        }
    }

    /// Asks the publisher for the key frames that are wanted, and says of how many layers.
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
