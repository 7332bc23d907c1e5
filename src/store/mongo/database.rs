//! The database, connected to and prepared when first needed.

use mongodb::{
    Collection, Database as Driver, IndexModel,
    bson::{Bson, Document, doc},
    options::IndexOptions,
};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

use super::{address::Address, document, fault::Fault, former, records};
use crate::{
    core::model::chat::{Former, Rekey},
    store::ANSWER_WITHIN,
};

/// The database, its collections and their indexes.
pub(super) struct Database {
    address: Address,
    rekey: Rekey,
    driver: OnceCell<Driver>,
    indexed: OnceCell<()>,
    /// Whether every chat has the keys of this release.
    rekeyed: watch::Sender<bool>,
}

impl Database {
    pub(super) fn new(address: Address, rekey: Rekey) -> Self {
        let rekeyed = watch::Sender::new(false);
        Self { address, rekey, driver: OnceCell::new(), indexed: OnceCell::new(), rekeyed }
    }

    /// The collection called `name`, to read from.
    pub(super) async fn collection<T: Send + Sync>(&self, name: &str) -> Result<Collection<T>, Fault> {
        Ok(self.driver().await?.collection(name))
    }

    /// The collection called `name`, to write to.
    pub(super) async fn prepared<T: Send + Sync>(&self, name: &str) -> Result<Collection<T>, Fault> {
        self.prepare().await?;
        self.collection(name).await
    }

    /// The collection of chats, to write to. Nothing is written while chats of an earlier release get their keys.
    pub(super) async fn ready_for_chats(&self) -> Result<Collection<Document>, Fault> {
        let messages = self.prepared(document::COLLECTION).await?;
        let mut rekeyed = self.rekeyed.subscribe();
        // The caller waits no longer than that, and an operation that waits is in the way of others.
        let waited = timeout(ANSWER_WITHIN, rekeyed.wait_for(|rekeyed| *rekeyed)).await;
        waited.map(|_| messages).map_err(|_| Fault::Rekeying)
    }

    /// Makes the indexes that keep documents apart, once. Nothing is written before they are there.
    pub(super) async fn prepare(&self) -> Result<(), Fault> {
        self.indexed.get_or_try_init(|| self.make_indexes()).await.copied()
    }

    /// Gives chats of an earlier release their keys. Takes as long as it takes.
    pub(super) async fn rekey_chats(&self) -> Result<(), Fault> {
        self.prepare().await?;
        former::rekey_all(self).await?;
        self.rekeyed.send_replace(true);
        Ok(())
    }

    /// What the texts of a room of an earlier release are.
    pub(super) fn rekey(&self, texts: &[Box<str>]) -> Vec<Former> {
        (self.rekey)(texts)
    }

    /// Changes chats, each by an update as the command takes it, as durably as they were written.
    pub(super) async fn update_chats(&self, updates: Vec<Bson>) -> Result<(), Fault> {
        let concern = doc! { "w": "majority", "j": true };
        let command = doc! { "update": document::COLLECTION, "updates": updates, "writeConcern": concern };
        let answer = self.driver().await?.run_command(command).await?;
        // A command that fails in part is answered all the same.
        if answer.contains_key("writeErrors") || answer.contains_key("writeConcernError") {
            return Err(Fault::Driver("chats could not be changed"));
        }
        Ok(())
    }

    /// Writes something as durably as a chat, to see whether that works.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        self.ready_for_chats().await?;
        let checks = self.prepared::<Document>("check").await?;
        checks.update_one(doc! { "_id": "save" }, doc! { "$inc": { "times": 1 } }).upsert(true).await?;
        Ok(())
    }

    /// Lets go of all connections.
    pub(super) async fn close(&self) {
        if let Some(driver) = self.driver.get() {
            driver.client().clone().shutdown().immediate(true).await;
        }
    }

    async fn make_indexes(&self) -> Result<(), Fault> {
        for (name, indexes) in
            [(document::COLLECTION, document::indexes()), (records::COLLECTION, records::indexes())]
        {
            self.collection::<Document>(name).await?.create_indexes(indexes).await?;
        }
        Ok(())
    }

    async fn driver(&self) -> Result<&Driver, Fault> {
        Ok(self.driver.get_or_try_init(|| self.address.connect()).await?)
    }
}

/// An index that holds no two documents with the same values under `keys`.
pub(super) fn unique(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).options(IndexOptions::builder().unique(true).build()).build()
}
