//! What forwarding is set to.

use std::{net::IpAddr, num::NonZeroU32};

use clap::ValueEnum;

/// Where media comes and goes, and how much of it.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Addresses of this machine at which media arrives.
    pub listen: Vec<IpAddr>,
    /// What clients are told instead, one for each of `listen`; none where they are the same.
    pub advertise: Vec<IpAddr>,
    /// The UDP and TCP port of the first thread, and the ones after it of the others; 0 for free ones.
    pub port: u16,
    /// On how many threads rooms are spread.
    pub threads: usize,
    /// What may be sent, what is preferred first.
    pub codecs: Vec<MediaCodec>,
    /// How much there may be.
    pub limits: Limits,
}

impl MediaSettings {
    /// The port of a thread.
    pub fn port_of(&self, thread: usize) -> u16 {
        let thread = u16::try_from(thread).unwrap_or(u16::MAX);
        if self.port == 0 { 0 } else { self.port.saturating_add(thread) }
    }
}

/// What the server forwards. It cannot translate, so everybody in a room must understand what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MediaCodec {
    /// Sound; every browser has it
    Opus,
    /// Pictures; every browser has it
    Vp8,
    /// Pictures; most browsers have it, and many devices do it in hardware
    H264,
}

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Endpoints of one participant: one for publishing, one for each other whom it sees.
    pub per_participant: usize,
    /// Endpoints in one room.
    pub per_room: usize,
    /// Endpoints on this server; each takes about half a megabyte.
    pub in_all: usize,
    /// Offers and answers of one participant in a minute.
    pub descriptions_per_minute: NonZeroU32,
}
