//! JSON texts (RFC 8259) read strictly and without loss: any text of the grammar, with any numbers and
//! escapes.
//!
//! `serde_json` reads values, so it refuses texts that its values cannot represent: unpaired surrogate
//! escapes, numbers beyond a double, repeated members. Chats are stored unchanged; only their grammar and
//! their equality matter.
//!
//! - `scanner`: the tokens of the grammar.
//! - `canonical`: values, and their canonical form.
//! - `decimal`: the canonical form of a number.
//! - `strings`: escapes, and the replacement of unpaired surrogates.

mod canonical;
mod decimal;
mod scanner;
mod strings;

pub use self::{
    scanner::{Problem, Scanner},
    strings::{decode_lossy, replace_unpaired_surrogates},
};
