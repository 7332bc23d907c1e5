//! All integration tests, one binary: a folder per subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod architecture;
mod cluster;
mod documents;
mod doors;
mod media;
mod process;
mod store;
mod support;
mod words;
