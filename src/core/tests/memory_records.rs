//! A record store in memory.

use std::{collections::HashMap, sync::Mutex, time::SystemTime};

use async_trait::async_trait;

use crate::core::{
    model::{error::Unavailable, lock::lock},
    ports::record_store::{Created, Record, RecordKey, RecordStore},
};

/// The records, by key.
#[derive(Debug, Default)]
pub struct MemoryRecords(Mutex<HashMap<RecordKey, (u64, Record)>>);

fn is_there(record: &Record, now: SystemTime) -> bool {
    record.expires.is_none_or(|expires| expires > now)
}

#[async_trait]
impl RecordStore for MemoryRecords {
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable> {
        let mut records = lock(&self.0);
        if let Some((_, before)) = records.get(key).filter(|(_, before)| is_there(before, now)) {
            return Ok(Created::Existing(before.clone()));
        }
        let seq = records.values().map(|(seq, _)| seq + 1).max().unwrap_or_default();
        records.insert(key.clone(), (seq, record));
        Ok(Created::Stored)
    }

    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable> {
        let records = lock(&self.0);
        Ok(records.get(key).map(|(_, record)| record).filter(|record| is_there(record, now)).cloned())
    }

    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        let mut records = lock(&self.0);
        let found =
            records.get_mut(key).filter(|(_, found)| is_there(found, now) && *found.json == *expected);
        Ok(found.map(|found| found.1 = record).is_some())
    }

    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable> {
        let mut records = lock(&self.0);
        let matches = records.get(key).is_some_and(|(_, found)| *found.json == *expected);
        Ok(matches && records.remove(key).is_some())
    }

    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable> {
        let records = lock(&self.0);
        let mut found: Vec<_> = records
            .iter()
            .filter(|(key, (_, record))| key.namespace == namespace && is_there(record, now))
            .collect();
        found.sort_by_key(|(_, (seq, _))| *seq);
        Ok(found.into_iter().take(limit).map(|(key, (_, record))| (key.clone(), record.clone())).collect())
    }

    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable> {
        lock(&self.0).retain(|_, (_, record)| is_there(record, now));
        Ok(())
    }
}
