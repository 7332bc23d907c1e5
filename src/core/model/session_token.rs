//! Session tokens: how a participant proves that a seat is theirs, on any node, after a restart too.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ids::{ParticipantId, RoomId};

/// How long a token is good for: a day covers the longest appointment and the way back to it.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(24);

/// Separates these signatures from anything else that might be signed with the same secret.
const PURPOSE: &[u8] = b"switchboard session v1\0";

const PARTICIPANT_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 32;

/// The proof that its bearer is a certain participant of a certain room.
///
/// 75 characters of base64url: participant id, expiry in Unix seconds, HMAC-SHA-256. The room is signed but not
/// contained: a token is worth nothing to somebody who does not know where it belongs.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The token as it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Redacted: whoever has it has the seat.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// Signs and checks session tokens. All nodes that share rooms share its secret.
#[derive(Clone)]
pub struct SessionSigner {
    mac: Hmac<Sha256>,
}

impl SessionSigner {
    /// Signs with `secret`, which should hold at least 128 bits of randomness.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        Self { mac }
    }

    /// The token with which `participant` may come back to `room` until [`SESSION_LIFETIME`] after `now`.
    pub fn sign(&self, room: &RoomId, participant: ParticipantId, now: SystemTime) -> SessionToken {
        let expiry = unix_seconds(now + SESSION_LIFETIME).to_be_bytes();
        let signature = self.mac_of(room, participant.as_bytes(), &expiry).finalize().into_bytes();
        let token = [participant.as_bytes().as_slice(), &expiry, &signature].concat();
        SessionToken(BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    /// Whose token this is, if it was signed with this secret for `room` and has not expired at `now`.
    ///
    /// Takes the same time for every forgery.
    pub fn verify(&self, room: &RoomId, token: &str, now: SystemTime) -> Option<ParticipantId> {
        let bytes: [u8; PARTICIPANT_BYTES + EXPIRY_BYTES + SIGNATURE_BYTES] =
            BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (participant, rest) = bytes.split_first_chunk::<PARTICIPANT_BYTES>()?;
        let (expiry, signature) = rest.split_first_chunk::<EXPIRY_BYTES>()?;
        self.mac_of(room, participant, expiry).verify_slice(signature).ok()?;
        let expired = u64::from_be_bytes(*expiry) <= unix_seconds(now);
        (!expired).then(|| ParticipantId::from_bytes(*participant))
    }

    /// The same for the same secret, another for every other: by it nodes find out that they do not share one. The
    /// secret cannot be read from it.
    pub fn fingerprint(&self) -> String {
        let mac = self.mac.clone().chain_update(b"fingerprint").finalize().into_bytes();
        BASE64_URL_SAFE_NO_PAD.encode(mac)
    }

    fn mac_of(&self, room: &RoomId, participant: &[u8], expiry: &[u8]) -> Hmac<Sha256> {
        // Fixed lengths first, so that no two inputs run together to the same bytes.
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
    fn a_token_names_its_participant_in_its_room_until_it_expires() {
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
    fn a_fingerprint_tells_secrets_apart_and_proves_nothing() {
        let fingerprint = SessionSigner::new(b"secret").fingerprint();
        assert_eq!(fingerprint, SessionSigner::new(b"secret").fingerprint());
        assert_ne!(fingerprint, SessionSigner::new(b"other").fingerprint());
        assert_eq!(SessionSigner::new(b"secret").verify(&room("7"), &fingerprint, NOW), None);
    }

    #[test]
    fn no_altered_token_is_accepted() {
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
