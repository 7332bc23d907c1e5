//! The choice between a protocol document and the behaviour of its original server.

/// Which of the two a door follows where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// What the protocol document says
    Documented,
    /// What the original server does, for clients written against it
    Original,
}
