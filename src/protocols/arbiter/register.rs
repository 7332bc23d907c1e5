//! Records of this node's own SFUs: created when an SFU connects, renewed while it is connected, removed when
//! it leaves.

use super::{
    claims::{Claims, MAX_TRIES, RECORD_LIFETIME, contended, path_key, sfu_key},
    records::{PathPointer, SfuRecord, millis},
    rooms::{SfuLifetime, SfuRoom},
};
use crate::core::model::error::Unavailable;

impl Claims {
    /// Publishes an SFU that has just connected to all nodes. Overwrites the record of an earlier SFU with
    /// the same id, which has lost its seat.
    ///
    /// # Errors
    /// The store does not answer; the next [`refresh`](Self::refresh) repeats it.
    pub async fn register(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        let mut last_known = room.last_known.lock().await;
        let entry = last_known.insert(SfuRecord::free(&room.connection, millis(self.now()))).clone();
        self.overwrite(room, entry).await
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
                let now = millis(self.now());
                let entry = last_known.clone().unwrap_or_else(|| SfuRecord::free(&room.connection, now));
                self.create(&sfu_key(room.id.as_str()), &entry).await?;
                continue;
            };
            if entry.connection != room.connection {
                return Ok(());
            }
            let now = millis(self.now());
            let next = entry.clone().seen(room.is_occupied(), now, self.timeouts.release);
            if room.lifetime == SfuLifetime::ForOneCall && entry.has_served(&next, now, self.timeouts.claim) {
                // A concurrent claim either comes before this removal, or finds the record gone.
                if self.records.remove(&sfu_key(room.id.as_str()), &record.json).await? {
                    room.end();
                    return self.forget_path(room, &entry).await;
                }
                continue;
            }
            let expires = Some(self.now() + RECORD_LIFETIME);
            if self.put(&sfu_key(room.id.as_str()), &record, &next, expires).await? {
                let next = self.refresh_path(room, &entry, next).await?;
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
            self.forget_path(room, before).await?;
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
                return self.forget_path(room, &entry).await;
            }
        }
        Err(contended())
    }

    async fn forget_path(&self, room: &SfuRoom, entry: &SfuRecord) -> Result<(), Unavailable> {
        let Some((path, claim)) = entry.held_path() else { return Ok(()) };
        if let Some((record, pointer)) = self.pointer(&path).await?
            && pointer.sfu == room.id.as_str()
            && pointer.claim == claim
        {
            self.records.remove(&path_key(&path), &record.json).await?;
        }
        Ok(())
    }
}
