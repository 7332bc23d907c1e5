//! The measured workloads. A new one is a file here and a line in [`all`].

mod calls;
mod idle;
mod joins;
mod media;
mod meter;
mod nodes;
mod pace;
mod pairs;
mod relay;
mod saves;
mod soak;
mod storm;
mod workload;

pub use self::workload::Workload;
use self::{
    calls::Calls, idle::Idle, joins::Joins, media::Media, nodes::Nodes, relay::Relay, saves::Saves,
    soak::Soak, storm::Storm,
};
use crate::model::size::Size;

/// Every workload, in the order of the report.
pub fn all(size: Size) -> Vec<Box<dyn Workload>> {
    vec![
        Box::new(Relay::of_candidates(size)),
        Box::new(Relay::of_offers(size)),
        Box::new(Nodes::new(size)),
        Box::new(Calls::new(size)),
        Box::new(Joins::new(size)),
        Box::new(Idle::new(size)),
        Box::new(Storm::new(size)),
        Box::new(Saves::new(size)),
        Box::new(Media::new(size)),
        Box::new(Soak::new(size)),
    ]
}
