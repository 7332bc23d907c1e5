//! The records of SFUs and of claimed paths, as stored in JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::url_path::UrlPath;

/// A connected SFU, stored under its id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SfuRecord {
    /// Id of the SFU's connection. A later connection with the same SFU id has another one.
    pub connection: String,
    /// The present claim; `None` if the SFU is free.
    pub claim: Option<SfuClaim>,
    /// Since when the SFU is free, in Unix milliseconds.
    pub free_since: u64,
    /// Name of the node that the SFU is connected to.
    #[serde(default)]
    pub node: String,
    /// Whether the SFU serves one call only: once claimed, it is never free again.
    #[serde(default)]
    pub is_for_one_call: bool,
}

/// How many SFUs a node's pool has, stored under the name of the node.
#[derive(Serialize, Deserialize)]
pub struct PoolRecord {
    /// The number.
    pub size: usize,
}

/// A claim on an SFU.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SfuClaim {
    /// Unique id of the claim.
    pub claim: String,
    /// The path; `None` if clients joined without a claim.
    pub path: Option<String>,
    /// When the claim ends, in Unix milliseconds; `None` while clients are there.
    pub until: Option<u64>,
}

/// The SFU of a path, stored under the path. Valid only if its claim is that of the SFU's record.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub struct PathPointer {
    /// Id of the SFU.
    pub sfu: String,
    /// Id of the claim; a fresh one until the SFU is taken.
    pub claim: String,
}

/// A point in time in Unix milliseconds.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn later(now: u64, by: Duration) -> u64 {
    now.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
}

/// A new unique id.
pub fn unique() -> String {
    Uuid::new_v4().to_string()
}

impl SfuRecord {
    /// Whether the SFU may be claimed at `now`.
    pub fn is_free(&self, now: u64) -> bool {
        self.claim.as_ref().is_none_or(|claim| !self.is_for_one_call && claim.is_over(now))
    }

    /// Whether the SFU has a claim that has ended.
    pub fn has_lapsed(&self, now: u64) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.is_over(now))
    }

    /// The claim of `path` on the SFU at `now`.
    pub fn claim_of(&self, path: &UrlPath, now: u64) -> Option<&str> {
        let claim = self.claim.as_ref().filter(|claim| !claim.is_over(now))?;
        (claim.path.as_deref() == Some(path.as_str())).then_some(&claim.claim)
    }

    /// The record after a claim for `path`, which ends after `time` without clients. A repeated claim extends
    /// it by whole seconds only, to save writes.
    pub fn claimed(mut self, path: &UrlPath, now: u64, time: Duration) -> Self {
        let until = later(now, time);
        let renewed = |before: u64| if before.saturating_add(1_000) < until { until } else { before };
        self.claim = Some(match self.claim.take().filter(|claim| !claim.is_over(now)) {
            Some(claim) => SfuClaim { until: claim.until.map(renewed), ..claim },
            None => SfuClaim { claim: unique(), path: Some(path.as_str().to_owned()), until: Some(until) },
        });
        self
    }

    /// The record once it is known whether clients are there. After the last client has left, the claim ends
    /// after `grace`.
    pub fn seen(mut self, is_occupied: bool, now: u64, grace: Duration) -> Self {
        self.claim = match (self.claim.take(), is_occupied) {
            (Some(claim), true) => Some(SfuClaim { until: None, ..claim }),
            (None, true) => Some(SfuClaim { claim: unique(), path: None, until: None }),
            (Some(claim), false) if claim.is_over(now) => {
                self.free_since = now;
                None
            }
            (Some(claim), false) => {
                Some(SfuClaim { until: claim.until.or_else(|| Some(later(now, grace))), ..claim })
            }
            (None, false) => None,
        };
        self
    }

    /// Whether an SFU for one call is done in the state `next`: its claim has ended.
    pub fn has_served(&self, next: &Self) -> bool {
        self.is_for_one_call && self.claim.is_some() && next.claim.is_none()
    }

    /// When the claim ends, in Unix milliseconds; `None` without a claim, or while clients are there.
    pub fn claim_end(&self) -> Option<u64> {
        self.claim.as_ref()?.until
    }

    /// The path that has the SFU, and the claim.
    pub fn held_path(&self) -> Option<(UrlPath, &str)> {
        let claim = self.claim.as_ref()?;
        Some((UrlPath::parse(claim.path.as_deref()?).ok()?, &claim.claim))
    }
}

impl SfuClaim {
    fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
