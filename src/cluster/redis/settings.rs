//! Address of Redis, and the settings that all nodes sharing it have in common.

use std::{fmt, sync::Arc};

use redis::{Client, IntoConnectionInfo, ProtocolVersion};
use thiserror::Error;

use crate::core::ports::clock::Clock;

/// Address of Redis, and the settings that all nodes sharing it have in common.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://user:password@host:6379/0`; with `rediss`, over TLS.
    pub url: String,
    /// Prefix of every key.
    pub prefix: String,
    /// Fingerprint of `SESSION_SECRET`: nodes with different ones refuse to share a Redis. See
    /// [`SessionSigner::fingerprint`](crate::core::model::session_token::SessionSigner::fingerprint).
    pub fingerprint: String,
    /// This node's clock.
    pub clock: Arc<dyn Clock>,
    /// Replaces the clock of Redis in tests: leases are measured by `wall` of this clock.
    pub test_clock: Option<Arc<dyn Clock>>,
}

/// Why this node cannot join the other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedisConfigError {
    /// The address is malformed. It is not quoted, because it may contain a password.
    #[error(
        "the Redis address must look like redis://user:password@host:6379/0, or rediss:// for TLS, with special \
         characters in user and password percent-encoded"
    )]
    Address,
    /// Nodes with another secret share this Redis.
    #[error(
        "SESSION_SECRET is not that of the nodes that share this Redis (REDIS_URL, REDIS_PREFIX): give all nodes the \
         same; to change it, stop all of them for a minute"
    )]
    OtherSecret,
    /// Nodes of a release with other keys or messages share this Redis.
    #[error(
        "nodes of another release share this Redis (REDIS_URL, REDIS_PREFIX): stop all of them, then start this one"
    )]
    OtherRelease,
}

impl RedisSettings {
    pub(super) fn client(&self) -> Result<Client, RedisConfigError> {
        Client::open(self.url.as_str()).map_err(|_| RedisConfigError::Address)
    }

    /// As [`client`](Self::client), for a connection that receives published messages.
    pub(super) fn channel_client(&self) -> Result<Client, RedisConfigError> {
        let address = self.url.as_str().into_connection_info().map_err(|_| RedisConfigError::Address)?;
        let redis = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Client::open(address.set_redis_settings(redis)).map_err(|_| RedisConfigError::Address)
    }
}

/// Redacted: the address may contain a password.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
