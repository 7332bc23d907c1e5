//! The signals door.
