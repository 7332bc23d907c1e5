//! Settings of a server.

/// Environment variables of a server, apart from its address.
pub type Settings = Vec<(&'static str, String)>;

/// The processes of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One process, without others.
    Alone,
    /// This many processes that share a Redis of their own. All of them, and Redis, run on the servers' core.
    Together(usize),
}
