//! What is counted, for `/metrics`: added up while packets pass, told a few times a second.

use std::time::Duration;

use crate::media::CloseReason;

/// What has happened since it was last told.
#[derive(Debug, Default)]
pub struct Counts {
    /// Datagrams and framed packets from clients, and their bytes.
    pub received: Traffic,
    /// To clients.
    pub sent: Traffic,
    /// Media packets handed on, once for each receiver.
    pub forwarded: u64,
    /// From nobody known, or no packets at all.
    pub unknown: u64,
    /// That the network did not take at once.
    pub dropped: u64,
    /// Key frames asked of publishers.
    pub keyframes_asked: u64,
    /// Key frames that subscribers asked for.
    pub keyframes_wanted: u64,
    /// Messages on data channels handed on, once for each receiver.
    pub messages: u64,
    /// Messages on data channels that were too many, or not taken.
    pub messages_dropped: u64,
    /// The longest that something was late.
    pub lag: Duration,
}

/// Packets and bytes.
#[derive(Debug, Default)]
pub struct Traffic {
    packets: u64,
    bytes: u64,
}

impl Traffic {
    /// One packet of so many bytes.
    pub fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }
}

impl Counts {
    /// Tells everything, and begins anew.
    pub fn tell(&mut self) {
        let Self {
            received,
            sent,
            forwarded,
            unknown,
            dropped,
            keyframes_asked,
            keyframes_wanted,
            messages,
            messages_dropped,
            lag,
        } = std::mem::take(self);
        for (direction, traffic) in [("in", received), ("out", sent)] {
            metrics::counter!("switchboard_media_packets_total", "direction" => direction)
                .increment(traffic.packets);
            metrics::counter!("switchboard_media_bytes_total", "direction" => direction)
                .increment(traffic.bytes);
        }
        metrics::counter!("switchboard_media_forwarded_packets_total").increment(forwarded);
        metrics::counter!("switchboard_media_unknown_packets_total").increment(unknown);
        metrics::counter!("switchboard_media_dropped_packets_total").increment(dropped);
        metrics::counter!("switchboard_media_keyframe_requests_total", "direction" => "out")
            .increment(keyframes_asked);
        metrics::counter!("switchboard_media_keyframe_requests_total", "direction" => "in")
            .increment(keyframes_wanted);
        metrics::counter!("switchboard_media_messages_total", "outcome" => "relayed").increment(messages);
        metrics::counter!("switchboard_media_messages_total", "outcome" => "dropped")
            .increment(messages_dropped);
        metrics::gauge!("switchboard_media_lag_seconds").set(lag);
    }
}

/// An endpoint was opened.
pub fn opened(is_publisher: bool) {
    metrics::gauge!("switchboard_media_endpoints", "role" => role(is_publisher)).increment(1.0);
}

/// An endpoint has ended; without a reason it was closed by the server's own doors.
pub fn ended(is_publisher: bool, reason: Option<CloseReason>) {
    metrics::gauge!("switchboard_media_endpoints", "role" => role(is_publisher)).decrement(1.0);
    let reason = match reason {
        None => "closed",
        Some(CloseReason::Left) => "left",
        Some(CloseReason::Lost) => "lost",
        Some(CloseReason::Replaced) => "replaced",
        Some(CloseReason::Fault) => "fault",
    };
    metrics::counter!("switchboard_media_endpoints_ended_total", "reason" => reason).increment(1);
}

/// Packets that were asked for again: by subscribers of the server (`in`), by the server of publishers (`out`).
pub fn repeated(direction: &'static str, packets: u64) {
    metrics::counter!("switchboard_media_nacks_total", "direction" => direction).increment(packets);
}

fn role(is_publisher: bool) -> &'static str {
    if is_publisher { "publish" } else { "subscribe" }
}
