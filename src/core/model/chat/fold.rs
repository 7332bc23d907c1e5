//! Computes the served history from the log: each entry at the position of its first version, with the newest
//! content.

use std::collections::{HashMap, HashSet};

use super::{
    Array, ChatKey, MessageIdentity,
    row::{BadRow, Row, Tally},
};

/// A fold over the rows of a log, which are added in order.
///
/// Replaced arrays, and rows saved before the served array, may be left out.
#[derive(Default)]
pub struct Fold {
    tally: Tally,
    slots: Vec<Slot>,
    /// Indexes into `slots` of entries that may have later versions, by the keys of their rows.
    entries: HashMap<Box<str>, usize>,
    /// The contents of live messages.
    live: HashSet<Box<str>>,
    array: Array,
}

/// A position in the served history.
enum Slot {
    Live {
        content: Box<str>,
        json: Box<str>,
    },
    /// The position that an array gives to a live message.
    Mention {
        content: Box<str>,
    },
    Saved {
        /// Oldest first.
        versions: Vec<Version>,
    },
}

/// One version of a saved entry.
struct Version {
    key: ChatKey,
    /// The content of the live message that equals this version, if there is one.
    message: Option<Box<str>>,
    json: Box<str>,
}

/// The served entries that came from saves.
#[derive(Debug, Default)]
pub struct Present {
    /// The items, in their order.
    pub items: Vec<PresentItem>,
    /// Numbers of the replaced arrays that are kept, with their bytes of JSON, oldest first.
    pub kept: Vec<(usize, usize)>,
    /// Numbers of the arrays to remove.
    pub dropped: Vec<usize>,
    /// Bytes of JSON in the array.
    pub bytes: usize,
}

/// One served entry that came from a save.
#[derive(Debug)]
pub struct PresentItem {
    /// Identifies its content.
    pub version: ChatKey,
    /// The live message that equals it, if there is one that was not known when the entry was saved.
    pub message: Option<MessageIdentity>,
}

impl Present {
    /// The entries of `array`, after which nothing was saved.
    pub fn of(array: Array) -> Self {
        let bytes = array.saved_bytes();
        let items = array.items.into_iter().filter(|item| !item.is_live);
        let items = items.map(|item| PresentItem {
            version: item.entry.version.unwrap_or(item.entry.key),
            message: item.entry.message,
        });
        Self { items: items.collect(), kept: array.kept, dropped: array.dropped, bytes }
    }
}

impl Fold {
    /// Adds the row `number`, which is greater than all numbers before.
    ///
    /// # Errors
    /// [`BadRow`]: the row is malformed.
    pub fn add(&mut self, number: usize, row: Row) -> Result<(), BadRow> {
        let before = Tally { last: number - 1, ..self.tally };
        let bytes = row.json.len();
        if Row::is_live_key(&row.key) {
            let content = row.content.ok_or(BadRow)?;
            self.live.insert(content.clone());
            self.slots.push(Slot::Live { content, json: row.json });
            self.tally = before.with_live(bytes);
        } else if let Some(items) = row.items {
            self.array = Array::read(&items, &row.json)?;
            self.tally = before.with_array(self.array.saved(), self.array.saved_bytes());
            self.replace();
        } else if let Some(&slot) = row.entry.as_ref().and_then(|entry| self.entries.get(entry))
            && let Slot::Saved { versions } = &mut self.slots[slot]
        {
            let newest = versions.last().map_or(0, |version| version.json.len());
            self.tally = before.with_later(bytes, newest);
            versions.push(version_of(row));
        } else {
            // This may be a later version of an entry in a removed array; then another array follows.
            self.tally = before.with_first(bytes);
            self.entries.insert(row.key.clone(), self.slots.len());
            self.slots.push(Slot::Saved { versions: vec![version_of(row)] });
        }
        Ok(())
    }

    /// The tally of the rows added so far.
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The JSON of all entries, oldest first.
    pub fn into_served(self) -> Vec<Box<str>> {
        let Self { slots, live, .. } = self;
        let mentioned: HashSet<Box<str>> = slots.iter().filter_map(Slot::mentioned).map(Box::from).collect();
        let mut texts = HashMap::new();
        let mut served = Vec::with_capacity(slots.len());
        let slots = slots.into_iter().filter_map(|slot| match slot {
            Slot::Live { content, json } if mentioned.contains(&content) => {
                texts.insert(content, json);
                None
            }
            other => Some(other),
        });
        for slot in slots.collect::<Vec<_>>() {
            match slot {
                Slot::Live { json, .. } => served.push(json),
                Slot::Mention { content } => served.extend(texts.remove(&content)),
                Slot::Saved { versions } => {
                    served.extend(visible(versions, &live).map(|version| version.json));
                }
            }
        }
        served
    }

    /// The served entries that came from saves.
    pub fn into_present(self) -> Present {
        let Self { slots, live, array, .. } = self;
        let bytes = array.saved_bytes();
        let versions = slots.into_iter().filter_map(|slot| match slot {
            Slot::Saved { versions } => visible(versions, &live),
            _ => None,
        });
        let items = versions.map(|version| PresentItem { version: version.key, message: None });
        Present { items: items.collect(), kept: array.kept, dropped: array.dropped, bytes }
    }

    /// Replaces all earlier saves by the array.
    fn replace(&mut self) {
        self.slots.retain(|slot| matches!(slot, Slot::Live { .. }));
        self.entries.clear();
        let base = self.tally.base;
        for item in &self.array.items {
            let message = item.entry.message.as_ref().map(|message| Box::from(message.content.as_str()));
            match message {
                Some(content) if item.is_live => self.slots.push(Slot::Mention { content }),
                message => {
                    let entry = &item.entry;
                    let key = entry.version.as_ref().unwrap_or(&entry.key).clone();
                    let version = Version { key, message, json: entry.json.clone() };
                    self.entries.insert(super::row::key_on(base, &entry.key).into(), self.slots.len());
                    self.slots.push(Slot::Saved { versions: vec![version] });
                }
            }
        }
    }
}

impl Slot {
    fn mentioned(&self) -> Option<&str> {
        match self {
            Self::Mention { content } => Some(content),
            _ => None,
        }
    }
}

/// The newest version that is not a live message.
fn visible(versions: Vec<Version>, live: &HashSet<Box<str>>) -> Option<Version> {
    let is_live = |version: &Version| version.message.as_ref().is_some_and(|message| live.contains(message));
    versions.into_iter().rev().find(|version| !is_live(version))
}

fn version_of(row: Row) -> Version {
    let key = row.content.as_deref().unwrap_or(&row.key);
    // Without the suffix that names the array it was added to.
    let key = ChatKey::from(key.split('@').next().unwrap_or(key));
    Version { key, message: row.message, json: row.json }
}
