//! The tokens of the JSON grammar, read once from front to back.

use super::strings;

/// Why reading failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The text violates the grammar.
    Grammar,
    /// A value nests deeper than the limit.
    TooDeep,
}

/// A position in a JSON text.
pub struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The number of bytes read.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The text from `start`, an earlier position, to the present one.
    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Skips blanks.
    pub fn skip_blanks(&mut self) {
        let blanks = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += blanks.count();
    }

    /// Skips blanks and reads `expected`. Returns `false` if another byte follows.
    pub fn takes(&mut self, expected: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    /// Skips blanks and reads `expected`.
    ///
    /// # Errors
    /// [`Problem::Grammar`]: another byte follows.
    pub fn expects(&mut self, expected: u8) -> Result<(), Problem> {
        if self.takes(expected) { Ok(()) } else { Err(Problem::Grammar) }
    }

    /// Skips blanks. Returns whether the text ends there.
    pub fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.at == self.text.len()
    }

    /// Skips blanks, reads a string, and appends its text to `out`.
    ///
    /// # Errors
    /// [`Problem::Grammar`]: no string follows.
    pub fn string(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        self.skip_blanks();
        self.at = strings::decode(self.text.as_bytes(), self.at, out).map_err(|_| Problem::Grammar)?;
        Ok(())
    }

    pub(super) fn digits(&mut self) -> Result<(), Problem> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(Problem::Grammar) }
    }

    pub(super) fn word(&mut self, word: &str, out: &mut Vec<u8>) -> Result<(), Problem> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Problem::Grammar);
        }
        self.at += word.len();
        out.extend_from_slice(word.as_bytes());
        Ok(())
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
