//! Generates the TypeScript types of the wire, and compares them with the parser and the documents.

mod declared;
mod wire_types;

pub use self::declared::Declared;
