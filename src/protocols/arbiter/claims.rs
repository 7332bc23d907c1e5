//! Claims: which path has which SFU. Everything is in records, changed by compare-and-set, so that any number of nodes
//! agree and a crash at any point leaves nothing that does not mend itself.
//!
//! An SFU's row says for which path it is kept, and by which claim. A path's pointer says which SFU it has, and by
//! which claim; it counts only where the two claims agree. A claim first points its path at an SFU, which decides
//! among those who claim the same path, then takes the SFU, which decides among paths, then makes the pointer agree.
//! Whoever finds such a claim half done finishes it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    row::{Pointer, Row, millis, unique},
    url_path::UrlPath,
};
use crate::core::{
    model::error::Unavailable,
    ports::{
        clock::Clock,
        record_store::{Record, RecordKey, RecordStore},
    },
};

/// How long a record outlives the node that looks after it: for so long, an SFU that died with its node may still be
/// handed out.
pub const RECORD_LIFETIME: Duration = Duration::from_secs(15);

/// How many SFUs are looked at for one that is free.
const MAX_SFUS: usize = 10_000;

/// How often a step is tried anew because somebody else was faster: somebody gets on each time.
pub const MAX_TRIES: usize = 64;

const SFUS: &str = "arbiter_sfus";
const PATHS: &str = "arbiter_paths";

/// How long rooms are kept for people who are not there.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From a claim until somebody comes.
    pub claim: Duration,
    /// After the last has left, in case it was to reload the page.
    pub release: Duration,
}

/// The claims of all nodes.
pub struct Claims {
    pub(super) records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    pub(super) patience: Patience,
}

/// The SFU that a path has.
#[derive(PartialEq, Eq)]
pub struct ClaimedRoom {
    /// The SFU's id, which is the room's.
    pub sfu: String,
    /// The id of the SFU's connection.
    pub connection: String,
}

/// A record as it was read, and what it says.
pub(super) type Read<T> = Option<(Record, T)>;

impl Claims {
    /// The claims kept in `records`.
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, patience: Patience) -> Self {
        Self { records, clock, patience }
    }

    /// The SFU that `path` has, if it has one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn find(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        let Some((_, pointer)) = self.pointer(path).await? else { return Ok(None) };
        let Some((_, row)) = self.row(&pointer.sfu).await? else { return Ok(None) };
        let agrees = row.claim_of(path, millis(self.now())) == Some(&pointer.claim);
        Ok(agrees.then_some(ClaimedRoom { sfu: pointer.sfu, connection: row.connection }))
    }

    /// Gives `path` an SFU: the one it has, else a free one. `None` if there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        for attempt in 0..MAX_TRIES {
            let pointer = self.pointer(path).await?;
            if let Some((record, pointer)) = &pointer
                && let Some(row) = self.take(&pointer.sfu, path).await?
            {
                if self.agree(path, record, pointer, &row).await? {
                    let connection = row.connection;
                    return Ok(Some(ClaimedRoom { sfu: pointer.sfu.clone(), connection }));
                }
                continue;
            }
            match (self.candidate(path, attempt).await?, pointer) {
                (Some(sfu), pointer) => {
                    let undecided = Pointer { sfu, claim: unique() };
                    // Whether it was this claim or another of the same path that decided: it is decided now.
                    self.point(path, pointer.map(|(record, _)| record), &undecided).await?;
                }
                (None, Some((record, _))) => {
                    if self.records.remove(&path_key(path), &record.json).await? {
                        return Ok(None);
                    }
                }
                (None, None) => {
                    // The last free one may have been taken for this very path.
                    if self.pointer(path).await?.is_none() {
                        return Ok(None);
                    }
                }
            }
        }
        Err(contended())
    }

    /// Takes an SFU for `path`, or keeps it longer if the path has it. `None` if it is gone, or somebody else's.
    async fn take(&self, sfu: &str, path: &UrlPath) -> Result<Option<Row>, Unavailable> {
        for _ in 0..MAX_TRIES {
            let Some((record, row)) = self.row(sfu).await? else { return Ok(None) };
            let now = millis(self.now());
            if !row.is_free(now) && row.claim_of(path, now).is_none() {
                return Ok(None);
            }
            let taken = row.clone().claimed(path, now, self.patience.claim);
            if taken == row || self.put(&sfu_key(sfu), &record, &taken, record.expires).await? {
                return Ok(Some(taken));
            }
        }
        Err(contended())
    }

    /// Makes a path's pointer name the claim in the SFU's row. `false` if the path points elsewhere now.
    async fn agree(
        &self,
        path: &UrlPath,
        record: &Record,
        pointer: &Pointer,
        row: &Row,
    ) -> Result<bool, Unavailable> {
        let claim = row.hold.as_ref().map(|hold| hold.claim.clone()).unwrap_or_default();
        if pointer.claim == claim {
            return Ok(true);
        }
        let agreeing = Pointer { sfu: pointer.sfu.clone(), claim };
        self.point(path, Some(record.clone()), &agreeing).await
    }

    /// An SFU for `path`: one that was taken for it, else, so that rooms rest as long as possible, the one that has
    /// been free for the longest; any one when that was not to be had.
    async fn candidate(&self, path: &UrlPath, attempt: usize) -> Result<Option<String>, Unavailable> {
        let now = self.now();
        let mut free = Vec::new();
        for (key, record) in self.records.list(SFUS, MAX_SFUS, now).await? {
            let row: Row = parse(&record)?;
            if row.claim_of(path, millis(now)).is_some() {
                return Ok(Some(key.name.into()));
            }
            if row.is_free(millis(now)) {
                free.push((row.free_since, key.name));
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

    /// Points `path` at an SFU, if it still points where it did in `before`.
    pub(super) async fn point(
        &self,
        path: &UrlPath,
        before: Option<Record>,
        pointer: &Pointer,
    ) -> Result<bool, Unavailable> {
        let expires = Some(self.now() + RECORD_LIFETIME);
        match before {
            Some(record) => self.put(&path_key(path), &record, pointer, expires).await,
            None => self.create(&path_key(path), pointer).await,
        }
    }

    pub(super) async fn pointer(&self, path: &UrlPath) -> Result<Read<Pointer>, Unavailable> {
        self.read(&path_key(path)).await
    }

    pub(super) async fn row(&self, sfu: &str) -> Result<Read<Row>, Unavailable> {
        self.read(&sfu_key(sfu)).await
    }

    async fn read<T: DeserializeOwned>(&self, key: &RecordKey) -> Result<Read<T>, Unavailable> {
        let Some(record) = self.records.get(key, self.now()).await? else { return Ok(None) };
        let content = parse(&record)?;
        Ok(Some((record, content)))
    }

    /// Stores a record that will be there for [`RECORD_LIFETIME`], unless one of its name is there.
    pub(super) async fn create(
        &self,
        key: &RecordKey,
        content: &impl Serialize,
    ) -> Result<bool, Unavailable> {
        let now = self.now();
        let record = Record { json: json(content), expires: Some(now + RECORD_LIFETIME) };
        Ok(self.records.create(key, record, now).await? == crate::core::ports::record_store::Created::Now)
    }

    /// Puts `content` in the place of a record that still is as it was read.
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
