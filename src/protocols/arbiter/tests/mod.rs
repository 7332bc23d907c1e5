//! Tests of what does not need a whole server, or needs one whose store fails.

mod claims;
mod outage;
