//! The log of a release that knew entries by their id alone, brought under the keys of this one.
//!
//! Nothing that was served is superseded or left out by that, and a history that is saved back is known again.

use std::collections::HashSet;

use super::{
    ChatEntry, LiveMessage,
    row::{Row, Tally},
};

/// What a text of the former log is, by the rules of this release.
pub enum Former {
    /// A message that was sent live.
    Live(LiveMessage),
    /// Anything else.
    Saved(ChatEntry),
}

/// Reads the texts of a room's former log, in their order. A store knows no JSON, so it is told.
pub type Rekey = fn(&[Box<str>]) -> Vec<Former>;

/// Makes rows of a room's former log, one after the other. Depends on nothing but the texts and their numbers, so that
/// it can be done again, and by two nodes at once.
#[derive(Default)]
pub struct Rekeying {
    tally: Tally,
    used: HashSet<Box<str>>,
}

impl Rekeying {
    /// Takes in a row that has its key already, with the tally up to it.
    pub fn keep(&mut self, key: &str, tally: Tally) {
        self.tally = tally;
        self.used.insert(key.into());
    }

    /// The row numbered `number`, greater than those before, and how much the log holds up to it.
    pub fn row(&mut self, number: usize, former: Former) -> (Row, Tally) {
        let (row, tally) = match former {
            Former::Live(message) if !self.used.contains(message.identity.key.as_str()) => {
                let tally = self.tally.with_live(message.json.len());
                (Row::live(&message), tally)
            }
            Former::Live(LiveMessage { identity, json }) => {
                let tally = self.tally.with_first(json.len());
                let (key, message) = (identity.content.clone(), Some(identity));
                (self.saved(number, &ChatEntry { key, version: None, message, json }), tally)
            }
            Former::Saved(entry) => {
                let tally = self.tally.with_first(entry.json.len());
                (self.saved(number, &entry), tally)
            }
        };
        self.tally = Tally { last: number, ..tally };
        self.used.insert(row.key.clone());
        (row, self.tally)
    }

    /// An entry that has a place of its own, as it had: also where this release would take it for another version of
    /// an earlier one, or for the same.
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
