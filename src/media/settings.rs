//! The settings of forwarding.

use std::{net::IpAddr, num::NonZeroU32};

use clap::ValueEnum;

/// Addresses, threads, codecs and limits of forwarded media.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Addresses of this machine at which media arrives.
    pub listen: Vec<IpAddr>,
    /// Addresses that clients are told instead, one for each of `listen`; empty if they are the same.
    pub advertise: Vec<IpAddr>,
    /// The UDP and TCP port of the first thread; the others use the following ports. 0 for free ports.
    pub port: u16,
    /// The number of threads among which rooms are divided.
    pub threads: usize,
    /// Accepted codecs, the preferred one first.
    pub codecs: Vec<MediaCodec>,
    /// The limits.
    pub limits: MediaLimits,
}

impl MediaSettings {
    /// The port of a thread.
    pub fn port_of(&self, thread: usize) -> u16 {
        let thread = u16::try_from(thread).unwrap_or(u16::MAX);
        if self.port == 0 { 0 } else { self.port.saturating_add(thread) }
    }
}

/// A codec that the server forwards. It does not transcode, so every receiver must support the sender's
/// codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MediaCodec {
    /// Audio; every browser has it
    Opus,
    /// Video; every browser has it
    Vp8,
    /// Video; most browsers have it, and many devices decode it in hardware
    H264,
}

/// Limits of the media plane.
#[derive(Debug, Clone, Copy)]
pub struct MediaLimits {
    /// Endpoints of one participant: one to publish, one for each other participant that it receives.
    pub per_participant: usize,
    /// Endpoints in one room.
    pub per_room: usize,
    /// Endpoints on this server; each takes about half a megabyte.
    pub in_all: usize,
    /// Offers and answers of one participant in a minute.
    pub descriptions_per_minute: NonZeroU32,
}
