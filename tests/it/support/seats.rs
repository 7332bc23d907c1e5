//! Renewing seats, and what is lost.

use std::time::Duration;

use switchboard::core::{
    cluster::{Cluster, Renewal},
    error::Unavailable,
    seat::SeatKey,
};

/// A renewal for somebody who is connected.
pub fn renewal(key: &SeatKey, lease: Duration) -> Renewal {
    Renewal { key: key.clone(), lease, connected: true }
}

/// Renews the seats, and returns those that are no longer held.
pub async fn renew(
    cluster: &dyn Cluster,
    seats: &[&SeatKey],
    lease: Duration,
) -> Result<Vec<SeatKey>, Unavailable> {
    let renewals: Vec<_> = seats.iter().map(|key| renewal(key, lease)).collect();
    let lost = cluster.renew(&renewals).await?;
    Ok(lost.iter().map(|lost| lost.key().clone()).collect())
}
