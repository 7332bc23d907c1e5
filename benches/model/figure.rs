//! Figures that measurements find, and targets for them.

use super::contender::Contender;

/// CPU seconds of all processes of the server per 100,000 operations.
pub const CPU: &str = "cpu_seconds_per_100k";
/// The same for their Redis.
pub const REDIS_CPU: &str = "redis_cpu_seconds_per_100k";
/// Operations a second.
pub const RATE: &str = "per_second";
/// Use of one core by the server, in percent. Below 100, the server does not limit the rate.
pub const BUSY: &str = "busy_percent";
/// The same for the load generator. Near 100, the load generator may limit the rate.
pub const OWN_BUSY: &str = "generator_busy_percent";

/// A measured quantity.
pub struct Figure {
    /// Its key in stored results.
    pub key: &'static str,
    /// Its title in the report, with the unit.
    pub title: &'static str,
    pub decimals: usize,
    /// Whether the report also shows Switchboard's as a multiple of the others'.
    pub compared: bool,
}

/// A target for Switchboard.
pub struct Target {
    /// Its text in the report.
    pub text: String,
    pub bound: Bound,
}

/// The condition of a target on the median over the repetitions, for a case and a figure.
pub enum Bound {
    AtMost {
        case: String,
        figure: &'static str,
        most: f64,
    },
    AtLeast {
        case: String,
        figure: &'static str,
        least: f64,
    },
    /// Ours is at most this multiple of theirs.
    MultipleAtMost {
        case: String,
        figure: &'static str,
        of: Contender,
        most: f64,
    },
    /// Ours is at least this multiple of theirs.
    MultipleAtLeast {
        case: String,
        figure: &'static str,
        of: Contender,
        least: f64,
    },
    /// Ours in one case is at most this multiple of ours in another.
    TimesCaseAtMost {
        case: String,
        other: String,
        figure: &'static str,
        most: f64,
    },
    /// Among these cases the greatest is at most this multiple of the least.
    Flat {
        cases: Vec<String>,
        figure: &'static str,
        most: f64,
    },
}

impl Bound {
    /// Whether the condition compares figures with each other instead of with a number.
    pub const fn compares(&self) -> bool {
        !matches!(self, Self::AtMost { .. } | Self::AtLeast { .. })
    }
}
