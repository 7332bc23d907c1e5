//! Records of this node's own SFUs: created when an SFU connects, and renewed while it is connected.
//!
//! They are removed when it leaves, or when the node starts again after a crash.

use std::time::Duration;

use super::{
    claims::{Claims, MAX_TRIES, RECORD_LIFETIME, contended, path_key, pool_key, sfu_key},
    records::{PathPointer, PoolRecord, SfuRecord, millis},
    rooms::{SfuLifetime, SfuRoom},
};
use crate::core::{
    model::{error::Unavailable, ids::Name},
    ports::record_store::Record,
};

/// How long the size of a pool outlives its node.
const POOL_LIFETIME: Duration = Duration::from_hours(30 * 24);

impl Claims {
    /// Publishes an SFU that has just connected to all nodes. Overwrites the record of an earlier SFU with
    /// the same id, which has lost its seat.
    ///
    /// # Errors
    /// The store does not answer; the next [`refresh`](Self::refresh) repeats it.
    pub async fn register(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        let mut last_known = room.last_known.lock().await;
        let entry = last_known.insert(self.free(room)).clone();
        self.overwrite(room, entry).await
    }

    /// The record of an SFU that has just connected to this node.
    fn free(&self, room: &SfuRoom) -> SfuRecord {
        SfuRecord {
            connection: room.connection.clone(),
            claim: None,
            free_since: millis(self.now()),
            node: self.node.to_string(),
            is_for_one_call: room.lifetime == SfuLifetime::ForOneCall,
        }
    }

    async fn overwrite(&self, room: &SfuRoom, entry: SfuRecord) -> Result<(), Unavailable> {
        let key = sfu_key(room.id.as_str());
        for _ in 0..MAX_TRIES {
            if self.create(&key, &entry).await? {
                return Ok(());
            }
            let Some(before) = self.records.get(&key, self.now()).await? else { continue };
            if self.put(&key, &before, &entry, Some(self.now() + RECORD_LIFETIME)).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Records whether an SFU of this node has clients, and renews its records. An SFU for one call whose
    /// call is over loses its records, and its room is closed. To be called when the first client joins, when
    /// the last leaves, and several times in [`RECORD_LIFETIME`].
    ///
    /// # Errors
    /// The store does not answer; the next call repeats it.
    pub async fn refresh(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        // Serialised by the lock, and the clients are counted within: the later of two concurrent calls is
        // right.
        let mut last_known = room.last_known.lock().await;
        for _ in 0..MAX_TRIES {
            if room.has_ended() {
                return Ok(());
            }
            let Some((record, entry)) = self.sfu_record(room.id.as_str()).await? else {
                // The record expired while the store did not answer.
                let entry = last_known.clone().unwrap_or_else(|| self.free(room));
                self.create(&sfu_key(room.id.as_str()), &entry).await?;
                continue;
            };
            if entry.connection != room.connection {
                return Ok(());
            }
            let now = millis(self.now());
            let next = entry.clone().seen(room.is_occupied(), now, self.timeouts.release);
            if entry.has_served(&next) {
                if self.end(room, &record, &entry).await? {
                    return Ok(());
                }
                continue;
            }
            let expires = Some(self.now() + RECORD_LIFETIME);
            if self.put(&sfu_key(room.id.as_str()), &record, &next, expires).await? {
                let next = self.refresh_path(room, &entry, next).await?;
                room.set_claim_end(
                    next.claim_end().map(|end| Duration::from_millis(end.saturating_sub(now))),
                );
                *last_known = Some(next);
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Renews the record of the path that has the SFU, or removes it if its claim has ended.
    async fn refresh_path(
        &self,
        room: &SfuRoom,
        before: &SfuRecord,
        entry: SfuRecord,
    ) -> Result<SfuRecord, Unavailable> {
        let Some((path, claim)) = entry.held_path() else {
            self.forget_path(room.id.as_str(), before).await?;
            return Ok(entry);
        };
        let own = PathPointer { sfu: room.id.as_str().to_owned(), claim: claim.to_owned() };
        match self.pointer(&path).await? {
            None => {
                self.point(&path, None, &own).await?;
            }
            Some((record, pointer)) if pointer == own => {
                self.point(&path, Some(record), &own).await?;
            }
            // Another claim of the path is in progress. If it chooses another SFU, this one is free after its
            // last client.
            Some(_) => {}
        }
        Ok(entry)
    }

    /// Removes the records of an SFU that has left, so that no client is sent to it.
    ///
    /// # Errors
    /// The store does not answer; the records expire after [`RECORD_LIFETIME`].
    pub async fn remove(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        let _turn = room.last_known.lock().await;
        for _ in 0..MAX_TRIES {
            let Some((record, entry)) = self.sfu_record(room.id.as_str()).await? else { return Ok(()) };
            if entry.connection != room.connection {
                return Ok(());
            }
            if self.records.remove(&sfu_key(room.id.as_str()), &record.json).await? {
                return self.forget_path(room.id.as_str(), &entry).await;
            }
        }
        Err(contended())
    }

    /// Ends an SFU that no path has, and no client uses. Returns whether it was such a one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reclaim(&self, room: &SfuRoom) -> Result<bool, Unavailable> {
        let _turn = room.last_known.lock().await;
        for _ in 0..MAX_TRIES {
            let Some((record, entry)) = self.sfu_record(room.id.as_str()).await? else { return Ok(false) };
            let is_claimed = entry.claim.is_some() && !entry.has_lapsed(millis(self.now()));
            if is_claimed || room.is_occupied() || entry.connection != room.connection {
                return Ok(false);
            }
            if self.end(room, &record, &entry).await? {
                return Ok(true);
            }
        }
        Err(contended())
    }

    /// Removes the records of an SFU and ends its room, if its record is still `record`. A concurrent claim
    /// either comes before, or finds the record gone.
    async fn end(&self, room: &SfuRoom, record: &Record, entry: &SfuRecord) -> Result<bool, Unavailable> {
        if !self.records.remove(&sfu_key(room.id.as_str()), &record.json).await? {
            return Ok(false);
        }
        room.end();
        self.forget_path(room.id.as_str(), entry).await?;
        Ok(true)
    }

    /// Removes the records of SFUs that were connected to this node before it died. `is_connected` tells by
    /// id and connection which ones are connected now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_former(&self, is_connected: impl Fn(&str, &str) -> bool) -> Result<(), Unavailable> {
        for (key, record, entry) in self.sfus().await? {
            let is_former = *entry.node == *self.node && !is_connected(&key.name, &entry.connection);
            // A record that has changed meanwhile is that of an SFU that has just connected again.
            if is_former && self.records.remove(&key, &record.json).await? {
                self.forget_path(&key.name, &entry).await?;
            }
        }
        Ok(())
    }

    /// The SFUs for one call whose claim has ended, which their nodes have not noticed yet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lapsed(&self) -> Result<Vec<Box<str>>, Unavailable> {
        let now = millis(self.now());
        let lapsed = self
            .sfus()
            .await?
            .into_iter()
            .filter(|(_, _, entry)| entry.is_for_one_call && entry.has_lapsed(now));
        Ok(lapsed.map(|(key, ..)| key.name).collect())
    }

    /// How many SFUs the pool of this node had.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn pool_size(&self) -> Result<usize, Unavailable> {
        Ok(self.pool().await?.map_or(0, |(_, pool)| pool.size))
    }

    /// Records how many SFUs the pool of this node has, for the next process.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_pool(&self, size: usize) -> Result<(), Unavailable> {
        let (key, pool) = (pool_key(&self.node), PoolRecord { size });
        for _ in 0..MAX_TRIES {
            let expires = Some(self.now() + POOL_LIFETIME);
            let is_stored = match self.pool().await? {
                Some((record, _)) => self.put(&key, &record, &pool, expires).await?,
                None => self.create_for(&key, &pool, POOL_LIFETIME).await?,
            };
            if is_stored {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Whether the SFU `id` is still connected by `connection`, as far as its record tells.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_recorded(&self, id: &Name, connection: &str) -> Result<bool, Unavailable> {
        Ok(self.connection_of(id).await?.is_some_and(|recorded| recorded == connection))
    }

    /// The connection of the SFU `id`, as far as its record tells.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn connection_of(&self, id: &Name) -> Result<Option<String>, Unavailable> {
        Ok(self.sfu_record(id.as_str()).await?.map(|(_, entry)| entry.connection))
    }

    async fn forget_path(&self, sfu: &str, entry: &SfuRecord) -> Result<(), Unavailable> {
        let Some((path, claim)) = entry.held_path() else { return Ok(()) };
        if let Some((record, pointer)) = self.pointer(&path).await?
            && pointer.sfu == sfu
            && pointer.claim == claim
        {
            self.records.remove(&path_key(&path), &record.json).await?;
        }
        Ok(())
    }
}
