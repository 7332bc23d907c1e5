//! The database: connects and prepares it at first use.

use mongodb::{
    Collection, Database as Driver,
    bson::{Bson, Document, doc},
};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

use super::{
    address::Address,
    collections::{self, CHATS},
    fault::MongoFault,
};
use crate::{
    core::model::chat::{Rekey, RekeyedText},
    store::ANSWER_WITHIN,
};

/// The database, its collections and their indexes.
pub(super) struct Database {
    address: Address,
    rekey: Rekey,
    driver: OnceCell<Driver>,
    indexed: OnceCell<()>,
    /// True when every chat has the keys of this release.
    rekeyed: watch::Sender<bool>,
}

impl Database {
    pub(super) fn new(address: Address, rekey: Rekey) -> Self {
        let rekeyed = watch::Sender::new(false);
        Self { address, rekey, driver: OnceCell::new(), indexed: OnceCell::new(), rekeyed }
    }

    /// The collection `name`, for reading.
    pub(super) async fn collection<T: Send + Sync>(&self, name: &str) -> Result<Collection<T>, MongoFault> {
        Ok(self.driver().await?.collection(name))
    }

    /// The collection `name`, for writing: its indexes exist.
    pub(super) async fn prepared<T: Send + Sync>(&self, name: &str) -> Result<Collection<T>, MongoFault> {
        self.prepare().await?;
        self.collection(name).await
    }

    /// The collection of chats, for writing. Fails while chats of an earlier release are converted.
    pub(super) async fn ready_for_chats(&self) -> Result<Collection<Document>, MongoFault> {
        let messages = self.prepared(CHATS).await?;
        let mut rekeyed = self.rekeyed.subscribe();
        // The caller waits no longer, and a waiting operation would occupy a slot.
        let waited = timeout(ANSWER_WITHIN, rekeyed.wait_for(|rekeyed| *rekeyed)).await;
        waited.map(|_| messages).map_err(|_| MongoFault::Rekeying)
    }

    /// Makes the unique indexes, once. Writes wait for them.
    pub(super) async fn prepare(&self) -> Result<(), MongoFault> {
        self.indexed.get_or_try_init(|| self.make_indexes()).await.copied()
    }

    /// Lets chats be written: all of them have the keys of this release.
    pub(super) fn set_rekeyed(&self) {
        self.rekeyed.send_replace(true);
    }

    /// Reads the texts of a room of an earlier release.
    pub(super) fn rekey(&self, texts: &[Box<str>]) -> Vec<RekeyedText> {
        (self.rekey)(texts)
    }

    /// Applies updates to chats, in the form of the command `update`, with the durability of a save.
    pub(super) async fn update_chats(&self, updates: Vec<Bson>) -> Result<(), MongoFault> {
        let concern = doc! { "w": "majority", "j": true };
        let command = doc! { "update": CHATS, "updates": updates, "writeConcern": concern };
        let answer = self.driver().await?.run_command(command).await?;
        // The answer to a command that fails in part is no error.
        if answer.contains_key("writeErrors") || answer.contains_key("writeConcernError") {
            return Err(MongoFault::Driver("chats could not be changed"));
        }
        Ok(())
    }

    /// Writes with the durability of a chat, to see whether that succeeds.
    pub(super) async fn check(&self) -> Result<(), MongoFault> {
        self.ready_for_chats().await?;
        let checks = self.prepared::<Document>("check").await?;
        checks.update_one(doc! { "_id": "save" }, doc! { "$inc": { "times": 1 } }).upsert(true).await?;
        Ok(())
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        if let Some(driver) = self.driver.get() {
            driver.client().clone().shutdown().immediate(true).await;
        }
    }

    async fn make_indexes(&self) -> Result<(), MongoFault> {
        for (name, indexes) in collections::indexes() {
            self.collection::<Document>(name).await?.create_indexes(indexes).await?;
        }
        Ok(())
    }

    async fn driver(&self) -> Result<&Driver, MongoFault> {
        Ok(self.driver.get_or_try_init(|| self.address.connect()).await?)
    }
}
