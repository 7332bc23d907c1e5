//! What a server is told when it starts.

/// What a server is told besides where to listen: variables of its environment.
pub type Settings = Vec<(&'static str, String)>;

/// How many processes a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One that knows of no other.
    Alone,
    /// So many that serve together, over a Redis of their own. All of them, and Redis, have the servers' core.
    Together(usize),
}
