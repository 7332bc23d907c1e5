//! Media: participants that send and receive it as browsers do, and detect every fault on the way.
//!
//! - `ledger`: the content of packets, and its check.
//! - `source`: a camera or a microphone.
//! - `peer`: one connection, with ICE, DTLS and SRTP.
//! - `studio`: all connections, and their timers.
//! - `person`: negotiation with Switchboard (`kurento`) and with Janus (`janus`).

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
