//! The records of this node's own SFUs: made when one comes in, kept true while it is here, removed when it goes.

use super::{
    claims::{Claims, MAX_TRIES, RECORD_LIFETIME, contended, path_key, sfu_key},
    rooms::{Lasts, SfuRoom},
    row::{Pointer, Row, millis},
};
use crate::core::model::error::Unavailable;

impl Claims {
    /// Makes an SFU that has just come in known to all nodes. Whatever was kept of an earlier one by the same id is
    /// over: the seat says who it is.
    ///
    /// # Errors
    /// The store does not answer; the next [`refresh`](Self::refresh) makes it good.
    pub async fn register(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        let mut kept = room.kept.lock().await;
        let row = kept.insert(Row::free(&room.connection, millis(self.now()))).clone();
        self.overwrite(room, row).await
    }

    async fn overwrite(&self, room: &SfuRoom, row: Row) -> Result<(), Unavailable> {
        let key = sfu_key(room.id.as_str());
        for _ in 0..MAX_TRIES {
            if self.create(&key, &row).await? {
                return Ok(());
            }
            let Some(before) = self.records.get(&key, self.now()).await? else { continue };
            if self.put(&key, &before, &row, Some(self.now() + RECORD_LIFETIME)).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Brings the records of an SFU of this node in line with who is there, and lets them live on; or removes them and
    /// closes its room, if it was for one call and that is over. To be called
    /// when the first comes and the last goes, and several times in [`RECORD_LIFETIME`].
    ///
    /// # Errors
    /// The store does not answer; the next call makes it good.
    pub async fn refresh(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        // One at a time, and who is there is asked within: the last of two that were begun at once is right.
        let mut kept = room.kept.lock().await;
        for _ in 0..MAX_TRIES {
            if room.is_closed() {
                return Ok(());
            }
            let Some((record, row)) = self.row(room.id.as_str()).await? else {
                // It expired while the store was away.
                let now = millis(self.now());
                let row = kept.clone().unwrap_or_else(|| Row::free(&room.connection, now));
                self.create(&sfu_key(room.id.as_str()), &row).await?;
                continue;
            };
            if row.connection != room.connection {
                return Ok(());
            }
            let now = millis(self.now());
            let next = row.clone().seen(room.is_occupied(), now, self.patience.release);
            if room.lasts == Lasts::ForOneCall && row.has_served(&next, now, self.patience.claim) {
                // Whoever claims it at this very moment is either before this, or finds it gone.
                if self.records.remove(&sfu_key(room.id.as_str()), &record.json).await? {
                    room.close();
                    return self.forget_path(room, &row).await;
                }
                continue;
            }
            let expires = Some(self.now() + RECORD_LIFETIME);
            if self.put(&sfu_key(room.id.as_str()), &record, &next, expires).await? {
                let next = self.refresh_path(room, &row, next).await?;
                *kept = Some(next);
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Lets the pointer of the path live on that has the SFU, or end with its claim.
    async fn refresh_path(&self, room: &SfuRoom, before: &Row, row: Row) -> Result<Row, Unavailable> {
        let Some((path, claim)) = row.held_path() else {
            self.forget_path(room, before).await?;
            return Ok(row);
        };
        let own = Pointer { sfu: room.id.as_str().to_owned(), claim: claim.to_owned() };
        match self.pointer(&path).await? {
            None => {
                self.point(&path, None, &own).await?;
            }
            Some((record, pointer)) if pointer == own => {
                self.point(&path, Some(record), &own).await?;
            }
            // A claim of the path is under way. If it ends elsewhere, this one is over when everybody has left.
            Some(_) => {}
        }
        Ok(row)
    }

    /// Removes what the records say of an SFU that has gone, so that nobody is sent to it.
    ///
    /// # Errors
    /// The store does not answer; the records end by themselves after [`RECORD_LIFETIME`].
    pub async fn remove(&self, room: &SfuRoom) -> Result<(), Unavailable> {
        let _turn = room.kept.lock().await;
        for _ in 0..MAX_TRIES {
            let Some((record, row)) = self.row(room.id.as_str()).await? else { return Ok(()) };
            if row.connection != room.connection {
                return Ok(());
            }
            if self.records.remove(&sfu_key(room.id.as_str()), &record.json).await? {
                return self.forget_path(room, &row).await;
            }
        }
        Err(contended())
    }

    async fn forget_path(&self, room: &SfuRoom, row: &Row) -> Result<(), Unavailable> {
        let Some((path, claim)) = row.held_path() else { return Ok(()) };
        if let Some((record, pointer)) = self.pointer(&path).await?
            && pointer.sfu == room.id.as_str()
            && pointer.claim == claim
        {
            self.records.remove(&path_key(&path), &record.json).await?;
        }
        Ok(())
    }
}
