//! Computes the rows that a save adds to the log. All stores share these rules; a store only reads and writes
//! rows.
//!
//! Planning is repeated with the answers to its queries until it is done. It queries only keys of the saved
//! entries, so its cost does not grow with the history.

use std::collections::{HashMap, HashSet};

use super::{
    Array, ChatEntry, ChatKey, Item, MAX_REPLACED, MAX_REPLACED_BYTES, MAX_SUPERSEDED, MAX_SUPERSEDED_BYTES,
    MessageIdentity, Present,
    array::Index,
    row::{Row, Tally, key_on},
};

/// The room's history is at a limit; no entry of the save may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryFull;

/// Whether limits apply. They do not apply to the rest of a save that is stored in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryLimits {
    /// A save beyond a limit is refused.
    Enforced,
    /// Every save is stored.
    Ignored,
}

/// Outcome of one round of planning.
pub enum PlanStep<T> {
    /// Planning needs these answers.
    Ask(Question),
    /// Planning is done.
    Done(T),
}

/// A query to the store.
#[derive(Default)]
pub struct Question {
    /// Asks for the rows with these keys.
    pub keys: Vec<Box<str>>,
    /// Asks for the later versions of the entries with these keys.
    pub entries: Vec<Box<str>>,
}

/// A stored row.
#[derive(Debug, Clone)]
pub struct StoredRow {
    /// As in [`Row::content`].
    pub content: Option<Box<str>>,
    /// Bytes of JSON in the row.
    pub bytes: usize,
}

/// The versions of an entry after the first.
#[derive(Debug, Clone, Copy)]
pub struct Later {
    /// Number of later versions, at least 1.
    pub count: usize,
    /// Bytes of JSON in the newest version.
    pub newest_bytes: usize,
}

/// The answers of the store so far.
#[derive(Default)]
pub struct Known {
    rows: HashMap<Box<str>, Option<StoredRow>>,
    later: HashMap<Box<str>, Option<Later>>,
}

impl Known {
    /// Adds the answers to `question`: the stored rows and later versions. All others do not exist.
    pub fn learn(
        &mut self,
        question: Question,
        rows: impl IntoIterator<Item = (Box<str>, StoredRow)>,
        later: impl IntoIterator<Item = (Box<str>, Later)>,
    ) {
        self.rows.extend(question.keys.into_iter().map(|key| (key, None)));
        self.later.extend(question.entries.into_iter().map(|key| (key, None)));
        self.rows.extend(rows.into_iter().map(|(key, found)| (key, Some(found))));
        self.later.extend(later.into_iter().map(|(key, later)| (key, Some(later))));
    }

    /// True if `message` is a live message of the room.
    fn is_live(&self, message: &MessageIdentity) -> Result<bool, Unknown> {
        let found =
            self.rows.get(message.key.as_str()).ok_or_else(|| Unknown::Row(message.key.as_str().into()))?;
        let content = found.as_ref().and_then(|found| found.content.as_deref());
        Ok(content == Some(message.content.as_str()))
    }

    fn row(&self, key: &str) -> Result<Option<&StoredRow>, Unknown> {
        self.rows.get(key).map(Option::as_ref).ok_or_else(|| Unknown::Row(key.into()))
    }

    fn later(&self, entry: &str) -> Result<Option<Later>, Unknown> {
        self.later.get(entry).copied().ok_or_else(|| Unknown::Later(entry.into()))
    }
}

/// A row, or later versions, that the store has not been asked for.
enum Unknown {
    Row(Box<str>),
    Later(Box<str>),
}

impl Question {
    fn add(&mut self, unknown: Unknown) {
        match unknown {
            Unknown::Row(key) => self.keys.push(key),
            Unknown::Later(entry) => self.entries.push(entry),
        }
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.entries.is_empty()
    }
}

/// The rows that a save adds, in order, each with the tally up to it. The number of a row is the tally's
/// `last`.
pub type Addition = Vec<(Row, Tally)>;

/// Plans to merge `entries` into the log of `tally`. `array` is the served array, empty if there is none.
///
/// # Errors
/// [`HistoryFull`]: the save would exceed a limit.
pub fn plan_save(
    tally: Tally,
    array: &Array,
    known: &Known,
    entries: &[ChatEntry],
    limits: HistoryLimits,
) -> Result<PlanStep<Addition>, HistoryFull> {
    let mut merge = Merge { tally, index: array.index(), known, added: Added::default(), rows: Vec::new() };
    let mut question = Question::default();
    for entry in entries {
        match merge.effect_of(entry) {
            Ok(Effect::Nothing) => {}
            Ok(Effect::First) => merge.add_first(entry),
            Ok(Effect::Later { version, before }) => merge.add_later(entry, version, before, limits)?,
            Err(unknown) => question.add(unknown),
        }
    }
    if !question.is_empty() {
        return Ok(PlanStep::Ask(question));
    }
    if limits == HistoryLimits::Enforced && !merge.rows.is_empty() && !merge.tally.admits_save(&tally) {
        return Err(HistoryFull);
    }
    Ok(PlanStep::Done(merge.rows))
}

/// How an entry changes the log.
enum Effect<'a> {
    Nothing,
    First,
    Later { version: &'a ChatKey, before: Later },
}

struct Merge<'a> {
    tally: Tally,
    index: Index<'a>,
    known: &'a Known,
    added: Added,
    rows: Addition,
}

/// The additions of the entries before.
#[derive(Default)]
struct Added {
    keys: HashSet<Box<str>>,
    /// The version that was added first, by the key of its entry.
    first: HashMap<Box<str>, StoredRow>,
    later: HashMap<Box<str>, Later>,
}

impl Merge<'_> {
    fn effect_of<'e>(&self, entry: &'e ChatEntry) -> Result<Effect<'e>, Unknown> {
        if let Some(message) = &entry.message
            && self.known.is_live(message)?
        {
            return Ok(Effect::Nothing);
        }
        let Some(first) = self.first_of(entry)? else { return Ok(Effect::First) };
        let Some(version) = &entry.version else { return Ok(Effect::Nothing) };
        if first.content.as_deref() == Some(version.as_str()) || self.has_version(version)? {
            return Ok(Effect::Nothing);
        }
        let before = Later { count: 0, newest_bytes: first.bytes };
        Ok(Effect::Later { version, before: self.later_of(entry)?.unwrap_or(before) })
    }

    /// The first version of `entry`, if there is one.
    fn first_of(&self, entry: &ChatEntry) -> Result<Option<StoredRow>, Unknown> {
        if let Some(&(version, bytes)) = self.index.entries.get(&entry.key) {
            let content = version.map(|version| Box::from(version.as_str()));
            return Ok(Some(StoredRow { content, bytes }));
        }
        let key = key_on(self.tally.base, &entry.key);
        if let Some(first) = self.added.first.get(&*key) {
            return Ok(Some(first.clone()));
        }
        Ok(self.known.row(&key)?.cloned())
    }

    fn has_version(&self, version: &ChatKey) -> Result<bool, Unknown> {
        let key = key_on(self.tally.base, version);
        if self.index.versions.contains(version) || self.added.keys.contains(&*key) {
            return Ok(true);
        }
        Ok(self.known.row(&key)?.is_some())
    }

    fn later_of(&self, entry: &ChatEntry) -> Result<Option<Later>, Unknown> {
        let key = key_on(self.tally.base, &entry.key);
        match self.added.later.get(&*key) {
            Some(&later) => Ok(Some(later)),
            None => self.known.later(&key),
        }
    }

    fn add_first(&mut self, entry: &ChatEntry) {
        let row = Row::first(entry, self.tally.base);
        let found = StoredRow { content: row.content.clone(), bytes: row.json.len() };
        self.tally = self.tally.with_first(row.json.len());
        self.added.first.insert(row.key.clone(), found);
        self.added.keys.insert(row.key.clone());
        self.rows.push((row, self.tally));
    }

    fn add_later(
        &mut self,
        entry: &ChatEntry,
        version: &ChatKey,
        before: Later,
        limits: HistoryLimits,
    ) -> Result<(), HistoryFull> {
        let row = Row::later(entry, version, self.tally.base);
        self.tally = self.tally.with_later(row.json.len(), before.newest_bytes);
        let is_over = before.count >= MAX_SUPERSEDED || self.tally.superseded_bytes > MAX_SUPERSEDED_BYTES;
        if limits == HistoryLimits::Enforced && is_over {
            return Err(HistoryFull);
        }
        let later = Later { count: before.count + 1, newest_bytes: row.json.len() };
        self.added.later.insert(key_on(self.tally.base, &entry.key).into(), later);
        self.added.keys.insert(row.key.clone());
        self.rows.push((row, self.tally));
        Ok(())
    }
}

/// An array that replaces all earlier saves.
pub struct Replacement {
    /// The row of the array.
    pub row: Row,
    /// The tally after the row.
    pub tally: Tally,
    /// Number of its entries that are no live messages.
    pub saved: usize,
    /// Numbers of the arrays to remove once the row is stored. Some may be removed already.
    pub dropped: Vec<usize>,
}

/// Plans to replace `present` by `entries`, unless `present` begins with them.
///
/// The array refers to entries that are live messages instead of copying them. A replaced array is dropped if
/// the new one begins with it.
///
/// # Errors
/// [`HistoryFull`]: the save would exceed a limit.
pub fn plan_replace(
    tally: Tally,
    present: &Present,
    known: &Known,
    entries: &[ChatEntry],
) -> Result<PlanStep<Option<Replacement>>, HistoryFull> {
    let mut question = Question::default();
    let mut is_live = |message: &Option<MessageIdentity>| {
        let is_live = message.as_ref().map_or(Ok(false), |message| known.is_live(message));
        is_live.unwrap_or_else(|unknown| {
            question.add(unknown);
            false
        })
    };
    let items: Vec<_> = entries.iter().map(|entry| (entry, is_live(&entry.message))).collect();
    let before = present.items.iter().filter(|item| !is_live(&item.message));
    let before: Vec<_> = before.map(|item| &item.version).collect();
    if !question.is_empty() {
        return Ok(PlanStep::Ask(question));
    }
    let after = items.iter().filter(|(_, is_live)| !is_live);
    let after: Vec<_> = after.map(|(entry, _)| entry.version.as_ref().unwrap_or(&entry.key)).collect();
    if before.starts_with(&after) {
        return Ok(PlanStep::Done(None));
    }
    let is_grown = after.starts_with(&before);
    let array = successor(tally, present, items, is_grown);
    let after = tally.with_array(array.saved(), array.saved_bytes());
    if !after.admits_save(&tally) {
        return Err(HistoryFull);
    }
    let dropped = present.dropped.iter().chain(&array.dropped).copied().collect();
    let saved = array.saved();
    Ok(PlanStep::Done(Some(Replacement { row: row_of(&array, after.last), tally: after, saved, dropped })))
}

/// The array of `items` that replaces the one of `present`.
fn successor(tally: Tally, present: &Present, items: Vec<(&ChatEntry, bool)>, is_grown: bool) -> Array {
    let items = items.into_iter().map(|(entry, is_live)| {
        let json = if is_live { Box::default() } else { entry.json.clone() };
        Item { entry: ChatEntry { json, ..entry.clone() }, is_live }
    });
    let mut array = Array { items: items.collect(), kept: present.kept.clone(), dropped: Vec::new() };
    if tally.base != 0 {
        if is_grown {
            array.dropped.push(tally.base);
        } else {
            array.kept.push((tally.base, present.bytes));
        }
    }
    let mut bytes: usize = array.kept.iter().map(|(_, bytes)| bytes).sum();
    while array.kept.len() > MAX_REPLACED || bytes > MAX_REPLACED_BYTES {
        let (number, oldest) = array.kept.remove(0);
        bytes -= oldest;
        array.dropped.push(number);
    }
    array
}

fn row_of(array: &Array, number: usize) -> Row {
    let (items, json) = array.write();
    let items = Some(items);
    Row { key: format!("a.{number}").into(), content: None, entry: None, message: None, items, json }
}
