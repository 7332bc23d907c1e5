//! Where nodes agree on seats: implementations of [`core::cluster::Cluster`](crate::core::cluster::Cluster).

mod local;

pub use local::LocalCluster;
