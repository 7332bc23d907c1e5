//! Counts seats without a connection by the client address that claimed them, so that no address holds many.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use super::lock::lock;

/// Number of seats without a connection on this node, by address.
#[derive(Debug, Default)]
pub struct AwaySeats(Mutex<HashMap<IpAddr, usize>>);

/// One seat without a connection. It counts until this value is dropped.
#[derive(Debug)]
pub struct AwaySeat {
    all: Arc<AwaySeats>,
    address: IpAddr,
}

impl AwaySeats {
    /// Number of seats of `address`.
    pub fn held_by(&self, address: IpAddr) -> usize {
        lock(&self.0).get(&address).copied().unwrap_or_default()
    }

    /// Counts one more seat of `address`.
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
