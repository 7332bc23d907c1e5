//! Tests of what does not need a server.

mod claims;
