//! The database, connected to and prepared when first needed.

use mongodb::{
    Collection, Database as Driver, IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};
use tokio::sync::OnceCell;

use super::{address::Address, chats, fault::Fault, records};

/// The database, its collections and their indexes.
pub(super) struct Database {
    address: Address,
    driver: OnceCell<Driver>,
    indexed: OnceCell<()>,
}

impl Database {
    pub(super) fn new(address: Address) -> Self {
        Self { address, driver: OnceCell::new(), indexed: OnceCell::new() }
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

    /// Makes the indexes that keep documents apart, once. Nothing is written before they are there.
    pub(super) async fn prepare(&self) -> Result<(), Fault> {
        self.indexed.get_or_try_init(|| self.make_indexes()).await.copied()
    }

    /// Writes something as durably as a chat, to see whether that works.
    pub(super) async fn check(&self) -> Result<(), Fault> {
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
            [(chats::COLLECTION, chats::indexes()), (records::COLLECTION, records::indexes())]
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
