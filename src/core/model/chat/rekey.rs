//! Converts the log of a release that identified entries by their id alone to the keys of this release.
//!
//! The conversion neither supersedes nor drops a served entry, and recognises a history that a client saves
//! back.

use std::collections::HashSet;

use super::{
    ChatEntry, LiveMessage,
    row::{Row, Tally},
};

/// A text of an earlier release's log, by the rules of this release.
pub enum RekeyedText {
    /// A live message.
    Live(LiveMessage),
    /// A saved entry.
    Saved(ChatEntry),
}

/// Reads the texts of a room's log of an earlier release, in order. Stores call it because they do not parse
/// JSON.
pub type Rekey = fn(&[Box<str>]) -> Vec<RekeyedText>;

/// Converts the rows of a room's log of an earlier release, one after the other.
///
/// The result depends only on the texts and their numbers, so that the conversion can be repeated, even by
/// two nodes at once.
#[derive(Default)]
pub struct Rekeying {
    tally: Tally,
    used: HashSet<Box<str>>,
}

impl Rekeying {
    /// Adds a row that is converted already, with the tally up to it.
    pub fn keep(&mut self, key: &str, tally: Tally) {
        self.tally = tally;
        self.used.insert(key.into());
    }

    /// Converts the row `number`, which is greater than all numbers before. Returns the tally up to it.
    pub fn row(&mut self, number: usize, text: RekeyedText) -> (Row, Tally) {
        let (row, tally) = match text {
            RekeyedText::Live(message) if !self.used.contains(message.identity.key.as_str()) => {
                let tally = self.tally.with_live(message.json.len());
                (Row::live(&message), tally)
            }
            RekeyedText::Live(LiveMessage { identity, json }) => {
                let tally = self.tally.with_first(json.len());
                let (key, message) = (identity.content.clone(), Some(identity));
                (self.saved(number, &ChatEntry { key, version: None, message, json }), tally)
            }
            RekeyedText::Saved(entry) => {
                let tally = self.tally.with_first(entry.json.len());
                (self.saved(number, &entry), tally)
            }
        };
        self.tally = Tally { last: number, ..tally };
        self.used.insert(row.key.clone());
        (row, self.tally)
    }

    /// Makes a row of its own for an entry, even if this release would merge it with an earlier entry.
    fn saved(&self, number: usize, entry: &ChatEntry) -> Row {
        let first = Row::first(entry, 0);
        if !self.used.contains(&first.key) {
            return first;
        }
        let version = entry.version.as_ref().unwrap_or(&entry.key).as_str();
        if !self.used.contains(version) {
            return Row { key: version.into(), content: None, ..first };
        }
        Row { key: format!("d.{number}").into(), content: Some(version.into()), ..first }
    }
}
