//! JSON texts (RFC 8259) read strictly and without loss: any text of the grammar, whatever its numbers and escapes.
//!
//! `serde_json` reads values, so it refuses what a value cannot hold: unpaired surrogate escapes, numbers beyond a
//! double, repeated members. Chats are stored as they came; only their grammar and their equality matter.
//!
//! - `scanner`: the grammar, and the canonical form of a value.
//! - `decimal`: the canonical form of a number.
//! - `strings`: escapes, and what becomes of unpaired surrogates.

mod decimal;
mod scanner;
mod strings;

pub use self::{
    scanner::{Problem, Scanner},
    strings::{decode_lossy, replace_unpaired_surrogates},
};
