//! The media of a test client: packets that name their source, so that a receiver can check them.

use std::time::{Duration, Instant};

use str0m::{
    Rtc,
    media::{Mid, Rid},
    rtp::{ExtensionValues, RtpWrite, SeqNo},
};

/// Packets of one video frame.
const PARTS: u8 = 3;

/// A camera or a microphone.
pub struct Camera {
    pub mid: Mid,
    pub rid: Option<Rid>,
    /// Bytes of a packet.
    pub size: usize,
    /// The level of a microphone; a camera has none.
    pub level: Option<i8>,
    /// True if the next frame is a key frame.
    pub wants_key: bool,
    pub next: Instant,
    every: Duration,
    /// Identifies the client.
    tag: u8,
    sequence: SeqNo,
    time: u32,
    frame: u32,
    keys: u8,
}

/// The source and number that a packet's payload states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub tag: u8,
    pub layer: u8,
    pub frame: u32,
    pub part: u8,
}

impl Camera {
    pub fn new(mid: Mid, rid: Option<Rid>, tag: u8, now: Instant) -> Self {
        // Sequence numbers start at different values, for some beyond the first wrap.
        let sequence = 40_000 + u64::from(tag) * 60_000;
        Self {
            mid,
            rid,
            size: 300,
            level: None,
            wants_key: true,
            next: now,
            every: Duration::from_millis(50),
            tag,
            sequence: (sequence % 65_000).into(),
            time: u32::from(tag).wrapping_mul(1_000_000_000),
            frame: u32::from(tag) * 5_000,
            keys: tag,
        }
    }

    pub fn microphone(mid: Mid, level: i8, tag: u8, now: Instant) -> Self {
        Self { level: Some(level), every: Duration::from_millis(20), ..Self::new(mid, None, tag, now) }
    }

    /// Sends the packets that are due.
    pub fn send(&mut self, rtc: &mut Rtc, now: Instant, mut sent: impl FnMut(&mut Rtc)) {
        let media = rtc.media(self.mid).unwrap();
        let payload_type = media.remote_pts()[0];
        let parts = if self.level.is_some() { 1 } else { PARTS };
        for part in 0..parts {
            self.sequence.inc();
            let extensions = ExtensionValues {
                audio_level: self.level,
                voice_activity: self.level.map(|level| level > -50),
                ..ExtensionValues::default()
            };
            let write = RtpWrite::new(payload_type, self.sequence, self.time, now, self.payload(part))
                .marker(part == parts - 1)
                .ext_vals(extensions)
                .nackable(true);
            let mut direct = rtc.direct_api();
            direct.stream_tx_by_mid(self.mid, self.rid).unwrap().write_rtp(write);
            sent(rtc);
        }
        let clock_rate = if self.level.is_some() { 48 } else { 90 };
        self.time = self.time.wrapping_add(u32::try_from(self.every.as_millis()).unwrap() * clock_rate);
        self.frame += 1;
        self.wants_key = false;
        self.next = now + self.every;
    }

    /// Makes the payload of a VP8 or audio packet. Source of the descriptor: RFC 7741, section 4.2.
    fn payload(&mut self, part: u8) -> Vec<u8> {
        let mut payload = Vec::new();
        if self.level.is_none() {
            let is_first = part == 0;
            if is_first && self.wants_key {
                self.keys = (self.keys + 1) % 32;
            }
            let id = self.frame & 0x7fff;
            payload.push(if is_first { 0x90 } else { 0x80 });
            payload.push(0xf0);
            payload.extend([0x80 | u8::try_from(id >> 8).unwrap(), (id & 0xff) as u8]);
            payload.extend([(self.frame & 0xff) as u8, self.keys]);
            payload.push(u8::from(!self.wants_key));
        }
        let layer = self.rid.map_or(0, |rid| rid.as_bytes()[0]);
        payload.extend([self.tag, layer, part]);
        payload.extend(self.frame.to_be_bytes());
        payload.resize(self.size.max(payload.len()), 0);
        payload
    }
}

impl Content {
    /// Reads the payload of a video packet.
    pub fn of(payload: &[u8]) -> Self {
        let [_, _, _, _, _, _, _, tag, layer, part, f0, f1, f2, f3, ..] = *payload else {
            panic!("not one of ours")
        };
        Self { tag, layer, part, frame: u32::from_be_bytes([f0, f1, f2, f3]) }
    }
}
