//! The Lua scripts: builds their calls and reads their replies. Each script is one atomic step in Redis.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use redis::{Script, Value};

use super::{fault::RedisFault, own_claims::OwnClaim};
use crate::core::{
    model::{
        ids::{Epoch, NodeId, ParticipantId, RoomId},
        seat_table::{Claim, ClaimRefused, Claimed, Renewal, Seat, SeatKey},
    },
    ports::seat_registry::EndedClaim,
};

/// Microseconds since 1970 by the clock that leases are measured by: that of Redis, or of a test.
pub(super) type Micros = u64;

/// Characters of a room id that are escaped in its key: Redis Cluster hashes the part between the braces.
const ESCAPED_IN_KEYS: &AsciiSet = &CONTROLS.add(b'{').add(b'}').add(b'%');

macro_rules! room_script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("scripts/room.lua"), "\n", include_str!($file))))
    };
}
static CLAIM: LazyLock<Script> = room_script!("scripts/claim.lua");
static RENEW: LazyLock<Script> = room_script!("scripts/renew.lua");
static RELEASE: LazyLock<Script> = room_script!("scripts/release.lua");
static UNDO: LazyLock<Script> = room_script!("scripts/undo.lua");
static LIST: LazyLock<Script> = room_script!("scripts/list.lua");
static SEAT_OF: LazyLock<Script> = room_script!("scripts/seat_of.lua");

/// Records that this node is alive, and checks that it may share this Redis.
pub(super) static GREET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/greet.lua")));

/// One call of a script about one room.
pub(super) struct Call {
    pub(super) script: &'static Script,
    pub(super) key: String,
    /// The script's own arguments, from the fifth on; the connection adds the first four.
    pub(super) arguments: Vec<String>,
}

/// Builds calls for the nodes that share a prefix.
pub(super) struct Calls {
    pub(super) prefix: String,
}

impl Calls {
    pub(super) fn claim(&self, claim: &Claim, node: NodeId) -> Call {
        let arguments = vec![
            claim.participant.to_string(),
            node.to_string(),
            micros(claim.policy.lease),
            claim.policy.seats.to_string(),
            flag(claim.policy.unique_names),
            claim.over.map(|epoch| epoch.0.to_string()).unwrap_or_default(),
            flag(claim.protected),
            claim.name.as_str().to_owned(),
        ];
        self.about(&claim.room, &CLAIM, arguments)
    }

    /// Renews a seat. With `own`, also restores it if Redis lost it.
    pub(super) fn renew(&self, renewal: &Renewal, own: Option<&OwnClaim>) -> Call {
        let Renewal { key, lease, connected, protected } = renewal;
        let mut arguments = vec![
            key.participant.to_string(),
            key.epoch.0.to_string(),
            micros(*lease),
            flag(*connected),
            flag(*protected || own.is_some_and(|own| own.seat.protected)),
        ];
        if let Some(own) = own {
            arguments.extend([
                own.seat.since.0.to_string(),
                own.seat.node.to_string(),
                own.policy.seats.to_string(),
                flag(own.policy.unique_names),
                own.seat.name.as_str().to_owned(),
            ]);
        }
        self.about(&key.room, &RENEW, arguments)
    }

    pub(super) fn release(&self, key: &SeatKey) -> Call {
        self.about(&key.room, &RELEASE, vec![key.participant.to_string(), key.epoch.0.to_string()])
    }

    pub(super) fn take_away(&self, key: &SeatKey) -> Call {
        let arguments = vec![key.participant.to_string(), key.epoch.0.to_string(), flag(true)];
        self.about(&key.room, &RELEASE, arguments)
    }

    /// Undoes a claim that was granted before Redis was known to have lost the room.
    pub(super) fn undo(&self, key: &SeatKey) -> Call {
        self.about(&key.room, &UNDO, vec![key.participant.to_string(), key.epoch.0.to_string()])
    }

    /// Ends the expired leases of a room and lists its seats.
    pub(super) fn list(&self, room: &RoomId) -> Call {
        self.about(room, &LIST, Vec::new())
    }

    pub(super) fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Call {
        self.about(room, &SEAT_OF, vec![participant.to_string()])
    }

    /// Key of the hash about Redis and its nodes.
    pub(super) fn nodes_key(&self) -> String {
        format!("{}nodes", self.prefix)
    }

    fn about(&self, room: &RoomId, script: &'static Script, arguments: Vec<String>) -> Call {
        let room = utf8_percent_encode(room.as_str(), ESCAPED_IN_KEYS);
        Call { script, key: format!("{}seats:{{{room}}}", self.prefix), arguments }
    }
}

fn micros(duration: Duration) -> String {
    duration.as_micros().to_string()
}

fn flag(set: bool) -> String {
    if set { "1" } else { "0" }.to_owned()
}

/// Reply of a script.
pub(super) struct ScriptReply {
    outcome: String,
    /// The time by the clock of Redis when the script ran.
    pub(super) redis_time: Micros,
    /// The time by this node's clock when the reply arrived.
    pub(super) at: Instant,
    rest: std::vec::IntoIter<Value>,
}

/// Reply to a greeting.
pub(super) struct GreetingReply {
    /// When the memory of Redis begins: the last time it was started or emptied, or no node reached it.
    pub(super) since: Micros,
    /// The largest epoch that any node knows.
    pub(super) epoch_floor: Epoch,
    /// The other nodes that greeted lately.
    pub(super) others: Vec<NodeId>,
}

impl ScriptReply {
    pub(super) fn read(values: Vec<Value>, at: Instant) -> Result<Self, RedisFault> {
        let mut rest = values.into_iter();
        let outcome = text(rest.next())?;
        let redis_time = number(rest.next())?;
        match outcome.as_str() {
            "late" => Err(RedisFault::Late),
            "restoring" => Err(RedisFault::Restoring),
            "other_secret" => Err(RedisFault::OtherSecret),
            "other_release" => Err(RedisFault::OtherRelease),
            _ => Ok(Self { outcome, redis_time, at, rest }),
        }
    }

    pub(super) fn greeting(mut self) -> Result<GreetingReply, RedisFault> {
        let (since, epoch_floor) = (self.number()?, Epoch(self.number()?));
        let others = self.lines()?.into_iter().map(|id| id.parse().map_err(|_| RedisFault::Malformed));
        Ok(GreetingReply { since, epoch_floor, others: others.collect::<Result<_, _>>()? })
    }

    pub(super) fn claimed(
        mut self,
        claim: &Claim,
        node: NodeId,
    ) -> Result<Result<Claimed, ClaimRefused>, RedisFault> {
        match self.outcome.as_str() {
            "full" => return Ok(Err(ClaimRefused::Full(self.next_seats()?))),
            "name_taken" => {
                let holder = self.next_seats()?.pop().ok_or(RedisFault::Malformed)?;
                return Ok(Err(ClaimRefused::NameTaken(Box::new(holder))));
            }
            "not_held" => return Ok(Err(ClaimRefused::NotHeld)),
            _ => {}
        }
        let (epoch, since) = (Epoch(self.number()?), Epoch(self.number()?));
        let former = self.next_seats()?.pop();
        let seat = Seat {
            participant: claim.participant,
            name: claim.name.clone(),
            node,
            epoch,
            since,
            lease_ends: self.at + claim.policy.lease,
            connected: claim.over.is_none(),
            protected: claim.protected || former.as_ref().is_some_and(|former| former.protected),
        };
        let (others, ended) = (self.next_seats()?, self.next_seats()?);
        Ok(Ok(Claimed { seat, former, others, ended }))
    }

    /// Returns the renewed claim if it has ended.
    pub(super) fn renewal(mut self, key: &SeatKey) -> Result<Option<EndedClaim>, RedisFault> {
        match self.outcome.as_str() {
            "lost" => Ok(Some(EndedClaim::new(key.clone(), self.next_seats()?.pop()))),
            _ => Ok(None),
        }
    }

    pub(super) fn is_released(&self) -> bool {
        self.outcome == "released"
    }

    pub(super) fn seats(mut self) -> Result<Vec<Seat>, RedisFault> {
        self.next_seats()
    }

    fn number(&mut self) -> Result<u64, RedisFault> {
        number(self.rest.next())
    }

    fn next_seats(&mut self) -> Result<Vec<Seat>, RedisFault> {
        self.lines()?.iter().map(|line| self.seat(line).ok_or(RedisFault::Malformed)).collect()
    }

    fn lines(&mut self) -> Result<Vec<String>, RedisFault> {
        let Some(Value::Array(lines)) = self.rest.next() else { return Err(RedisFault::Malformed) };
        lines.into_iter().map(|line| text(Some(line))).collect()
    }

    /// Reads `participant epoch since ends node state name`.
    ///
    /// `state` is `1` if the holder is connected, else `0`; a `u` after it marks an unprotected seat.
    fn seat(&self, line: &str) -> Option<Seat> {
        let mut words = line.splitn(7, ' ');
        let participant = words.next()?.parse().ok()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        let (epoch, since) = (Epoch(number()?), Epoch(number()?));
        let lease_ends = self.local_time(number()?);
        let node = words.next()?.parse().ok()?;
        let state = words.next()?;
        let (connected, protected) = (state.starts_with('1'), !state.ends_with('u'));
        let name = words.next()?.parse().ok()?;
        Some(Seat { participant, name, node, epoch, since, lease_ends, connected, protected })
    }

    /// Converts a time of Redis to this node's clock.
    fn local_time(&self, time: Micros) -> Instant {
        if time >= self.redis_time {
            self.at + Duration::from_micros(time - self.redis_time)
        } else {
            self.at.checked_sub(Duration::from_micros(self.redis_time - time)).unwrap_or(self.at)
        }
    }
}

fn text(value: Option<Value>) -> Result<String, RedisFault> {
    match value {
        Some(Value::BulkString(bytes)) => String::from_utf8(bytes).map_err(|_| RedisFault::Malformed),
        Some(Value::SimpleString(text)) => Ok(text),
        _ => Err(RedisFault::Malformed),
    }
}

fn number(value: Option<Value>) -> Result<u64, RedisFault> {
    text(value)?.parse().map_err(|_| RedisFault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ids_cannot_close_the_braces_of_their_key() {
        let calls = Calls { prefix: "p:".to_owned() };
        for (id, key) in [
            ("7", "p:seats:{7}"),
            ("}", "p:seats:{%7D}"),
            ("a{b}c", "p:seats:{a%7Bb%7Dc}"),
            ("%7D", "p:seats:{%257D}"),
        ] {
            assert_eq!(calls.list(&id.parse().unwrap()).key, key);
        }
    }
}
