//! A message that is like the one before it but for its number.

use super::frame;

/// How many digits the number has.
const DIGITS: usize = 10;

/// Where [`Template`] finds the number: the first ten of these digits in a row.
pub const NUMBER: &str = "0000000000";

/// A message with a number in it, made once and then only counted up.
pub struct Template {
    bytes: Vec<u8>,
    /// The place of the number's last digit.
    last_digit: usize,
    /// Where the masked part begins; `None` if nothing is masked.
    masked_from: Option<usize>,
}

impl Template {
    /// A text as it is heard. It must hold [`NUMBER`].
    pub fn text(text: &str) -> Self {
        let last_digit = place(text) + DIGITS - 1;
        Self { bytes: text.into(), last_digit, masked_from: None }
    }

    /// A whole frame as it is sent. The text must hold [`NUMBER`].
    pub fn frame(text: &str) -> Self {
        let mut bytes = Vec::new();
        frame::put(&mut bytes, frame::TEXT, text.as_bytes());
        let head = bytes.len() - text.len();
        Self { bytes, last_digit: head + place(text) + DIGITS - 1, masked_from: Some(head) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Goes on to the next number.
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
