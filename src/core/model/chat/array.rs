//! A whole array as one row of the log.
//!
//! So a crash never leaves a part of it, even without transactions.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

use super::{ChatEntry, ChatKey, MessageIdentity, row::BadRow};

/// The served array, and the numbers of earlier ones.
#[derive(Debug, Default)]
pub struct Array {
    /// Its items, in their order.
    pub items: Vec<Item>,
    /// Numbers of the replaced arrays that are kept, with their bytes of JSON, oldest first.
    pub kept: Vec<(usize, usize)>,
    /// Numbers of the arrays to remove, some of which may be removed already.
    pub dropped: Vec<usize>,
}

/// One item of an array.
#[derive(Debug)]
pub struct Item {
    /// The entry. Its JSON is empty if it is a live message.
    pub entry: ChatEntry,
    /// True if it was a live message when the array was saved.
    pub is_live: bool,
}

impl Array {
    /// Number of items that were no live messages when the array was saved.
    pub fn saved(&self) -> usize {
        self.items.iter().filter(|item| !item.is_live).count()
    }

    /// Bytes of JSON in these items.
    pub fn saved_bytes(&self) -> usize {
        self.items.iter().map(|item| item.entry.json.len()).sum()
    }

    /// Formats the array for a row: its items, and their JSON as one JSON array with `null` for live
    /// messages.
    pub(super) fn write(&self) -> (Box<str>, Box<str>) {
        let mut items = String::new();
        for (number, bytes) in &self.kept {
            let _ = write!(items, "{number}:{bytes} ");
        }
        items.push('\n');
        for number in &self.dropped {
            let _ = write!(items, "{number} ");
        }
        let mut json = String::from("[");
        for (position, Item { entry, is_live }) in self.items.iter().enumerate() {
            let text = if *is_live { "null" } else { &*entry.json };
            json.push_str(if position == 0 { "" } else { "," });
            json.push_str(text);
            let version = entry.version.as_ref().map_or("-", ChatKey::as_str);
            let message = entry.message.as_ref();
            let (key, content) =
                message.map_or(("-", "-"), |message| (message.key.as_str(), message.content.as_str()));
            let kind = if *is_live { "live" } else { "saved" };
            let _ = write!(items, "\n{kind} {} {} {version} {key} {content}", text.len(), entry.key.as_str());
        }
        json.push(']');
        (items.into(), json.into())
    }

    /// Parses the texts of a row.
    ///
    /// # Errors
    /// [`BadRow`]: [`write`](Self::write) did not make these texts.
    pub fn read(items: &str, json: &str) -> Result<Self, BadRow> {
        let mut lines = items.split('\n');
        let kept = lines.next().ok_or(BadRow)?.split_whitespace().map(|array| {
            let (number, bytes) = array.split_once(':').ok_or(BadRow)?;
            Ok((parse(number)?, parse(bytes)?))
        });
        let kept = kept.collect::<Result<_, BadRow>>()?;
        let dropped = lines.next().ok_or(BadRow)?.split_whitespace().map(parse).collect::<Result<_, _>>()?;
        let mut at = 1;
        let items = lines.map(|line| read_item(line, json, &mut at)).collect::<Result<_, _>>()?;
        Ok(Self { items, kept, dropped })
    }

    /// The index that a save needs.
    pub(super) fn index(&self) -> Index<'_> {
        let mut index = Index::default();
        for Item { entry, is_live } in &self.items {
            if !is_live {
                let version = entry.version.as_ref();
                index.entries.insert(&entry.key, (version, entry.json.len()));
                index.versions.extend(version);
            }
        }
        index
    }
}

/// The saved entries of an array, by key.
#[derive(Default)]
pub(super) struct Index<'a> {
    /// Version and bytes of JSON of the last entry with each key.
    pub(super) entries: HashMap<&'a ChatKey, (Option<&'a ChatKey>, usize)>,
    pub(super) versions: HashSet<&'a ChatKey>,
}

fn read_item(line: &str, json: &str, at: &mut usize) -> Result<Item, BadRow> {
    let parts: Vec<_> = line.split(' ').collect();
    let &[kind, length, key, version, message, content] = &*parts else { return Err(BadRow) };
    let (is_live, length) = (kind == "live", parse(length)?);
    let text = json.get(*at..*at + length).ok_or(BadRow)?;
    *at += length + 1;
    let optional = |text: &str| (text != "-").then(|| ChatKey::from(text));
    let message = optional(message).zip(optional(content));
    let entry = ChatEntry {
        key: key.into(),
        version: optional(version),
        message: message.map(|(key, content)| MessageIdentity { key, content }),
        json: if is_live { "".into() } else { text.into() },
    };
    Ok(Item { entry, is_live })
}

fn parse(number: &str) -> Result<usize, BadRow> {
    number.parse().map_err(|_| BadRow)
}
