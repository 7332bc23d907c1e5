//! The configuration that all endpoints share: codecs, addresses and one certificate, which is expensive to
//! make.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Rtc,
    bwe::Bitrate,
    config::{DtlsCert, DtlsVersion},
    crypto::CryptoProvider,
    net::TcpType,
};

use super::dtls;
use crate::media::MediaCodec;

/// The assumed capacity of a connection before it is measured.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(700);

/// Interval of the library's statistics, which count repetitions.
const STATS_EVERY: Duration = Duration::from_secs(5);

/// The longest message on a data channel that is relayed.
pub const MAX_MESSAGE_BYTES: u32 = 64 * 1024;

/// The most bytes that wait for a slow data channel.
const MAX_BUFFERED_BYTES: usize = 256 * 1024;

/// The shared configuration.
pub struct Local {
    certificate: DtlsCert,
    provider: std::sync::Arc<CryptoProvider>,
    codecs: Vec<MediaCodec>,
    candidates: Vec<Candidate>,
}

impl Local {
    /// Makes the configuration of endpoints at `addresses`, over UDP and TCP.
    pub fn new(codecs: &[MediaCodec], addresses: &[SocketAddr]) -> Self {
        let provider = dtls::provider();
        let certificate =
            provider.dtls_provider.generate_certificate().expect("the provider makes certificates");
        let udp = addresses.iter().map(|address| Candidate::builder().udp().host(*address).build());
        let tcp = addresses
            .iter()
            .map(|address| Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive).build());
        Self {
            certificate,
            provider: provider.into(),
            codecs: codecs.to_vec(),
            candidates: udp.chain(tcp).filter_map(Result::ok).collect(),
        }
    }

    /// Makes a connection; with `has_layers` it measures the capacity towards the client.
    pub fn connection(&self, has_layers: bool, now: Instant) -> Rtc {
        let config = Rtc::builder()
            .set_crypto_provider(self.provider.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_dtls_version(DtlsVersion::Auto)
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_stats_interval(Some(STATS_EVERY))
            .set_sctp_max_message_size(MAX_MESSAGE_BYTES)
            .set_sctp_max_buffered_amount(MAX_BUFFERED_BYTES)
            .enable_bwe(has_layers.then_some(FIRST_ESTIMATE))
            .clear_codecs();
        let config = self.codecs.iter().fold(config, |config, codec| match codec {
            MediaCodec::Opus => config.enable_opus(true, false),
            MediaCodec::Vp8 => config.enable_vp8(true),
            MediaCodec::H264 => config.enable_h264(true),
        });
        let mut connection = config.build(now);
        for candidate in &self.candidates {
            connection.add_local_candidate(candidate.clone());
        }
        connection
    }
}
