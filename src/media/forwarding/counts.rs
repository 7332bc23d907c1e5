//! Counters for `/metrics`: summed while packets pass, published a few times a second.

use std::time::Duration;

use crate::media::EndReason;

/// Counts since they were last published.
#[derive(Debug, Default)]
pub struct Counts {
    /// Datagrams and framed packets from clients, and their bytes.
    pub received: Traffic,
    /// Packets to clients, and their bytes.
    pub sent: Traffic,
    /// Forwarded media packets, once for each receiver.
    pub forwarded: u64,
    /// Datagrams from unknown sources, or invalid ones.
    pub unknown: u64,
    /// Datagrams that the network did not accept at once.
    pub dropped: u64,
    /// Key frames requested from publishers.
    pub keyframes_asked: u64,
    /// Key frames requested by subscribers.
    pub keyframes_wanted: u64,
    /// Forwarded data channel messages, once for each receiver.
    pub messages: u64,
    /// Data channel messages over the rate, or not accepted by the receiver.
    pub messages_dropped: u64,
    /// The longest delay of a timer.
    pub lag: Duration,
}

/// Packets and bytes.
#[derive(Debug, Default)]
pub struct Traffic {
    packets: u64,
    bytes: u64,
}

impl Traffic {
    /// Adds one packet of `bytes` bytes.
    pub fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }
}

impl Counts {
    /// Publishes all counts and resets them.
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

/// Counts an opened endpoint.
pub fn opened(is_publisher: bool) {
    metrics::gauge!("switchboard_media_endpoints", "role" => role(is_publisher)).increment(1.0);
}

/// Counts an ended endpoint; without a reason, a door closed it.
pub fn ended(is_publisher: bool, reason: Option<EndReason>) {
    metrics::gauge!("switchboard_media_endpoints", "role" => role(is_publisher)).decrement(1.0);
    let reason = match reason {
        None => "closed",
        Some(EndReason::Left) => "left",
        Some(EndReason::Lost) => "lost",
        Some(EndReason::Replaced) => "replaced",
        Some(EndReason::Fault) => "fault",
    };
    metrics::counter!("switchboard_media_endpoints_ended_total", "reason" => reason).increment(1);
}

/// Counts repeated packets: requested by subscribers (`in`), or by the server from publishers (`out`).
pub fn repeated(direction: &'static str, packets: u64) {
    metrics::counter!("switchboard_media_nacks_total", "direction" => direction).increment(packets);
}

fn role(is_publisher: bool) -> &'static str {
    if is_publisher { "publish" } else { "subscribe" }
}
