//! Options of the direct door.

use std::time::Duration;

use crate::protocols::{
    dialect::Dialect,
    options::{duration, lifetime, truth},
};

/// Options of the direct door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Direct door")]
pub struct Options {
    /// Whether to follow the document or the original server where they differ. documented: /v1/user answers
    /// 404 to an unregistered client, and a newer connection of a user replaces the older one. original:
    /// /v1/user answers 401, and a newer connection is refused while the older one is alive.
    #[arg(long, env, value_name = "DIALECT", default_value = "documented", ignore_case = true)]
    pub direct_dialect: Dialect,

    /// How long messages are kept for a user whose connection was lost, before the user counts as absent.
    #[arg(long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub direct_lease: Duration,

    /// How long an unused name stays registered.
    #[arg(long, env, value_name = "TIME", default_value = "30d", value_parser = lifetime)]
    pub direct_name_lifetime: Duration,

    /// How many new names one client address may register within an hour. 0: no limit.
    #[arg(long, env, value_name = "NUMBER", default_value_t = 100)]
    pub direct_names_per_address: u32,

    /// Let every client close all connections (kick-active-users), as the original does: true or false.
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
    pub direct_open_kick: bool,
}
