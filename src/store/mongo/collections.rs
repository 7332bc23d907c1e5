//! The collections of chats and records, and their indexes.

use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};

/// The collection of chats.
pub(super) const CHATS: &str = "messages";

/// The collection of records.
pub(super) const RECORDS: &str = "records";

/// Every collection with its indexes.
pub(super) fn indexes() -> [(&'static str, Vec<IndexModel>); 2] {
    [(CHATS, indexes_of_chats()), (RECORDS, indexes_of_records())]
}

/// The unique indexes of rows, and the index of later versions.
fn indexes_of_chats() -> Vec<IndexModel> {
    let only_later = doc! { "entry": { "$exists": true } };
    let later = IndexModel::builder()
        .keys(later_keys())
        .options(IndexOptions::builder().partial_filter_expression(only_later).build());
    vec![unique(doc! { "room": 1, "seq": 1 }), unique(doc! { "room": 1, "key": 1 }), later.build()]
}

/// The keys of the index of later versions, which contains only those.
pub(super) fn later_keys() -> Document {
    doc! { "room": 1, "entry": 1, "seq": 1 }
}

/// The unique index of records, and the indexes by order and by expiry.
fn indexes_of_records() -> Vec<IndexModel> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    vec![
        unique(doc! { "namespace": 1, "name": 1 }),
        index(doc! { "namespace": 1, "created": 1 }),
        index(doc! { "expires": 1 }),
    ]
}

fn unique(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).options(IndexOptions::builder().unique(true).build()).build()
}
