//! Messages that differ only in their number.

use super::frame;

/// Digits of the number.
const DIGITS: usize = 10;

/// The placeholder that [`Template`] looks for.
pub const NUMBER: &str = "0000000000";

/// A message with a number, made once and then only counted up.
pub struct Template {
    bytes: Vec<u8>,
    /// The place of the number's last digit.
    last_digit: usize,
    /// The start of the masked part; `None` without a mask.
    masked_from: Option<usize>,
}

impl Template {
    /// A received text. It must contain [`NUMBER`].
    pub fn text(text: &str) -> Self {
        let last_digit = place(text) + DIGITS - 1;
        Self { bytes: text.into(), last_digit, masked_from: None }
    }

    /// A whole frame to send. The text must contain [`NUMBER`].
    pub fn frame(text: &str) -> Self {
        let mut bytes = Vec::new();
        frame::put(&mut bytes, frame::TEXT, text.as_bytes());
        let head = bytes.len() - text.len();
        Self { bytes, last_digit: head + place(text) + DIGITS - 1, masked_from: Some(head) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Advances to the next number.
    pub fn advance(&mut self) {
        for place in (0..DIGITS).map(|digit| self.last_digit - digit) {
            let mask = self.masked_from.map_or(0, |start| frame::mask(place - start));
            let digit = self.bytes[place] ^ mask;
            if digit < b'9' {
                self.bytes[place] = (digit + 1) ^ mask;
                return;
            }
            self.bytes[place] = b'0' ^ mask;
        }
    }
}

fn place(text: &str) -> usize {
    text.find(NUMBER).expect("the text has a number")
}
