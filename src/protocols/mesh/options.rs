//! The settings of the mesh door.

use std::time::Duration;

use crate::{core::hub::history::Saving, protocols::options::duration};

/// Where the document and its original disagree: which of them the door follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// `ice_candidate {candidate}`, and saves that are merged
    Documented,
    /// `ice_candidate <the candidate itself>`, and saves that replace each other, for clients written against
    /// the original server
    Original,
}

impl Dialect {
    /// What a save does to the history of its room.
    pub const fn saving(self) -> Saving {
        match self {
            Self::Documented => Saving::Merge,
            Self::Original => Saving::Replace,
        }
    }
}

/// How events and packets pass between clients and the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DirectPathSwitch {
    /// Beside socketioxide, on a WebSocket that a session begins with
    On,
    /// Through socketioxide, all of them
    Off,
}

/// What can be set about the mesh door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// How long a seat is held after its connection was lost.
    #[arg(help_heading = "Rooms", long, env, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub seat_lease: Duration,

    /// The form of ICE candidates on their way to clients, and whether saved chats are merged or replaced.
    #[arg(help_heading = "Rooms", long, env, value_name = "DIALECT", default_value = "documented")]
    pub mesh_dialect: Dialect,

    /// Whether events pass beside socketioxide where that costs less CPU. Clients see no difference.
    #[arg(help_heading = "Rooms", long, env, value_name = "ON|OFF", default_value = "on")]
    pub mesh_direct_path: DirectPathSwitch,
}
