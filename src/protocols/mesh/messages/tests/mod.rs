//! The wire as TypeScript knows it: made here, and held to what is parsed and to what is documented.

mod declared;
mod wire_types;

pub use self::declared::Declared;
