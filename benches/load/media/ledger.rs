//! The content of packets, and a ledger of received ones. No packet may come twice, changed, from another
//! sender, or later than a retransmission.

use anyhow::{bail, ensure};

/// The sender and number of the packet, four bytes each, then bytes derived from the number.
pub const HEAD_BYTES: usize = 8;

/// Most packets of a track by which another may come late: the delay of a retransmission.
pub const LATEST: u32 = 128;

/// Appends the content of a packet, `bytes` long, to `payload`.
pub fn write(payload: &mut Vec<u8>, sender: u32, number: u32, bytes: usize) {
    payload.extend(sender.to_be_bytes());
    payload.extend(number.to_be_bytes());
    payload.extend(filling(sender, number).take(bytes.saturating_sub(HEAD_BYTES)));
}

/// Different for packets with close numbers.
fn filling(sender: u32, number: u32) -> impl Iterator<Item = u8> {
    let first = number.wrapping_mul(31).wrapping_add(sender);
    (0_u32..).map(move |place| first.wrapping_add(place).to_le_bytes()[0])
}

/// The received packets of one track.
pub struct Ledger {
    sender: u32,
    /// The highest number so far.
    highest: Option<u32>,
    /// Bits of the highest number and those before it, lowest bit first.
    come: u128,
    /// Packets from this number on are counted.
    from: u32,
    /// The counts.
    pub counted: Counted,
}

/// Packets of one track, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub packets: u64,
    /// Without headers.
    pub bytes: u64,
    /// Packets that came after a later one.
    pub late: u64,
}

impl Ledger {
    /// A ledger for a track of `sender`.
    pub fn new(sender: u32) -> Self {
        Self { sender, highest: None, come: 0, from: 0, counted: Counted::default() }
    }

    /// Resets the counts, from the packet with this number on.
    pub fn count_from(&mut self, number: u32) {
        self.from = number;
        self.counted = Counted::default();
    }

    /// Whether any packet has come.
    pub fn has_begun(&self) -> bool {
        self.highest.is_some()
    }

    /// Enters the content of a packet. Fails if the packet is wrong, repeated or too late.
    pub fn enter(&mut self, content: &[u8]) -> anyhow::Result<()> {
        let [s0, s1, s2, s3, n0, n1, n2, n3, filled @ ..] = content else { bail!("a packet was cut") };
        let sender = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
        let number = u32::from_be_bytes([*n0, *n1, *n2, *n3]);
        ensure!(sender == self.sender, "a packet of another sender");
        ensure!(
            filled.iter().copied().eq(filling(sender, number).take(filled.len())),
            "a packet was changed"
        );
        let is_late = self.mark(number)?;
        if number >= self.from {
            self.counted.packets += 1;
            self.counted.bytes += content.len() as u64;
            self.counted.late += u64::from(is_late);
        }
        Ok(())
    }

    /// Whether the packet came after a later one.
    fn mark(&mut self, number: u32) -> anyhow::Result<bool> {
        let Some(highest) = self.highest else {
            (self.highest, self.come) = (Some(number), 1);
            return Ok(false);
        };
        if number > highest {
            self.come = self.come.checked_shl(number - highest).unwrap_or_default() | 1;
            self.highest = Some(number);
            return Ok(false);
        }
        let back = highest - number;
        ensure!(back < LATEST, "a packet came {back} packets late");
        ensure!(self.come & (1 << back) == 0, "a packet came twice");
        self.come |= 1 << back;
        Ok(true)
    }
}

impl Counted {
    /// The sum of both.
    pub fn and(self, other: Self) -> Self {
        Self {
            packets: self.packets + other.packets,
            bytes: self.bytes + other.bytes,
            late: self.late + other.late,
        }
    }
}

/// Received datagrams. The library drops repeated ones silently, so repetitions are detected before it.
#[derive(Default)]
pub struct Datagrams {
    streams: Vec<Stream>,
}

struct Stream {
    ssrc: u32,
    highest: u16,
    come: u128,
}

impl Datagrams {
    /// Fails if the RTP packet is a repetition. Other datagrams are ignored.
    pub fn enter(&mut self, datagram: &[u8]) -> anyhow::Result<()> {
        // Source: RFC 3550, section 5.1; RFC 5761, section 4; RFC 7983, section 7.
        let [128..=191, kind, n0, n1, _, _, _, _, s0, s1, s2, s3, ..] = *datagram else { return Ok(()) };
        if (192..=223).contains(&kind) {
            return Ok(());
        }
        let number = u16::from_be_bytes([n0, n1]);
        let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.ssrc == ssrc) else {
            self.streams.push(Stream { ssrc, highest: number, come: 1 });
            return Ok(());
        };
        let ahead = number.wrapping_sub(stream.highest);
        if (1..0x8000).contains(&ahead) {
            stream.come = stream.come.checked_shl(ahead.into()).unwrap_or_default() | 1;
            stream.highest = number;
            return Ok(());
        }
        let back = u32::from(stream.highest.wrapping_sub(number));
        if back < u128::BITS {
            ensure!(stream.come & (1 << back) == 0, "a datagram came twice");
            stream.come |= 1 << back;
        }
        Ok(())
    }
}
