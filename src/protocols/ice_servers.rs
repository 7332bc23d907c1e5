//! STUN and TURN servers for clients, with short-lived TURN credentials.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha1::Sha1;

use super::ice_url::IceUrls;
use crate::core::{model::ids::ParticipantId, ports::clock::Clock};

/// The STUN and TURN servers of this installation.
pub struct IceServers {
    stun: Vec<String>,
    turn: Option<Turn>,
    clock: Arc<dyn Clock>,
}

/// TURN servers that share a secret with this server.
struct Turn {
    urls: Vec<String>,
    mac: Hmac<Sha1>,
    ttl: Duration,
}

/// The configuration for a client. Its JSON is a valid argument of `new RTCPeerConnection`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IceConfiguration {
    /// Contains TURN servers only for a participant with a seat.
    pub ice_servers: Vec<IceServer>,
    /// Lifetime of the credentials in seconds; `null` without credentials.
    pub ttl: Option<u64>,
    /// URLs of the TURN servers, without credentials: enough to test whether they answer.
    pub turn_urls: Vec<String>,
}

/// Servers with the same credentials. Source: W3C WebRTC, `RTCIceServer`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IceServer {
    /// At least one URL: browsers reject an empty list.
    pub urls: Vec<String>,
    /// Only for TURN: `<expiry in Unix seconds>:<participant>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub username: Option<String>,
    /// Only for TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub credential: Option<String>,
}

/// Redacted: the credentials give access to the TURN servers.
impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// An inconsistent configuration. The message says how to correct it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// TURN servers require credentials.
    #[error("TURN_URLS is set but TURN_SECRET is not; set it to the TURN server's static-auth-secret")]
    SecretMissing,
    /// A secret without TURN servers has no use.
    #[error(
        "TURN_SECRET is set but TURN_URLS is not; set it to where the TURN server is: turn:turn.your.server:3478"
    )]
    UrlsMissing,
}

impl IceServers {
    /// `secret` is the TURN servers' shared secret; credentials expire after `ttl`, in whole seconds.
    ///
    /// # Errors
    /// TURN URLs and secret are not both set.
    pub fn new(
        stun: &IceUrls,
        turn: &IceUrls,
        secret: Option<&str>,
        ttl: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let turn = match (turn.0.is_empty(), secret) {
            (true, None) => None,
            (true, Some(_)) => return Err(SettingsError::UrlsMissing),
            (false, None) => return Err(SettingsError::SecretMissing),
            (false, Some(secret)) => {
                let mac = Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
                Some(Turn { urls: turn.0.clone(), mac, ttl })
            }
        };
        Ok(Self { stun: stun.0.clone(), turn, clock })
    }

    /// The public configuration, without credentials.
    pub fn without_credentials(&self) -> IceConfiguration {
        let stun = IceServer { urls: self.stun.clone(), username: None, credential: None };
        IceConfiguration {
            ice_servers: if stun.urls.is_empty() { vec![] } else { vec![stun] },
            ttl: None,
            turn_urls: self.turn.as_ref().map_or_else(Vec::new, |turn| turn.urls.clone()),
        }
    }

    /// All servers, with credentials for `participant` that expire after the time to live.
    pub fn for_participant(&self, participant: ParticipantId) -> IceConfiguration {
        let mut configuration = self.without_credentials();
        if let Some(turn) = &self.turn {
            let now = self.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let ttl = turn.ttl.as_secs();
            configuration.ice_servers.push(turn.server(&format!("{}:{participant}", now + ttl)));
            configuration.ttl = Some(ttl);
        }
        configuration
    }
}

impl Turn {
    /// Source: draft-uberti-behave-turn-rest-00, section 2.2; coturn's `use-auth-secret`.
    fn server(&self, username: &str) -> IceServer {
        let password = self.mac.clone().chain_update(username).finalize().into_bytes();
        IceServer {
            urls: self.urls.clone(),
            username: Some(username.to_owned()),
            credential: Some(BASE64_STANDARD.encode(password)),
        }
    }
}

/// Prints only the number of servers.
impl fmt::Debug for IceServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turn = self.turn.as_ref().map_or(0, |turn| turn.urls.len());
        write!(f, "IceServers({} STUN, {turn} TURN)", self.stun.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::*;
    use crate::core::ports::clock::SystemClock;

    /// A clock whose wall time is a fixed number of Unix seconds.
    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Instant {
            SystemClock.now()
        }

        fn wall(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(self.0)
        }
    }

    fn servers(stun: &str, turn: &str, secret: Option<&str>) -> Result<IceServers, SettingsError> {
        let (stun, turn) = (IceUrls::stun(stun).unwrap(), IceUrls::turn(turn).unwrap());
        IceServers::new(&stun, &turn, secret, Duration::from_millis(3_600_900), Arc::new(At(1_700_000_000)))
    }

    #[test]
    fn credentials_have_the_form_that_coturn_expects() {
        let servers = servers("stun:a", "turn:b,turns:b?transport=tcp", Some("north")).unwrap();
        let participant = "6f1a4c1e-6f53-4a1e-9b0c-0123456789ab".parse().unwrap();
        let configuration = servers.for_participant(participant);
        // printf 1700003600:6f1a… | openssl dgst -sha1 -hmac north -binary | base64
        let expected = serde_json::json!({
            "iceServers": [
                {"urls": ["stun:a"]},
                {
                    "urls": ["turn:b", "turns:b?transport=tcp"],
                    "username": "1700003600:6f1a4c1e-6f53-4a1e-9b0c-0123456789ab",
                    "credential": "XFrz7g8TfnkJxRejb71tcy8xop0=",
                },
            ],
            "ttl": 3600,
            "turnUrls": ["turn:b", "turns:b?transport=tcp"],
        });
        assert_eq!(serde_json::to_value(&configuration).unwrap(), expected);
        assert!(!format!("{configuration:?} {servers:?}").contains("XFrz7g8TfnkJxRejb71tcy8xop0="));
    }

    #[test]
    fn without_servers_the_configuration_is_empty() {
        let nothing = IceConfiguration { ice_servers: vec![], ttl: None, turn_urls: vec![] };
        let servers = servers("", "", None).unwrap();
        assert_eq!(servers.without_credentials(), nothing);
        assert_eq!(servers.for_participant(ParticipantId::random()), nothing);
    }

    #[test]
    fn turn_needs_both_urls_and_a_secret() {
        assert_eq!(servers("", "turn:b", None).unwrap_err(), SettingsError::SecretMissing);
        assert_eq!(servers("stun:a", "", Some("north")).unwrap_err(), SettingsError::UrlsMissing);
    }
}
