//! The log entry for a back end that does not answer. Each door has its own answer to the client.

use tracing::warn;

use crate::core::model::error::Unavailable;

/// Logs that `door` could not serve a request because a back end is unavailable.
pub fn log_unavailable(door: &'static str, error: &Unavailable) {
    warn!(
        door,
        dependency = error.what,
        error = std::error::Error::source(error),
        "a back end is unavailable"
    );
}
