//! Session tokens: a participant proves its identity in a room, on any node and after a restart.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ids::{ParticipantId, RoomId};

/// Lifetime of a token: a day covers the longest appointment and every return to it.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(24);

/// Separates these signatures from others that are made with the same secret.
const PURPOSE: &[u8] = b"switchboard session v1\0";

const PARTICIPANT_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 32;

/// Proves that its bearer is a certain participant of a certain room.
///
/// 75 characters of base64url: participant id, expiry in Unix seconds, HMAC-SHA-256. The signature covers the
/// room, but the token does not contain it: without the room, a stolen token is useless.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token as clients send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Redacted: the bearer of a token gets the seat.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// Signs and verifies session tokens. Nodes that share rooms share its secret.
#[derive(Clone)]
pub struct SessionSigner {
    mac: Hmac<Sha256>,
}

impl SessionSigner {
    /// Makes a signer with `secret`, which should contain at least 128 bits of randomness.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        Self { mac }
    }

    /// Signs a token for `participant` in `room`, valid for [`SESSION_LIFETIME`] from `now`.
    pub fn sign(&self, room: &RoomId, participant: ParticipantId, now: SystemTime) -> SessionToken {
        let expiry = unix_seconds(now + SESSION_LIFETIME).to_be_bytes();
        let signature = self.mac_of(room, participant.as_bytes(), &expiry).finalize().into_bytes();
        let token = [participant.as_bytes().as_slice(), &expiry, &signature].concat();
        SessionToken(BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    /// Returns the participant, if this secret signed the token for `room` and it has not expired at `now`.
    ///
    /// Compares signatures in constant time.
    pub fn verify(&self, room: &RoomId, token: &str, now: SystemTime) -> Option<ParticipantId> {
        let bytes: [u8; PARTICIPANT_BYTES + EXPIRY_BYTES + SIGNATURE_BYTES] =
            BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (participant, rest) = bytes.split_first_chunk::<PARTICIPANT_BYTES>()?;
        let (expiry, signature) = rest.split_first_chunk::<EXPIRY_BYTES>()?;
        self.mac_of(room, participant, expiry).verify_slice(signature).ok()?;
        let expired = u64::from_be_bytes(*expiry) <= unix_seconds(now);
        (!expired).then(|| ParticipantId::from_bytes(*participant))
    }

    /// A fingerprint of the secret, by which nodes find out that their secrets differ. It does not reveal the
    /// secret.
    pub fn fingerprint(&self) -> String {
        let mac = self.mac.clone().chain_update(b"fingerprint").finalize().into_bytes();
        BASE64_URL_SAFE_NO_PAD.encode(mac)
    }

    fn mac_of(&self, room: &RoomId, participant: &[u8], expiry: &[u8]) -> Hmac<Sha256> {
        // Fields of fixed length come first, so that different inputs are different byte strings.
        self.mac.clone().chain_update(participant).chain_update(expiry).chain_update(room.as_str())
    }
}

impl fmt::Debug for SessionSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSigner(…)")
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(id: &str) -> RoomId {
        id.parse().unwrap()
    }

    const NOW: SystemTime = UNIX_EPOCH;

    #[test]
    fn a_token_is_valid_for_its_room_and_secret_until_it_expires() {
        let signer = SessionSigner::new(b"secret");
        let participant = ParticipantId::random();
        let token = signer.sign(&room("7"), participant, NOW);

        let almost = NOW + SESSION_LIFETIME - Duration::from_secs(1);
        assert_eq!(signer.verify(&room("7"), token.as_str(), almost), Some(participant));
        assert_eq!(signer.verify(&room("7"), token.as_str(), NOW + SESSION_LIFETIME), None);
        assert_eq!(signer.verify(&room("8"), token.as_str(), NOW), None);
        assert_eq!(SessionSigner::new(b"other").verify(&room("7"), token.as_str(), NOW), None);
    }

    #[test]
    fn fingerprints_of_different_secrets_differ_and_are_no_tokens() {
        let fingerprint = SessionSigner::new(b"secret").fingerprint();
        assert_eq!(fingerprint, SessionSigner::new(b"secret").fingerprint());
        assert_ne!(fingerprint, SessionSigner::new(b"other").fingerprint());
        assert_eq!(SessionSigner::new(b"secret").verify(&room("7"), &fingerprint, NOW), None);
    }

    #[test]
    fn altered_tokens_are_refused() {
        let signer = SessionSigner::new(b"secret");
        let token = signer.sign(&room("7"), ParticipantId::random(), NOW);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.as_str()).unwrap();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1;
            let altered = BASE64_URL_SAFE_NO_PAD.encode(altered);
            assert_eq!(signer.verify(&room("7"), &altered, NOW), None);
        }
        for garbage in ["", "x", "äöü", token.as_str().split_at(70).0, &token.as_str().repeat(2)] {
            assert_eq!(signer.verify(&room("7"), garbage, NOW), None);
        }
    }
}
