//! The settings of the mesh door.

use std::time::Duration;

use crate::{
    core::hub::history::Saving,
    protocols::{dialect::Dialect, options::duration},
};

/// What a save does to the history of its room.
pub const fn saving(dialect: Dialect) -> Saving {
    match dialect {
        Dialect::Documented => Saving::Merge,
        Dialect::Original => Saving::Replace,
    }
}

/// How events and packets pass between clients and the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DirectPathSwitch {
    /// Beside socketioxide, on a WebSocket that a session begins with
    #[value(aliases = ["true", "yes", "1"])]
    On,
    /// Through socketioxide, all of them
    #[value(aliases = ["false", "no", "0"])]
    Off,
}

/// What can be set about the mesh door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// How long a seat is held after its connection was lost.
    #[arg(help_heading = "Rooms", long, env, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub seat_lease: Duration,

    /// Whether to follow the document or the original server where they differ. documented: clients get
    /// `ice_candidate {candidate}`, and saved chats are merged. original: clients get the bare candidate, and
    /// a save replaces the one before it.
    #[arg(
        help_heading = "Rooms",
        long,
        env,
        value_name = "DIALECT",
        default_value = "documented",
        ignore_case = true
    )]
    pub mesh_dialect: Dialect,

    /// Whether events pass beside socketioxide where that costs less CPU. Clients see no difference.
    #[arg(
        help_heading = "Rooms",
        long,
        env,
        value_name = "ON|OFF",
        default_value = "on",
        ignore_case = true
    )]
    pub mesh_direct_path: DirectPathSwitch,
}
