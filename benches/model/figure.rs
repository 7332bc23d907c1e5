//! Figures that measurements find, and targets that they have to reach.

use super::contender::Contender;

/// CPU seconds of the server, all its processes together, for 100,000 operations.
pub const CPU: &str = "cpu_seconds_per_100k";
/// The same of the Redis that they share.
pub const REDIS_CPU: &str = "redis_cpu_seconds_per_100k";
/// Operations a second.
pub const RATE: &str = "per_second";
/// How much of a core the server used, in percent. Below 100, the rate is not the server's limit.
pub const BUSY: &str = "busy_percent";
/// The same of the load generator. Near 100, it may be what limits the rate.
pub const OWN_BUSY: &str = "generator_busy_percent";

/// Something that is found out.
pub struct Figure {
    /// What the stored results call it.
    pub key: &'static str,
    /// What the report calls it, with its unit.
    pub title: &'static str,
    pub decimals: usize,
    /// Whether Switchboard's is also shown as a multiple of the others'.
    pub compared: bool,
}

/// Something to reach.
pub struct Target {
    /// In plain words.
    pub text: String,
    pub bound: Bound,
}

/// What a target demands of the median over the repetitions. `case` and `figure` name what is meant.
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
    /// Ours is at most so many times theirs.
    MultipleAtMost {
        case: String,
        figure: &'static str,
        of: Contender,
        most: f64,
    },
    /// Ours is at least so many times theirs.
    MultipleAtLeast {
        case: String,
        figure: &'static str,
        of: Contender,
        least: f64,
    },
    /// Ours in one case is at most so many times ours in another.
    TimesCaseAtMost {
        case: String,
        other: String,
        figure: &'static str,
        most: f64,
    },
    /// Among these cases the greatest is at most so many times the least.
    Flat {
        cases: Vec<String>,
        figure: &'static str,
        most: f64,
    },
}

impl Bound {
    /// Whether figures are held against each other, rather than one against a number.
    pub const fn compares(&self) -> bool {
        !matches!(self, Self::AtMost { .. } | Self::AtLeast { .. })
    }
}
