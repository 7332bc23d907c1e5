//! Renewals of seats.

use std::time::Duration;

use switchboard::core::{
    model::{
        error::Unavailable,
        seat_table::{Renewal, SeatKey},
    },
    ports::seat_registry::SeatRegistry,
};

/// The renewal of an unprotected seat whose holder is connected.
pub fn renewal(key: &SeatKey, lease: Duration) -> Renewal {
    Renewal { key: key.clone(), lease, connected: true, protected: false }
}

/// Renews the seats and returns those that are no longer held.
pub async fn renew(
    cluster: &dyn SeatRegistry,
    seats: &[&SeatKey],
    lease: Duration,
) -> Result<Vec<SeatKey>, Unavailable> {
    let renewals: Vec<_> = seats.iter().map(|key| renewal(key, lease)).collect();
    let renewed = cluster.renew(&renewals).await;
    if let Some(error) = renewed.error {
        return Err(error);
    }
    Ok(renewed.lost.iter().map(|lost| lost.key().clone()).collect())
}
