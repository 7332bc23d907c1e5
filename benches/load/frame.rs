//! WebSocket frames of a client. Source: RFC 6455, section 5.

use std::ops::Range;

use anyhow::ensure;

pub const TEXT: u8 = 0x1;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

/// All frames have the same mask key: servers must unmask any, and none is faster with a known key.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// Marks in place of a length: the length follows in this many bytes.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// The mask of the byte at `place` in a payload.
pub const fn mask(place: usize) -> u8 {
    MASK[place % 4]
}

/// Appends a frame.
pub fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(FINAL | opcode);
    match payload.len() {
        length @ ..126 => out.push(MASKED | u8::try_from(length).unwrap_or(0)),
        length => match u16::try_from(length) {
            Ok(length) => {
                out.push(MASKED | TWO_BYTES);
                out.extend(length.to_be_bytes());
            }
            Err(_) => {
                out.push(MASKED | EIGHT_BYTES);
                out.extend((length as u64).to_be_bytes());
            }
        },
    }
    out.extend(MASK);
    let start = out.len();
    out.extend(payload);
    toggle(&mut out[start..], MASK);
}

/// Masks or unmasks bytes, eight at a time.
pub fn toggle(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    rest.iter_mut().zip(mask.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

/// The opcode and payload range of the first frame in `bytes`; the next frame starts at the end of the range.
/// `None` if the frame is incomplete.
pub fn first(bytes: &[u8]) -> anyhow::Result<Option<(u8, Range<usize>)>> {
    let &[head, length, ref rest @ ..] = bytes else { return Ok(None) };
    ensure!(head & 0xF0 == FINAL, "a fragmented frame, or one of an extension");
    ensure!(length & MASKED == 0, "a server does not mask");
    let (start, length) = match (length, rest) {
        (TWO_BYTES, &[high, low, ..]) => (4, usize::from(u16::from_be_bytes([high, low]))),
        (EIGHT_BYTES, [_, _, _, _, _, _, _, _, ..]) => {
            let length = rest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            (10, usize::try_from(length)?)
        }
        (TWO_BYTES | EIGHT_BYTES, _) => return Ok(None),
        (length, _) => (2, usize::from(length)),
    };
    let payload = start..start + length;
    Ok((payload.end <= bytes.len()).then_some((head & 0x0F, payload)))
}
