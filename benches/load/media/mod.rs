//! Media: people who send and receive it as browsers do, and notice whatever is done to it on the way.
//!
//! - `ledger`: what is sent, and whether what comes is that.
//! - `source`: a camera or a microphone.
//! - `peer`: one connection, with ICE, DTLS and SRTP.
//! - `studio`: all connections, and their time.
//! - `person`: how connections are agreed upon; with Switchboard (`kurento`) and with Janus (`janus`).

mod clock;
mod janus;
mod kurento;
pub mod ledger;
mod peer;
mod person;
mod source;
mod studio;

pub use self::{
    person::{Person, Room},
    source::Camera,
    studio::{Count, Studio},
};
