//! Time in the type of the WebRTC library.

/// The current time.
pub fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
