//! What went wrong, without a word of what is kept.

use std::{error::Error, io, sync::Arc};

use redis::{ErrorKind, RedisError};
use thiserror::Error;

/// Why Redis did not do what it was asked, or why nobody asked.
///
/// Stands in for the driver's own error, which may quote what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("it did not answer in time")]
    Late,
    #[error("the connection failed: {0}")]
    Connection(io::ErrorKind),
    #[error("TLS failed; is the certificate trusted here (SSL_CERT_FILE), and for this host?")]
    Tls,
    #[error("authentication failed")]
    Authentication,
    #[error("it refused, with {0}")]
    Refused(String),
    #[error("the answer made no sense")]
    Garbled,
    #[error("it was started or emptied a moment ago, and other nodes may still put their seats back")]
    Settling,
    #[error("SESSION_SECRET is not that of the other nodes")]
    OtherSecret,
    #[error("nodes of another release are running there")]
    OtherRelease,
    #[error("it was closed")]
    Closed,
}

impl Fault {
    /// Whether another connection may do better: what was asked is not what went wrong.
    pub(super) fn breaks(&self) -> bool {
        matches!(self, Self::Late | Self::Connection(_) | Self::Garbled)
    }
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Late;
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Authentication,
            ErrorKind::Server(_) | ErrorKind::Extension => Self::Refused(code_of(&error)),
            ErrorKind::Io => io_error(&error).map_or(Self::Connection(io::ErrorKind::Other), |cause| {
                let is_tls =
                    cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some();
                if is_tls { Self::Tls } else { Self::Connection(cause.kind()) }
            }),
            _ => Self::Garbled,
        }
    }
}

/// What the driver wraps twice.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?.downcast_ref()
}

/// The word in capitals that Redis' errors begin with; what follows may quote.
fn code_of(error: &RedisError) -> String {
    let code = error.code().unwrap_or_default();
    let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_uppercase());
    if is_code { code.to_owned() } else { "an error without a code".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_what_is_wrong_with_a_connection() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            Fault::from(RedisError::from(refused)),
            Fault::Connection(io::ErrorKind::ConnectionRefused)
        );
        let untrusted = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::HandshakeNotComplete);
        assert_eq!(Fault::from(RedisError::from(untrusted)), Fault::Tls);
    }

    #[test]
    fn what_redis_quotes_is_not_repeated() {
        for kind in [ErrorKind::Extension, ErrorKind::Parse, ErrorKind::Io, ErrorKind::AuthenticationFailed] {
            let fault = Fault::from(RedisError::from((kind, "canary", "canary".to_owned())));
            assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
        }
    }
}
