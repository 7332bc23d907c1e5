//! Time, as the WebRTC library counts it.

/// The time, as the library counts it.
pub fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
