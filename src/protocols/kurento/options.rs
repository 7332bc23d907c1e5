//! Options of the kurento door.

use std::time::Duration;

use crate::protocols::options::{duration, truth};

/// Options of the kurento door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Kurento door")]
pub struct Options {
    /// The most participants in a room of the kurento door.
    #[arg(
        long,
        env,
        value_name = "NUMBER",
        default_value_t = 30,
        value_parser = clap::value_parser!(u16).range(1..=1_000)
    )]
    pub kurento_max_participants: u16,

    /// How long a participant whose connection was lost stays in the room.
    #[arg(long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub kurento_lease: Duration,

    /// Let every client list the names of all rooms (getAllRooms), as the original does: true or false.
    #[arg(
        long,
        env,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        action = clap::ArgAction::Set,
        value_parser = truth
    )]
    pub kurento_open_room_list: bool,
}
