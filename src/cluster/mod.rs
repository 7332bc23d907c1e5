//! Implementations of the seat registry,
//! [`SeatRegistry`](crate::core::ports::seat_registry::SeatRegistry).
//!
//! - `local`: the seats of a single node, in its memory.
//! - `redis`: the seats of several nodes, in Redis; with the node bus.
//!
//! Both pass the contract suite `tests/it/cluster/contract.rs`; `tests/it/cluster/redis_faults.rs` runs
//! `redis` while Redis fails.

mod local;
pub mod redis;

pub use self::{
    local::LocalRegistry,
    redis::{RedisRegistry, RedisSettings},
};
