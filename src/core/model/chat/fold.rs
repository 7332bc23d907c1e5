//! From the log to what is served: each entry in the place of its first version, as its newest version says.

use std::collections::{HashMap, HashSet};

use super::{
    Array, ChatKey, MessageIdentity,
    row::{BadRow, Row, Tally},
};

/// The rows of a log so far, added in their order. Replaced arrays, and what was saved before the array that is served,
/// may be left out.
#[derive(Default)]
pub struct Fold {
    tally: Tally,
    places: Vec<Place>,
    /// The places of entries that may have later versions, by the keys of their rows.
    entries: HashMap<Box<str>, usize>,
    /// The contents of live messages.
    live: HashSet<Box<str>>,
    array: Array,
}

/// Where something is served.
enum Place {
    Live {
        content: Box<str>,
        json: Box<str>,
    },
    /// Where an array had a live message.
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
    /// The content of the live message that it is, if there is such a message.
    message: Option<Box<str>>,
    json: Box<str>,
}

/// What saves have brought, as far as it is served.
#[derive(Debug, Default)]
pub struct Present {
    /// The items, in their order.
    pub items: Vec<PresentItem>,
    /// Arrays that were replaced and are kept, with their bytes, oldest first.
    pub kept: Vec<(usize, usize)>,
    /// Arrays that are to be removed.
    pub dropped: Vec<usize>,
    /// How many bytes of JSON the array has.
    pub bytes: usize,
}

/// One of them.
#[derive(Debug)]
pub struct PresentItem {
    /// Tells its content.
    pub version: ChatKey,
    /// The live message that it is, if there is such a message and that was not known when it was saved.
    pub message: Option<MessageIdentity>,
}

impl Present {
    /// What is served when nothing was saved after `array`.
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
    /// Adds the row numbered `number`, which is greater than those before.
    ///
    /// # Errors
    /// [`BadRow`]: it cannot be read.
    pub fn add(&mut self, number: usize, row: Row) -> Result<(), BadRow> {
        let before = Tally { last: number - 1, ..self.tally };
        let bytes = row.json.len();
        if Row::is_live_key(&row.key) {
            let content = row.content.ok_or(BadRow)?;
            self.live.insert(content.clone());
            self.places.push(Place::Live { content, json: row.json });
            self.tally = before.with_live(bytes);
        } else if let Some(items) = row.items {
            self.array = Array::read(&items, &row.json)?;
            self.tally = before.with_array(self.array.saved(), self.array.saved_bytes());
            self.replace();
        } else if let Some(&place) = row.entry.as_ref().and_then(|entry| self.entries.get(entry))
            && let Place::Saved { versions } = &mut self.places[place]
        {
            let newest = versions.last().map_or(0, |version| version.json.len());
            self.tally = before.with_later(bytes, newest);
            versions.push(version_of(row));
        } else {
            // Also a later version whose first one is in an array that was removed: another array follows.
            self.tally = before.with_first(bytes);
            self.entries.insert(row.key.clone(), self.places.len());
            self.places.push(Place::Saved { versions: vec![version_of(row)] });
        }
        Ok(())
    }

    /// How much the log holds, as far as it was read.
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The JSON of all entries, oldest first.
    pub fn into_served(self) -> Vec<Box<str>> {
        let Self { places, live, .. } = self;
        let mentioned: HashSet<Box<str>> =
            places.iter().filter_map(Place::mentioned).map(Box::from).collect();
        let mut texts = HashMap::new();
        let mut served = Vec::with_capacity(places.len());
        let places = places.into_iter().filter_map(|place| match place {
            Place::Live { content, json } if mentioned.contains(&content) => {
                texts.insert(content, json);
                None
            }
            other => Some(other),
        });
        for place in places.collect::<Vec<_>>() {
            match place {
                Place::Live { json, .. } => served.push(json),
                Place::Mention { content } => served.extend(texts.remove(&content)),
                Place::Saved { versions } => {
                    served.extend(visible(versions, &live).map(|version| version.json));
                }
            }
        }
        served
    }

    /// What saves have brought, as far as it is served.
    pub fn into_present(self) -> Present {
        let Self { places, live, array, .. } = self;
        let bytes = array.saved_bytes();
        let versions = places.into_iter().filter_map(|place| match place {
            Place::Saved { versions } => visible(versions, &live),
            _ => None,
        });
        let items = versions.map(|version| PresentItem { version: version.key, message: None });
        Present { items: items.collect(), kept: array.kept, dropped: array.dropped, bytes }
    }

    /// Puts the array into the place of all that was saved before it.
    fn replace(&mut self) {
        self.places.retain(|place| matches!(place, Place::Live { .. }));
        self.entries.clear();
        let base = self.tally.base;
        for item in &self.array.items {
            let message = item.entry.message.as_ref().map(|message| Box::from(message.content.as_str()));
            match message {
                Some(content) if item.is_live => self.places.push(Place::Mention { content }),
                message => {
                    let entry = &item.entry;
                    let key = entry.version.as_ref().unwrap_or(&entry.key).clone();
                    let version = Version { key, message, json: entry.json.clone() };
                    self.entries.insert(super::row::key_on(base, &entry.key).into(), self.places.len());
                    self.places.push(Place::Saved { versions: vec![version] });
                }
            }
        }
    }
}

impl Place {
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
    // Without what says to which array it was added.
    let key = ChatKey::from(key.split('@').next().unwrap_or(key));
    Version { key, message: row.message, json: row.json }
}
