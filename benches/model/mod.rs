//! The data of the benchmark: contenders, sizes, figures, targets, results and plots.

pub mod contender;
pub mod figure;
pub mod plot;
pub mod results;
pub mod size;
pub mod spread;
pub mod trend;
