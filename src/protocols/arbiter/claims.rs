//! Claims: which path has which SFU. All state is in records, changed by compare-and-set, so that all nodes
//! agree and a crash at any point leaves nothing that later operations do not repair.
//!
//! The record of an SFU names the path that has it, and the claim. The record of a path names its SFU and the
//! claim; it counts only if the two claims are equal. A claim has three steps. It points its path at an SFU,
//! which decides between claims of one path. It takes the SFU, which decides between paths. It writes the
//! claim of the SFU into the record of the path. Any node that finds an unfinished claim completes it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    records::{PathPointer, PoolRecord, SfuRecord, millis, unique},
    url_path::UrlPath,
};
use crate::core::{
    model::error::Unavailable,
    ports::{
        clock::Clock,
        record_store::{Created, Record, RecordKey, RecordStore},
    },
};

/// Time until a record expires that no node renews. For this long, the SFU of a dead node that does not
/// start again may still be claimed.
pub const RECORD_LIFETIME: Duration = Duration::from_secs(15);

/// The most SFUs that are searched for a free one.
const MAX_SFUS: usize = 10_000;

/// How often a step is retried after another node changed the record first. Each time, one of the nodes makes
/// progress.
pub const MAX_TRIES: usize = 64;

const SFUS: &str = "arbiter_sfus";
const PATHS: &str = "arbiter_paths";
const POOLS: &str = "arbiter_pools";

/// How long a claimed room is kept without clients.
#[derive(Debug, Clone, Copy)]
pub struct ClaimTimeouts {
    /// From the claim until the first client.
    pub claim: Duration,
    /// After the last client has left, in case the page is only reloaded.
    pub release: Duration,
}

/// The claims of all nodes.
pub struct Claims {
    pub(super) records: Arc<dyn RecordStore>,
    /// Name of this node.
    pub(super) node: Arc<str>,
    clock: Arc<dyn Clock>,
    pub(super) timeouts: ClaimTimeouts,
}

/// The SFU of a path.
#[derive(PartialEq, Eq)]
pub struct ClaimedRoom {
    /// Id of the SFU, and of its room.
    pub sfu: String,
    /// Id of the SFU's connection.
    pub connection: String,
}

/// A record and its parsed content.
pub(super) type ReadRecord<T> = Option<(Record, T)>;

impl Claims {
    /// The claims in `records`, on the node called `node`.
    pub fn new(
        records: Arc<dyn RecordStore>,
        node: Arc<str>,
        clock: Arc<dyn Clock>,
        timeouts: ClaimTimeouts,
    ) -> Self {
        Self { records, node, clock, timeouts }
    }

    /// The SFU that `path` has claimed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn find(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        let Some((_, pointer)) = self.pointer(path).await? else { return Ok(None) };
        let Some((_, entry)) = self.sfu_record(&pointer.sfu).await? else { return Ok(None) };
        let agrees = entry.claim_of(path, millis(self.now())) == Some(&pointer.claim);
        Ok(agrees.then_some(ClaimedRoom { sfu: pointer.sfu, connection: entry.connection }))
    }

    /// Claims an SFU for `path`: the one it has, else a free one. `None` if no SFU is free.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        for attempt in 0..MAX_TRIES {
            let pointer = self.pointer(path).await?;
            if let Some((record, pointer)) = &pointer
                && let Some(entry) = self.take(&pointer.sfu, path).await?
            {
                if self.agree(path, record, pointer, &entry).await? {
                    let connection = entry.connection;
                    return Ok(Some(ClaimedRoom { sfu: pointer.sfu.clone(), connection }));
                }
                continue;
            }
            match (self.candidate(path, attempt).await?, pointer) {
                (Some(sfu), pointer) => {
                    let undecided = PathPointer { sfu, claim: unique() };
                    // Either this claim or a concurrent one of the same path has decided.
                    self.point(path, pointer.map(|(record, _)| record), &undecided).await?;
                }
                (None, Some((record, _))) => {
                    if self.records.remove(&path_key(path), &record.json).await? {
                        return Ok(None);
                    }
                }
                (None, None) => {
                    // The last free SFU may have been taken for this path by a concurrent claim.
                    if self.pointer(path).await?.is_none() {
                        return Ok(None);
                    }
                }
            }
        }
        Err(contended())
    }

    /// Takes an SFU for `path`, or renews the path's claim on it. `None` if the SFU is gone, or another path
    /// has it.
    async fn take(&self, sfu: &str, path: &UrlPath) -> Result<Option<SfuRecord>, Unavailable> {
        for _ in 0..MAX_TRIES {
            let Some((record, entry)) = self.sfu_record(sfu).await? else { return Ok(None) };
            let now = millis(self.now());
            if !entry.is_free(now) && entry.claim_of(path, now).is_none() {
                return Ok(None);
            }
            let taken = entry.clone().claimed(path, now, self.timeouts.claim);
            if taken == entry || self.put(&sfu_key(sfu), &record, &taken, record.expires).await? {
                return Ok(Some(taken));
            }
        }
        Err(contended())
    }

    /// Writes the claim of the SFU into the record of the path. `false` if the path has another SFU now.
    async fn agree(
        &self,
        path: &UrlPath,
        record: &Record,
        pointer: &PathPointer,
        entry: &SfuRecord,
    ) -> Result<bool, Unavailable> {
        let claim = entry.claim.as_ref().map(|claim| claim.claim.clone()).unwrap_or_default();
        if pointer.claim == claim {
            return Ok(true);
        }
        let agreeing = PathPointer { sfu: pointer.sfu.clone(), claim };
        self.point(path, Some(record.clone()), &agreeing).await
    }

    /// An SFU to claim for `path`.
    ///
    /// The one that a concurrent claim took for it, else the one that is free for the longest time. Retries
    /// choose at random, because concurrent claims may want the same one.
    async fn candidate(&self, path: &UrlPath, attempt: usize) -> Result<Option<String>, Unavailable> {
        let now = self.now();
        let mut free = Vec::new();
        for (key, _, entry) in self.sfus().await? {
            if entry.claim_of(path, millis(now)).is_some() {
                return Ok(Some(key.name.into()));
            }
            if entry.is_free(millis(now)) {
                free.push((entry.free_since, key.name));
            }
        }
        if attempt > 1 && !free.is_empty() {
            let any = Uuid::new_v4().as_u128() % free.len() as u128;
            return Ok(free
                .into_iter()
                .nth(usize::try_from(any).unwrap_or_default())
                .map(|(_, sfu)| sfu.into()));
        }
        Ok(free.into_iter().min_by_key(|(since, _)| *since).map(|(_, sfu)| sfu.into()))
    }

    /// Points `path` at an SFU, if its record is still `before`.
    pub(super) async fn point(
        &self,
        path: &UrlPath,
        before: Option<Record>,
        pointer: &PathPointer,
    ) -> Result<bool, Unavailable> {
        let expires = Some(self.now() + RECORD_LIFETIME);
        match before {
            Some(record) => self.put(&path_key(path), &record, pointer, expires).await,
            None => self.create(&path_key(path), pointer).await,
        }
    }

    pub(super) async fn pointer(&self, path: &UrlPath) -> Result<ReadRecord<PathPointer>, Unavailable> {
        self.read(&path_key(path)).await
    }

    pub(super) async fn sfu_record(&self, sfu: &str) -> Result<ReadRecord<SfuRecord>, Unavailable> {
        self.read(&sfu_key(sfu)).await
    }

    /// All SFUs, with their keys and records.
    pub(super) async fn sfus(&self) -> Result<Vec<(RecordKey, Record, SfuRecord)>, Unavailable> {
        let listed = self.records.list(SFUS, MAX_SFUS, self.now()).await?.into_iter();
        listed
            .map(|(key, record)| {
                let entry = parse(&record)?;
                Ok((key, record, entry))
            })
            .collect()
    }

    pub(super) async fn pool(&self) -> Result<ReadRecord<PoolRecord>, Unavailable> {
        self.read(&pool_key(&self.node)).await
    }

    async fn read<T: DeserializeOwned>(&self, key: &RecordKey) -> Result<ReadRecord<T>, Unavailable> {
        let Some(record) = self.records.get(key, self.now()).await? else { return Ok(None) };
        let content = parse(&record)?;
        Ok(Some((record, content)))
    }

    /// Creates a record that expires after [`RECORD_LIFETIME`]. `false` if it exists.
    pub(super) async fn create(
        &self,
        key: &RecordKey,
        content: &impl Serialize,
    ) -> Result<bool, Unavailable> {
        self.create_for(key, content, RECORD_LIFETIME).await
    }

    /// Creates a record that expires after `lifetime`. `false` if it exists.
    pub(super) async fn create_for(
        &self,
        key: &RecordKey,
        content: &impl Serialize,
        lifetime: Duration,
    ) -> Result<bool, Unavailable> {
        let now = self.now();
        let record = Record { json: json(content), expires: Some(now + lifetime) };
        Ok(self.records.create(key, record, now).await? == Created::Stored)
    }

    /// Replaces a record that is still `before`.
    pub(super) async fn put(
        &self,
        key: &RecordKey,
        before: &Record,
        content: &impl Serialize,
        expires: Option<SystemTime>,
    ) -> Result<bool, Unavailable> {
        let record = Record { json: json(content), expires };
        self.records.replace(key, &before.json, record, self.now()).await
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.wall()
    }
}

pub(super) fn sfu_key(id: &str) -> RecordKey {
    RecordKey { namespace: SFUS, name: id.into() }
}

pub(super) fn pool_key(node: &str) -> RecordKey {
    RecordKey { namespace: POOLS, name: node.into() }
}

pub(super) fn path_key(path: &UrlPath) -> RecordKey {
    RecordKey { namespace: PATHS, name: path.as_str().into() }
}

fn json(content: &impl Serialize) -> Box<str> {
    serde_json::to_string(content).expect("our own records are always JSON").into()
}

fn parse<T: DeserializeOwned>(record: &Record) -> Result<T, Unavailable> {
    serde_json::from_str(&record.json).map_err(|error| Unavailable::new("records", error))
}

pub(super) fn contended() -> Unavailable {
    Unavailable::new("records", "too many want the same at once")
}
