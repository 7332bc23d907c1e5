//! Cameras and microphones: packets of a fixed size, on time.

use std::time::{Duration, Instant};

use str0m::{
    Rtc,
    media::Mid,
    rtp::{ExtensionValues, RtpWrite, SeqNo},
};

use super::ledger;

/// Length of the header before a picture's content: a VP8 payload descriptor with a picture id of 15 bits,
/// and a byte. Source: RFC 7741, section 4.2.
pub const DESCRIPTOR_BYTES: usize = 5;

/// Interval of a microphone's packets: Opus as browsers send it.
const SOUND_EVERY: Duration = Duration::from_millis(20);

/// Interval during silence. Source: RFC 6716, section 2.1.9.
const SILENCE_EVERY: Duration = Duration::from_millis(400);

/// Length of 20 ms of sound at 32 kbit/s, and of silence.
const SOUND_BYTES: usize = 80;
const SILENCE_BYTES: usize = 16;

/// Loudness of speech and of silence, in dBov.
const LOUD: i8 = -30;
const QUIET: i8 = -127;

/// The format of a camera.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Camera {
    pub bits_per_second: u32,
    pub pictures_per_second: u32,
    /// Packets per picture.
    pub packets_per_picture: u32,
}

/// A sending camera or microphone.
pub struct Source {
    mid: Mid,
    kind: Kind,
    sender: u32,
    every: Duration,
    bytes: usize,
    next: Option<Instant>,
    sequence: SeqNo,
    time: u32,
    picture: u16,
    /// Number of sent packets.
    pub number: u32,
    /// Whether the next picture is a key frame.
    pub wants_key: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Picture { packets: u32 },
    Sound { level: i8 },
}

impl Source {
    pub fn camera(mid: Mid, sender: u32, camera: Camera) -> Self {
        let Camera { bits_per_second, pictures_per_second, packets_per_picture } = camera;
        let bytes = bits_per_second / 8 / pictures_per_second / packets_per_picture;
        let every = Duration::from_secs(1) / pictures_per_second;
        Self::new(mid, Kind::Picture { packets: packets_per_picture }, sender, every, bytes as usize)
    }

    pub fn microphone(mid: Mid, sender: u32, is_speaking: bool) -> Self {
        let (every, bytes, level) = if is_speaking {
            (SOUND_EVERY, SOUND_BYTES, LOUD)
        } else {
            (SILENCE_EVERY, SILENCE_BYTES, QUIET)
        };
        Self::new(mid, Kind::Sound { level }, sender, every, bytes)
    }

    fn new(mid: Mid, kind: Kind, sender: u32, every: Duration, bytes: usize) -> Self {
        Self {
            mid,
            kind,
            sender,
            every,
            bytes,
            next: None,
            sequence: 1_000.into(),
            time: sender.wrapping_mul(1_000_003),
            picture: 0,
            number: 0,
            wants_key: true,
        }
    }

    pub fn is_camera(&self) -> bool {
        matches!(self.kind, Kind::Picture { .. })
    }

    pub fn sender(&self) -> u32 {
        self.sender
    }

    pub fn mid(&self) -> Mid {
        self.mid
    }

    /// Starts to send; sources start at different moments.
    pub fn begin(&mut self, now: Instant) {
        let phase = self.sender.wrapping_mul(2_654_435_761);
        self.next = Some(now + self.every.mul_f64(f64::from(phase) / f64::from(u32::MAX)));
    }

    pub fn pause(&mut self) {
        self.next = None;
    }

    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Sends what is due: one picture, or one audio packet. Calls `sent` after each packet.
    pub fn send(&mut self, rtc: &mut Rtc, now: Instant, mut sent: impl FnMut(&mut Rtc)) {
        let Some(next) = self.next.filter(|next| *next <= now) else { return };
        let Some(payload_type) = rtc.media(self.mid).and_then(|media| media.remote_pts().first().copied())
        else {
            return;
        };
        let packets = if let Kind::Picture { packets } = self.kind { packets } else { 1 };
        for part in 0..packets {
            let write =
                RtpWrite::new(payload_type, self.sequence.inc(), self.time, now, self.payload(part == 0))
                    .marker(part + 1 == packets)
                    .ext_vals(self.extensions())
                    .nackable(self.is_camera());
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(self.mid, None) {
                stream.write_rtp(write);
            }
            self.number += 1;
            sent(rtc);
        }
        self.wants_key = false;
        self.picture = (self.picture + 1) & 0x7fff;
        self.time = self.time.wrapping_add(self.ticks());
        // A delayed source does not catch up with a burst that no camera sends.
        self.next = Some((next + self.every).max(now));
    }

    fn payload(&self, is_first: bool) -> Vec<u8> {
        let mut payload = Vec::with_capacity(DESCRIPTOR_BYTES + self.bytes);
        if self.is_camera() {
            let [high, low] = self.picture.to_be_bytes();
            payload.extend([if is_first { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low]);
            // The first bit of a picture marks a key frame. Source: RFC 6386, section 9.1.
            payload.push(u8::from(!self.wants_key));
        }
        ledger::write(&mut payload, self.sender, self.number, self.bytes);
        payload
    }

    fn extensions(&self) -> ExtensionValues {
        match self.kind {
            Kind::Picture { .. } => ExtensionValues::default(),
            Kind::Sound { level } => ExtensionValues {
                audio_level: Some(level),
                voice_activity: Some(level == LOUD),
                ..ExtensionValues::default()
            },
        }
    }

    /// Advance of the timestamp to the next packet, by the clock of the codec.
    fn ticks(&self) -> u32 {
        let rate = if self.is_camera() { 90 } else { 48 };
        u32::try_from(self.every.as_micros()).unwrap_or_default() * rate / 1_000
    }
}
