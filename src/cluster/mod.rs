//! Where nodes agree on seats: implementations of [`core::cluster::Cluster`](crate::core::cluster::Cluster).
//!
//! What they promise is shown by `tests/it/cluster/contract.rs` and, with Redis dying under them, by
//! `tests/it/cluster/redis_faults.rs`.

mod local;
pub mod redis;

pub use self::{
    local::LocalCluster,
    redis::{RedisCluster, RedisSettings},
};
