//! A chat store in memory, by the rules of `core::model::chat`, that can be unavailable and can lose its
//! answers.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use crate::core::{
    model::{
        chat::{
            Array, ChatEntry, Fold, HistoryLimits, Known, Later, LiveMessage, PlanStep, Present, Question,
            Row, StoredRow, Tally, plan_replace, plan_save,
        },
        error::{SaveError, Unavailable},
        ids::RoomId,
    },
    ports::chat_store::{Appended, ChatStore, Saved},
};

#[derive(Default)]
pub struct MemoryStore {
    rooms: Mutex<HashMap<RoomId, Log>>,
    broken: AtomicBool,
    loses_answer: AtomicBool,
}

#[derive(Default)]
struct Log {
    rows: BTreeMap<usize, Row>,
    tally: Tally,
}

impl MemoryStore {
    pub fn break_down(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Stores the next message and loses the answer.
    pub fn lose_the_next_answer(&self) {
        self.loses_answer.store(true, Ordering::Relaxed);
    }

    fn works(&self) -> Result<(), Unavailable> {
        if self.broken.load(Ordering::Relaxed) { Err(Unavailable::new("memory", "broken")) } else { Ok(()) }
    }

    fn with<T>(&self, room: &RoomId, change: impl FnOnce(&mut Log) -> T) -> Result<T, Unavailable> {
        self.works()?;
        Ok(change(self.rooms.lock().unwrap().entry(room.clone()).or_default()))
    }
}

impl Log {
    fn add(&mut self, row: Row, tally: Tally) {
        self.rows.insert(tally.last, row);
        self.tally = tally;
    }

    fn find(&self, key: &str) -> Option<&Row> {
        self.rows.values().find(|row| &*row.key == key)
    }

    fn fold(&self) -> Fold {
        let mut fold = Fold::default();
        for (number, row) in &self.rows {
            fold.add(*number, row.clone()).unwrap();
        }
        fold
    }

    fn answer(&self, known: &mut Known, question: Question) {
        let found = |row: &Row| StoredRow { content: row.content.clone(), bytes: row.json.len() };
        let rows = question.keys.iter().filter_map(|key| Some((key.clone(), found(self.find(key)?))));
        let rows: Vec<_> = rows.collect();
        let later = question.entries.iter().filter_map(|entry| {
            let later: Vec<_> = self.rows.values().filter(|row| row.entry.as_ref() == Some(entry)).collect();
            Some((entry.clone(), Later { count: later.len(), newest_bytes: later.last()?.json.len() }))
        });
        let later: Vec<_> = later.collect();
        known.learn(question, rows, later);
    }

    fn append(&mut self, message: &LiveMessage) -> Result<Appended, SaveError> {
        if let Some(before) = self.find(message.identity.key.as_str()) {
            let is_same = before.content.as_deref() == Some(message.identity.content.as_str());
            return Ok(if is_same {
                Appended::AlreadyStored(before.json.clone())
            } else {
                Appended::Conflict
            });
        }
        let tally = self.tally.with_live(message.json.len());
        if !tally.admits_live() {
            return Err(SaveError::Full);
        }
        self.add(Row::live(message), tally);
        Ok(Appended::Stored)
    }

    fn save(&mut self, entries: &[ChatEntry]) -> Result<Saved, SaveError> {
        let (array, mut known) = (self.array(), Known::default());
        loop {
            match plan_save(self.tally, &array, &known, entries, HistoryLimits::Enforced) {
                Ok(PlanStep::Ask(question)) => self.answer(&mut known, question),
                Ok(PlanStep::Done(rows)) => {
                    let added = rows.len();
                    for (row, tally) in rows {
                        self.add(row, tally);
                    }
                    return Ok(Saved { added });
                }
                Err(_) => return Err(SaveError::Full),
            }
        }
    }

    fn replace(&mut self, entries: &[ChatEntry]) -> Result<Saved, SaveError> {
        let array = self.array();
        let present =
            if self.tally.is_just(&array) { Present::of(array) } else { self.fold().into_present() };
        let mut known = Known::default();
        loop {
            match plan_replace(self.tally, &present, &known, entries) {
                Ok(PlanStep::Ask(question)) => self.answer(&mut known, question),
                Ok(PlanStep::Done(None)) => return Ok(Saved { added: 0 }),
                Ok(PlanStep::Done(Some(replacement))) => {
                    self.add(replacement.row, replacement.tally);
                    replacement.dropped.iter().for_each(|number| drop(self.rows.remove(number)));
                    return Ok(Saved { added: replacement.saved });
                }
                Err(_) => return Err(SaveError::Full),
            }
        }
    }

    fn array(&self) -> Array {
        let row = self.rows.get(&self.tally.base);
        row.map_or_else(Array::default, |row| Array::read(row.items.as_deref().unwrap(), &row.json).unwrap())
    }
}

#[async_trait]
impl ChatStore for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn append(&self, room: &RoomId, message: LiveMessage) -> Result<Appended, SaveError> {
        let appended = self.with(room, |log| log.append(&message))??;
        if self.loses_answer.swap(false, Ordering::Relaxed) {
            return Err(Unavailable::new("memory", "the answer is lost").into());
        }
        Ok(appended)
    }

    async fn save(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        self.with(room, |log| log.save(&entries))?
    }

    async fn replace_saved(&self, room: &RoomId, entries: Vec<ChatEntry>) -> Result<Saved, SaveError> {
        self.with(room, |log| log.replace(&entries))?
    }

    async fn history(&self, room: &RoomId) -> Result<Vec<Box<str>>, Unavailable> {
        self.with(room, |log| {
            let fold = log.fold();
            assert_eq!(fold.tally(), log.tally);
            fold.into_served()
        })
    }

    async fn check(&self) -> Result<(), Unavailable> {
        self.works()
    }

    async fn close(&self) {
        self.break_down();
    }
}
