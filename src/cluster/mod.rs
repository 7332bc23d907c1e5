//! Where nodes agree on seats: implementations of [`core::cluster::SeatRegistry`](crate::core::ports::seat_registry::SeatRegistry).
//!
//! What they promise is shown by `tests/it/cluster/contract.rs` and, with Redis dying under them, by
//! `tests/it/cluster/redis_faults.rs`.

mod local;
pub mod redis;

pub use self::{
    local::LocalRegistry,
    redis::{RedisRegistry, RedisSettings},
};
