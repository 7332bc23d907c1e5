//! What a benchmark is about, as values: contenders, sizes, figures, targets, results, and plots of them.

pub mod contender;
pub mod figure;
pub mod plot;
pub mod results;
pub mod size;
pub mod spread;
pub mod trend;
