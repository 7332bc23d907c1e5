//! Media that a client cannot decode, or that the server cannot forward: found in descriptions and packets.

use str0m::{
    Rtc,
    format::PayloadParams,
    media::{MediaKind, Mid},
};

use super::{endpoint::Endpoint, incoming::Packet, outgoing::Outgoing, sdp, shard::Shard};
use crate::media::{EndpointId, MediaEvent};

/// The kinds of media without a common codec.
#[derive(Debug, Default)]
pub struct Missing {
    /// Kinds that the client offered, and of which the server refused every codec.
    refused: Vec<MediaKind>,
    reported: [bool; 2],
}

impl Missing {
    /// Forgets what was reported: the source is another one.
    pub fn forget(&mut self) {
        self.reported = [false; 2];
    }
}

impl Endpoint {
    /// Prepares for another source: its streams, and what was reported of its codecs.
    pub(super) fn forget_source(&mut self) {
        self.outgoing.iter_mut().for_each(Outgoing::forget_source);
        self.missing.forget();
    }

    /// Records which sections of the offer `narrowed` the answer refused.
    pub(super) fn note_refused(&mut self, narrowed: &str, answer: &str) {
        let wanted = if self.is_publisher() { "a=sendonly" } else { "a=recvonly" };
        let offered = sdp::sections(narrowed).map(|(kind, section)| (kind, sdp::has(section, wanted)));
        let refused = offered.zip(sdp::sections(answer)).filter_map(|((kind, is_wanted), (_, answered))| {
            let is_refused = sdp::is_rejected(answered) || sdp::has(answered, "a=inactive");
            (is_wanted && is_refused).then_some(kind?)
        });
        self.missing.refused = refused.collect();
    }

    /// Reports it if no track took the packet because the client lacks the codec.
    pub(super) fn check_codec(&mut self, packet: &Packet) {
        if self.outgoing.iter().any(|track| track.key == packet.track && track.lacks_codec()) {
            self.on_codec_missing(packet.track.kind);
        }
    }

    /// Reports that there is no codec in common for media of this kind, once.
    pub(super) fn on_codec_missing(&mut self, kind: MediaKind) {
        if !std::mem::replace(&mut self.missing.reported[usize::from(kind.is_video())], true) {
            self.tell(MediaEvent::CodecMissing(match kind {
                MediaKind::Audio => crate::media::MediaKind::Audio,
                MediaKind::Video => crate::media::MediaKind::Video,
            }));
        }
    }
}

impl Shard {
    /// Reports the kinds of media for which descriptions leave no codec in common.
    pub(super) fn report_missing_codecs(&mut self, id: EndpointId) {
        let Some(endpoint) = self.endpoints.get(&id) else { return };
        let missing = if endpoint.is_publisher() {
            endpoint.missing.refused.clone()
        } else {
            let source = self.source_of(id).and_then(|source| self.endpoints.get(&source));
            source.map(|source| without_codec(source, endpoint)).unwrap_or_default()
        };
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            for kind in missing {
                endpoint.on_codec_missing(kind);
            }
        }
    }
}

/// The kinds of the source's tracks that the subscriber wants, and cannot decode.
fn without_codec(source: &Endpoint, subscriber: &Endpoint) -> Vec<MediaKind> {
    let missing = source.incoming.iter().filter(|sent| {
        match subscriber.outgoing.iter().find(|track| track.key == sent.key) {
            Some(track) => {
                let codecs = codecs_of(&source.rtc, sent.mid);
                let negotiated = codecs_of(&subscriber.rtc, track.mid);
                !codecs.iter().any(|codec| {
                    let matching = subscriber.rtc.codec_config().match_params(*codec);
                    matching.is_some_and(|own| negotiated.iter().any(|other| other.pt() == own.pt()))
                })
            }
            None => subscriber.missing.refused.contains(&sent.key.kind),
        }
    });
    missing.map(|sent| sent.key.kind).collect()
}

/// The negotiated codecs of a media section.
fn codecs_of(rtc: &Rtc, mid: Mid) -> Vec<PayloadParams> {
    let negotiated = rtc.media(mid).map(str0m::media::Media::remote_pts).unwrap_or_default();
    rtc.codec_config().iter().filter(|params| negotiated.contains(&params.pt())).copied().collect()
}
