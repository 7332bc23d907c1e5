//! Tests that need no whole server, or a server whose store fails.

mod claims;
mod outage;
