//! Converts documents of an earlier release, whose keys were their ids alone, to the keys of this release.
//!
//! Such a document has no `tally`. The conversion happens in place, and the document is served the same
//! before and after. The result depends only on the texts of the room, and documents with a tally stay
//! unchanged. So the conversion can stop anywhere, be repeated, and run on several nodes at once.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc, oid::ObjectId, serialize_to_document};
use serde::Deserialize;

use super::{
    collections::CHATS,
    database::Database,
    document::{Keys, TallyDocument, unsigned},
    fault::MongoFault,
};
use crate::core::model::chat::{Rekeying, Row, Tally};

/// The collection and the mark which say that no document of an earlier release is left.
const MARKS: &str = "marks";
const MARK: &str = "chats have keys of release 2";

/// Rooms between two progress reports in the log.
const REPORT_EVERY: usize = 10_000;

/// The most documents that one command changes.
const CHANGED_AT_ONCE: usize = 1_000;

/// The fields that are read from a document.
#[derive(Deserialize)]
struct EarlierDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    room: String,
    seq: i64,
    key: Box<str>,
    json: Box<str>,
    tally: Option<TallyDocument>,
}

/// Converts chats of an earlier release to the keys of this one, and lets chats be written. Has no time
/// limit.
pub(super) async fn rekey_chats(database: &Database) -> Result<(), MongoFault> {
    database.prepare().await?;
    rekey_all(database).await?;
    database.set_rekeyed();
    Ok(())
}

/// Converts every document of an earlier release. Reads the whole collection the first time, and one mark
/// later.
async fn rekey_all(database: &Database) -> Result<(), MongoFault> {
    let marks = database.collection::<Document>(MARKS).await?;
    if marks.find_one(doc! { "_id": MARK }).await?.is_some() {
        return Ok(());
    }
    let messages = database.collection::<EarlierDocument>(CHATS).await?;
    let mut documents = messages.find(doc! {}).sort(doc! { "room": 1, "seq": 1 }).await?;
    let (mut room, mut rooms) = (Vec::<EarlierDocument>::new(), 0);
    while let Some(document) = documents.try_next().await? {
        if room.first().is_some_and(|first| first.room != document.room) {
            rekey(database, &std::mem::take(&mut room)).await?;
            rooms += 1;
            if rooms % REPORT_EVERY == 0 {
                tracing::info!(rooms, "bringing chats under the keys of this release");
            }
        }
        room.push(document);
    }
    rekey(database, &room).await?;
    marks.update_one(doc! { "_id": MARK }, doc! { "$set": { "done": true } }).upsert(true).await?;
    Ok(())
}

/// Converts the documents of one room.
pub(super) async fn rekey_room(database: &Database, room: &str) -> Result<(), MongoFault> {
    let messages = database.collection::<EarlierDocument>(CHATS).await?;
    let documents = messages.find(doc! { "room": room }).sort(doc! { "seq": 1 }).await?;
    let documents: Vec<EarlierDocument> = documents.try_collect().await?;
    rekey(database, &documents).await
}

async fn rekey(database: &Database, documents: &[EarlierDocument]) -> Result<(), MongoFault> {
    if documents.iter().all(|document| document.tally.is_some()) {
        return Ok(());
    }
    let texts: Vec<_> = documents.iter().map(|document| document.json.clone()).collect();
    let (mut rekeying, mut changes) = (Rekeying::default(), Vec::new());
    for (document, text) in documents.iter().zip(database.rekey(&texts)) {
        match &document.tally {
            Some(tally) => rekeying.keep(&document.key, tally.read(document.seq)?),
            None => {
                let (row, tally) = rekeying.row(unsigned(document.seq)?, text);
                changes.push(change(document.id, &row, &tally)?);
            }
        }
    }
    for changes in changes.chunks(CHANGED_AT_ONCE) {
        database.update_chats(changes.to_vec()).await?;
    }
    Ok(())
}

/// Makes the update of one document, in the form of the command `update`.
fn change(id: ObjectId, row: &Row, tally: &Tally) -> Result<Bson, MongoFault> {
    let made = |_| MongoFault::Driver("a document could not be made");
    let mut keys = serialize_to_document(&Keys::of(row)).map_err(made)?;
    keys.insert("tally", serialize_to_document(&TallyDocument::from(tally)).map_err(made)?);
    let unchanged = doc! { "_id": id, "tally": { "$exists": false } };
    Ok(doc! { "q": unchanged, "u": { "$set": keys, "$unset": { "bytes": "" } } }.into())
}
