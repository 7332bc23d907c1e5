//! The events of the mesh door, as they are on the wire.

mod client;
mod server;

pub use self::{
    client::{ClientMessage, JoinRoom, SendMessage, Signal},
    server::{DONE, JoinedSuccessfully, MessageSent, Refused, ServerMessage},
};
