//! What is kept about each SFU and each claimed path, as JSON in records.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::url_path::UrlPath;

/// An SFU that is connected: the room of that name. Kept under its id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its connection's id. Whoever else comes in by the same id has another.
    pub connection: String,
    /// For whom it is kept; `None` if for nobody.
    pub hold: Option<Hold>,
    /// Since when nobody needs it, in Unix milliseconds.
    pub free_since: u64,
}

/// A room kept for somebody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which claim this is; unlike any other.
    pub claim: String,
    /// The path; `None` for people who came in without claiming one.
    pub path: Option<String>,
    /// Until when nobody has to be there, in Unix milliseconds; `None` while somebody is.
    pub until: Option<u64>,
}

/// Which SFU is a path's. Kept under the path. It counts only while its claim is that of the SFU's own row.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The SFU's id.
    pub sfu: String,
    /// The claim; one of nothing while it is not known yet whether the SFU can be had.
    pub claim: String,
}

/// A moment as it is kept.
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn later(now: u64, by: Duration) -> u64 {
    now.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
}

/// A name that nothing had before.
pub fn unique() -> String {
    Uuid::new_v4().to_string()
}

impl Row {
    /// An SFU that has just come in.
    pub fn free(connection: &str, now: u64) -> Self {
        Self { connection: connection.to_owned(), hold: None, free_since: now }
    }

    /// Whether it may be claimed at `now`.
    pub fn is_free(&self, now: u64) -> bool {
        self.hold.as_ref().is_none_or(|hold| hold.is_over(now))
    }

    /// The claim by which `path` has it at `now`.
    pub fn claim_of(&self, path: &UrlPath, now: u64) -> Option<&str> {
        let hold = self.hold.as_ref().filter(|hold| !hold.is_over(now))?;
        (hold.path.as_deref() == Some(path.as_str())).then_some(&hold.claim)
    }

    /// The same, claimed for `path`; whoever claimed it has `time` to come. Claimed again it is kept longer, to the
    /// second: many who come at once shall not all have to write.
    pub fn claimed(mut self, path: &UrlPath, now: u64, time: Duration) -> Self {
        let until = later(now, time);
        let renewed = |before: u64| if before.saturating_add(1_000) < until { until } else { before };
        self.hold = Some(match self.hold.take().filter(|hold| !hold.is_over(now)) {
            Some(hold) => Hold { until: hold.until.map(renewed), ..hold },
            None => Hold { claim: unique(), path: Some(path.as_str().to_owned()), until: Some(until) },
        });
        self
    }

    /// The same, now that it is known whether anybody is there; after the last has left it is kept for `grace`.
    pub fn seen(mut self, is_occupied: bool, now: u64, grace: Duration) -> Self {
        self.hold = match (self.hold.take(), is_occupied) {
            (Some(hold), true) => Some(Hold { until: None, ..hold }),
            (None, true) => Some(Hold { claim: unique(), path: None, until: None }),
            (Some(hold), false) if hold.is_over(now) => {
                self.free_since = now;
                None
            }
            (Some(hold), false) => {
                Some(Hold { until: hold.until.or_else(|| Some(later(now, grace))), ..hold })
            }
            (None, false) => None,
        };
        self
    }

    /// Whether it has served once it is as in `next`: its claim is over, or there was none for all of `patience`.
    pub fn has_served(&self, next: &Self, now: u64, patience: Duration) -> bool {
        next.hold.is_none() && (self.hold.is_some() || later(self.free_since, patience) <= now)
    }

    /// The path and the claim it is kept by, if it is.
    pub fn held_path(&self) -> Option<(UrlPath, &str)> {
        let hold = self.hold.as_ref()?;
        Some((UrlPath::parse(hold.path.as_deref()?).ok()?, &hold.claim))
    }
}

impl Hold {
    fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
