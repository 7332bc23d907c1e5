//! Seats that are held without a connection, counted by the address that took them: no address may hold many.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use super::lock::lock;

/// How many seats without a connection each address holds on this node.
#[derive(Debug, Default)]
pub struct AwaySeats(Mutex<HashMap<IpAddr, usize>>);

/// One such seat, counted until this is dropped.
#[derive(Debug)]
pub struct AwaySeat {
    all: Arc<AwaySeats>,
    address: IpAddr,
}

impl AwaySeats {
    /// How many `address` holds.
    pub fn held_by(&self, address: IpAddr) -> usize {
        lock(&self.0).get(&address).copied().unwrap_or_default()
    }

    /// Counts one more of `address`.
    pub fn hold(self: &Arc<Self>, address: IpAddr) -> AwaySeat {
        *lock(&self.0).entry(address).or_default() += 1;
        AwaySeat { all: self.clone(), address }
    }
}

impl Drop for AwaySeat {
    fn drop(&mut self) {
        let mut counts = lock(&self.all.0);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
