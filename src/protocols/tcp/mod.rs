//! The TCP connection of a client, shared by a library and a door.
//!
//! The library reads and writes on it, and the door does so beside the library.
//!
//! The listener wraps every connection in a [`WatchedStream`] and puts its [`TcpHandle`] into the extensions
//! of every request. The handle tells when bytes last arrived and how many bytes the kernel took, and cuts
//! the connection off. Once WebSocket is spoken, the handle writes frames between those of the library, and
//! an [`InboundFilter`] takes frames out before the library reads them.
//!
//! A connection that ends with a Close frame of the server is read on for a moment ([`linger`]), so that the
//! frame reaches the client.
//!
//! Nothing here knows what a message means. Socket.IO's part is `mesh::direct_path`.

pub mod frames;
mod handle;
mod linger;
mod stream;
mod writer;

pub use self::{
    handle::{InboundFilter, Refused, TcpHandle},
    stream::WatchedStream,
};
