//! Causes of failed calls. They name no key, value or address.

use std::{error::Error, io, sync::Arc};

use redis::{ErrorKind, RedisError};
use thiserror::Error;

/// Why Redis did not do a call, or why the call was not sent.
///
/// Replaces the driver's own error, which may quote the arguments of a call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RedisFault {
    #[error("no reply in time")]
    Late,
    #[error("the connection failed: {0}")]
    Connection(io::ErrorKind),
    #[error("TLS failed; check that the certificate is trusted here (SSL_CERT_FILE) and valid for this host")]
    Tls,
    #[error("authentication failed")]
    Authentication,
    #[error("Redis refused the call with {0}{hint}", hint = hint_of(.0))]
    Refused(String),
    #[error("the Redis user may not {0} (REDIS_URL); docs/several-nodes.md lists the rights that it needs")]
    NotPermitted(Right),
    #[error("the reply is malformed")]
    Malformed,
    #[error("Redis was started or emptied a moment ago; other nodes may not have restored their seats yet")]
    Restoring,
    #[error("SESSION_SECRET is not that of the other nodes")]
    OtherSecret,
    #[error("nodes of another release share this Redis")]
    OtherRelease,
    #[error("the connection was closed")]
    Closed,
}

/// A right that a user of Redis lacks. Source: Redis, "ACL".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Right {
    #[error("run {0}: allow it with ACL SETUSER, +{0}")]
    Command(String),
    /// Redis does not say which command.
    #[error("run a command of a script")]
    CommandOfScript,
    #[error(
        "use the keys that begin with REDIS_PREFIX: allow them with ACL SETUSER, ~switchboard:* by default"
    )]
    Keys,
    #[error(
        "use the channels that begin with REDIS_PREFIX: allow them with ACL SETUSER, &switchboard:* by default"
    )]
    Channels,
}

impl Right {
    /// The right that an error of Redis 6 or 7 is about.
    fn missing_in(error: &RedisError) -> Option<Self> {
        let detail = error.detail().unwrap_or_default();
        let quoted = detail.split_once("run the '").and_then(|(_, rest)| rest.split_once('\''));
        let is_command = |name: &&str| {
            (1..40).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || "|-_".contains(c))
        };
        match quoted.map(|(name, _)| name).filter(is_command) {
            Some(name) if detail.contains("permission") => Some(Self::Command(name.to_owned())),
            _ if detail.contains("can't run this command") => Some(Self::CommandOfScript),
            _ if detail.contains("of the keys") || detail.contains("'key'") => Some(Self::Keys),
            _ if detail.contains("of the channels") || detail.contains("'channel'") => Some(Self::Channels),
            _ => None,
        }
    }
}

impl RedisFault {
    /// True if a new connection may help: the call itself is not the cause.
    pub(super) fn breaks_connection(&self) -> bool {
        matches!(self, Self::Late | Self::Connection(_) | Self::Malformed)
    }
}

impl From<RedisError> for RedisFault {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Late;
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Authentication,
            ErrorKind::Server(_) | ErrorKind::Extension => {
                let right =
                    Right::missing_in(&error).filter(|_| matches!(error.code(), Some("NOPERM" | "ERR")));
                right.map_or_else(|| Self::Refused(code_of(&error)), Self::NotPermitted)
            }
            ErrorKind::Io => io_error(&error).map_or(Self::Connection(io::ErrorKind::Other), |cause| {
                let is_tls =
                    cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some();
                if is_tls { Self::Tls } else { Self::Connection(cause.kind()) }
            }),
            _ => Self::Malformed,
        }
    }
}

/// The I/O error that the driver wraps twice.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?.downcast_ref()
}

/// What to do about an error code, for people.
fn hint_of(code: &str) -> &'static str {
    match code {
        "WRONGPASS" => ": check user and password (REDIS_URL)",
        "NOAUTH" => ": it needs a password, redis://user:password@host (REDIS_URL)",
        "READONLY" => ": it is a replica; name the primary (REDIS_URL)",
        "OOM" => ": its memory is full (maxmemory)",
        "MISCONF" => ": it cannot write to its disk",
        _ => "",
    }
}

/// The error code in capitals that begins an error of Redis. The text after it may quote arguments.
fn code_of(error: &RedisError) -> String {
    let code = error.code().unwrap_or_default();
    let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_uppercase());
    if is_code { code.to_owned() } else { "an error without a code".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_errors_keep_their_cause() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            RedisFault::from(RedisError::from(refused)),
            RedisFault::Connection(io::ErrorKind::ConnectionRefused)
        );
        let untrusted = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::HandshakeNotComplete);
        assert_eq!(RedisFault::from(RedisError::from(untrusted)), RedisFault::Tls);
    }

    #[test]
    fn faults_do_not_quote_the_text_of_driver_errors() {
        for kind in [ErrorKind::Extension, ErrorKind::Parse, ErrorKind::Io, ErrorKind::AuthenticationFailed] {
            let fault = RedisFault::from(RedisError::from((kind, "canary", "canary".to_owned())));
            assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
        }
    }
}
