//! Packets in a TCP stream: each after its length in two bytes. Source: RFC 4571, section 2.

use bytes::{Buf, Bytes, BytesMut};

use super::sockets::MAX_DATAGRAM;

/// The received bytes that do not form a whole packet yet.
#[derive(Debug, Default)]
pub struct Unframed(BytesMut);

impl Unframed {
    /// The buffer to read into.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.0
    }

    /// Takes the next whole packet.
    ///
    /// # Errors
    ///
    /// The packet is too long; the rest of the stream cannot be read.
    pub fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let [high, low, ..] = *self.0 else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MAX_DATAGRAM {
            return Err(TooLong);
        }
        if self.0.len() < 2 + length {
            return Ok(None);
        }
        self.0.advance(2);
        Ok(Some(self.0.split_to(length).freeze()))
    }
}

/// A packet over the maximum length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// Frames a packet; `None` if its length does not fit in two bytes.
pub fn framed(packet: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(packet.len()).ok()?;
    let mut framed = Vec::with_capacity(2 + packet.len());
    framed.extend(length.to_be_bytes());
    framed.extend(packet);
    Some(framed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packets_survive_any_cut_of_the_stream(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cut in 1..50_usize,
        ) {
            let stream: Vec<u8> = packets.iter().flat_map(|packet| framed(packet).unwrap()).collect();
            let (mut unframed, mut out) = (Unframed::default(), Vec::new());
            for piece in stream.chunks(cut) {
                unframed.buffer().extend_from_slice(piece);
                out.extend(std::iter::from_fn(|| unframed.next().unwrap()).map(|packet| packet.to_vec()));
            }
            prop_assert_eq!(out, packets);
        }
    }

    #[test]
    fn a_packet_that_is_too_long_fails_at_once() {
        let mut unframed = Unframed::default();
        unframed.buffer().extend_from_slice(&[0xff, 0xff, 1]);
        assert_eq!(unframed.next(), Err(TooLong));
    }
}
