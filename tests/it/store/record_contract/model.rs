//! A model of records in memory, and random commands that a store must answer alike.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::{collection::vec, option, prelude::*, sample::select};
use switchboard::core::ports::record_store::{Created, Record, RecordKey, RecordStore};

use crate::support::records::at;

/// A command, some milliseconds after the one before it.
#[derive(Debug, Clone)]
pub struct Command {
    later: i64,
    /// One of two namespaces.
    namespace: usize,
    name: &'static str,
    json: &'static str,
    /// Lifetime of the written record, in milliseconds.
    lifetime: Option<i64>,
    action: Action,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Create,
    Get,
    /// The expected content.
    Replace(&'static str),
    Remove,
    List(usize),
    Forget,
}

/// Few names and few contents, so that commands collide.
pub fn commands() -> impl Strategy<Value = Vec<Command>> {
    let json = || select(&["1", "2", "{}"][..]);
    let action = prop_oneof![
        4 => Just(Action::Create),
        2 => Just(Action::Get),
        3 => json().prop_map(Action::Replace),
        1 => Just(Action::Remove),
        2 => (0..5_usize).prop_map(Action::List),
        1 => Just(Action::Forget),
    ];
    let name = select(&["ann", "bob", "Ann"][..]);
    let command = (0..3_i64, 0..2_usize, name, json(), option::of(0..6_i64), action);
    let command = command.prop_map(|(later, namespace, name, json, lifetime, action)| Command {
        later,
        namespace,
        name,
        json,
        lifetime,
        action,
    });
    vec(command, 1..48)
}

/// Runs `commands` and compares each answer with the model's.
pub async fn compare(store: &dyn RecordStore, commands: Vec<Command>) {
    let namespaces = [fresh_namespace(), fresh_namespace()];
    let mut model = Model::default();
    let mut now = 0;
    for command in commands {
        now += command.later;
        model.compare(store, &command, namespaces[command.namespace], now).await;
    }
    for namespace in namespaces {
        assert_eq!(store.list(namespace, usize::MAX, at(now)).await.unwrap(), model.list(namespace, now));
    }
}

/// A namespace of one run.
fn fresh_namespace() -> &'static str {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("namespace {}", NEXT.fetch_add(1, Ordering::Relaxed)).leak()
}

/// All records that are not removed, oldest first.
#[derive(Default)]
struct Model(Vec<(RecordKey, Record)>);

impl Model {
    async fn compare(
        &mut self,
        store: &dyn RecordStore,
        command: &Command,
        namespace: &'static str,
        now: i64,
    ) {
        let key = RecordKey { namespace, name: command.name.into() };
        let record = Record {
            json: command.json.into(),
            expires: command.lifetime.map(|lifetime| at(now + lifetime)),
        };
        match command.action {
            Action::Create => {
                let created = store.create(&key, record.clone(), at(now)).await.unwrap();
                assert_eq!(created, self.create(key, record, now));
            }
            Action::Get => {
                assert_eq!(store.get(&key, at(now)).await.unwrap().as_ref(), self.find(&key, now).as_deref());
            }
            Action::Replace(expected) => {
                let replaced = store.replace(&key, expected, record.clone(), at(now)).await.unwrap();
                assert_eq!(replaced, self.replace(&key, expected, record, now));
            }
            Action::Remove => {
                let kept = self.find(&key, now).is_some();
                let removed = store.remove(&key, command.json).await.unwrap();
                // A store may or may not remove an expired record here.
                assert!(removed == self.remove(&key, command.json) || !kept);
            }
            Action::List(limit) => {
                let mut expected = self.list(namespace, now);
                expected.truncate(limit);
                assert_eq!(store.list(namespace, limit, at(now)).await.unwrap(), expected);
            }
            Action::Forget => {
                store.forget_expired(at(now)).await.unwrap();
                self.0.retain(|(_, record)| !record.has_expired(at(now)));
            }
        }
    }

    fn create(&mut self, key: RecordKey, record: Record, now: i64) -> Created {
        if let Some(before) = self.find(&key, now) {
            return Created::Existing(before.clone());
        }
        self.0.retain(|(other, _)| *other != key);
        self.0.push((key, record));
        Created::Stored
    }

    fn replace(&mut self, key: &RecordKey, expected: &str, record: Record, now: i64) -> bool {
        match self.find(key, now) {
            Some(found) if &*found.json == expected => {
                *found = record;
                true
            }
            _ => false,
        }
    }

    fn remove(&mut self, key: &RecordKey, expected: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(other, record)| other != key || &*record.json != expected);
        self.0.len() < before
    }

    fn find(&mut self, key: &RecordKey, now: i64) -> Option<&mut Record> {
        let found = self.0.iter_mut().find(|(other, _)| other == key).map(|(_, record)| record);
        found.filter(|record| !record.has_expired(at(now)))
    }

    fn list(&self, namespace: &str, now: i64) -> Vec<(RecordKey, Record)> {
        let kept =
            |(key, record): &&(RecordKey, Record)| key.namespace == namespace && !record.has_expired(at(now));
        self.0.iter().filter(kept).cloned().collect()
    }
}
