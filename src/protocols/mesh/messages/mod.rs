//! The events of the mesh door, as they are on the wire.

mod client;
mod server;

pub use self::{
    client::{ClientMessage, JoinRoom, MAX_SIGNAL_BYTES, SendMessage, Signal},
    server::{DONE, JoinedSuccessfully, MessageSent, Refused, ServerMessage},
};
