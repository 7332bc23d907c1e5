//! What Redis is asked to do, and what it answers. Each question is one script, which runs in one atomic step.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use redis::{Script, Value};

use super::{fault::Fault, holdings::Own};
use crate::core::model::{
    ids::{Epoch, NodeId, ParticipantId, RoomId},
    seat_table::{Claim, Claimed, Refused, Renewal, Seat, SeatKey},
};

/// Microseconds since 1970 by the clock that judges leases.
pub(super) type Micros = u64;

/// What a room's id must not bring into its key: the braces around it say what Redis Cluster goes by.
const NOT_IN_KEYS: &AsciiSet = &CONTROLS.add(b'{').add(b'}').add(b'%');

macro_rules! room_script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("scripts/room.lua"), "\n", include_str!($file))))
    };
}
static CLAIM: LazyLock<Script> = room_script!("scripts/claim.lua");
static RENEW: LazyLock<Script> = room_script!("scripts/renew.lua");
static RELEASE: LazyLock<Script> = room_script!("scripts/release.lua");
static UNDO: LazyLock<Script> = room_script!("scripts/undo.lua");
static LOOK: LazyLock<Script> = room_script!("scripts/look.lua");
static HOLDING: LazyLock<Script> = room_script!("scripts/holding.lua");

/// What nodes and Redis say to each other when they meet.
pub(super) static GREET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/greet.lua")));

/// One step in one room. What every script is given first, the connection adds.
pub(super) struct Question {
    pub(super) script: &'static Script,
    pub(super) key: String,
    pub(super) arguments: Vec<String>,
}

/// Asks in the name of the nodes that share a prefix.
pub(super) struct Questions {
    pub(super) prefix: String,
}

impl Questions {
    pub(super) fn claim(&self, claim: &Claim, node: NodeId) -> Question {
        let arguments = vec![
            claim.participant.to_string(),
            node.to_string(),
            micros(claim.lease),
            claim.seats.to_string(),
            flag(claim.unique_name),
            claim.over.map(|epoch| epoch.0.to_string()).unwrap_or_default(),
            flag(claim.protected),
            claim.name.as_str().to_owned(),
        ];
        self.about(&claim.room, &CLAIM, arguments)
    }

    /// `own` is what this node knows of the seat, if it holds it; by it, a seat that was forgotten is put back.
    pub(super) fn renew(&self, renewal: &Renewal, own: Option<&Own>) -> Question {
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
                own.seats.to_string(),
                flag(own.unique_name),
                own.seat.name.as_str().to_owned(),
            ]);
        }
        self.about(&key.room, &RENEW, arguments)
    }

    pub(super) fn release(&self, key: &SeatKey) -> Question {
        self.about(&key.room, &RELEASE, vec![key.participant.to_string(), key.epoch.0.to_string()])
    }

    pub(super) fn take_away(&self, key: &SeatKey) -> Question {
        let arguments = vec![key.participant.to_string(), key.epoch.0.to_string(), flag(true)];
        self.about(&key.room, &RELEASE, arguments)
    }

    /// Takes a claim back that should not have been granted.
    pub(super) fn undo(&self, key: &SeatKey) -> Question {
        self.about(&key.room, &UNDO, vec![key.participant.to_string(), key.epoch.0.to_string()])
    }

    /// Gives up what has ended, and tells who is there.
    pub(super) fn look(&self, room: &RoomId) -> Question {
        self.about(room, &LOOK, Vec::new())
    }

    pub(super) fn holding(&self, room: &RoomId, participant: ParticipantId) -> Question {
        self.about(room, &HOLDING, vec![participant.to_string()])
    }

    /// The key of what is known of Redis and all nodes.
    pub(super) fn meeting_place(&self) -> String {
        format!("{}nodes", self.prefix)
    }

    fn about(&self, room: &RoomId, script: &'static Script, arguments: Vec<String>) -> Question {
        let room = utf8_percent_encode(room.as_str(), NOT_IN_KEYS);
        Question { script, key: format!("{}seats:{{{room}}}", self.prefix), arguments }
    }
}

fn micros(duration: Duration) -> String {
    duration.as_micros().to_string()
}

fn flag(set: bool) -> String {
    if set { "1" } else { "0" }.to_owned()
}

/// What a script answered.
pub(super) struct Answer {
    outcome: String,
    /// What time it was there.
    pub(super) now: Micros,
    /// What time it was here when the answer came.
    pub(super) at: Instant,
    rest: std::vec::IntoIter<Value>,
}

/// What a node hears when it greets.
pub(super) struct Greeting {
    /// Since when Redis remembers, and nodes have reached it without a break.
    pub(super) since: Micros,
    /// The largest epoch any node knows of.
    pub(super) floor: Epoch,
    /// The other nodes that greeted lately.
    pub(super) others: Vec<NodeId>,
}

/// A claim that succeeded, with the new holding.
pub(super) struct Held {
    pub(super) seat: Seat,
    pub(super) claimed: Claimed,
}

/// What became of a renewal.
pub(super) enum RenewalAnswer {
    /// The holding lasts; the next lease in its room ends then.
    Until(Instant),
    /// The holding is no more; the seat that its holder has instead, if any.
    EndedClaim(Option<Seat>),
}

impl Answer {
    pub(super) fn read(values: Vec<Value>, at: Instant) -> Result<Self, Fault> {
        let mut rest = values.into_iter();
        let outcome = text(rest.next())?;
        let now = number(rest.next())?;
        match outcome.as_str() {
            "late" => Err(Fault::Late),
            "settling" => Err(Fault::Settling),
            "stranger" => Err(Fault::OtherSecret),
            "other_release" => Err(Fault::OtherRelease),
            _ => Ok(Self { outcome, now, at, rest }),
        }
    }

    pub(super) fn met(mut self) -> Result<Greeting, Fault> {
        let (since, floor) = (self.number()?, Epoch(self.number()?));
        let others = self.lines()?.into_iter().map(|id| id.parse().map_err(|_| Fault::Garbled));
        Ok(Greeting { since, floor, others: others.collect::<Result<_, _>>()? })
    }

    pub(super) fn claimed(mut self, claim: &Claim, node: NodeId) -> Result<Result<Held, Refused>, Fault> {
        match self.outcome.as_str() {
            "full" => return Ok(Err(Refused::Full(self.next_seats()?))),
            "name_taken" => {
                let holder = self.next_seats()?.pop().ok_or(Fault::Garbled)?;
                return Ok(Err(Refused::NameTaken(Box::new(holder))));
            }
            "not_held" => return Ok(Err(Refused::NotHeld)),
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
            lease_ends: self.at + claim.lease,
            connected: claim.over.is_none(),
            protected: claim.protected || former.as_ref().is_some_and(|former| former.protected),
        };
        let (others, ended) = (self.next_seats()?, self.next_seats()?);
        Ok(Ok(Held { seat, claimed: Claimed { epoch, since, former, others, ended } }))
    }

    pub(super) fn renewed(mut self) -> Result<RenewalAnswer, Fault> {
        if self.outcome == "lost" {
            return Ok(RenewalAnswer::EndedClaim(self.next_seats()?.pop()));
        }
        let next_end = self.number()?;
        Ok(RenewalAnswer::Until(self.here(next_end)))
    }

    pub(super) fn released(&self) -> bool {
        self.outcome == "released"
    }

    pub(super) fn seats(mut self) -> Result<Vec<Seat>, Fault> {
        self.next_seats()
    }

    fn number(&mut self) -> Result<u64, Fault> {
        number(self.rest.next())
    }

    fn next_seats(&mut self) -> Result<Vec<Seat>, Fault> {
        self.lines()?.iter().map(|line| self.seat(line).ok_or(Fault::Garbled)).collect()
    }

    fn lines(&mut self) -> Result<Vec<String>, Fault> {
        let Some(Value::Array(lines)) = self.rest.next() else { return Err(Fault::Garbled) };
        lines.into_iter().map(|line| text(Some(line))).collect()
    }

    /// Reads `participant epoch since ends node state name`. The state is whether the holder is connected, and behind that
    /// whether the seat is protected; a seat of which that is not said is.
    fn seat(&self, line: &str) -> Option<Seat> {
        let mut words = line.splitn(7, ' ');
        let participant = words.next()?.parse().ok()?;
        let mut number = || words.next()?.parse::<u64>().ok();
        let (epoch, since) = (Epoch(number()?), Epoch(number()?));
        let lease_ends = self.here(number()?);
        let node = words.next()?.parse().ok()?;
        let state = words.next()?;
        let (connected, protected) = (state.starts_with('1'), !state.ends_with('u'));
        let name = words.next()?.parse().ok()?;
        Some(Seat { participant, name, node, epoch, since, lease_ends, connected, protected })
    }

    /// When it is here what it is `there`.
    fn here(&self, there: Micros) -> Instant {
        if there >= self.now {
            self.at + Duration::from_micros(there - self.now)
        } else {
            self.at.checked_sub(Duration::from_micros(self.now - there)).unwrap_or(self.at)
        }
    }
}

fn text(value: Option<Value>) -> Result<String, Fault> {
    match value {
        Some(Value::BulkString(bytes)) => String::from_utf8(bytes).map_err(|_| Fault::Garbled),
        Some(Value::SimpleString(text)) => Ok(text),
        _ => Err(Fault::Garbled),
    }
}

fn number(value: Option<Value>) -> Result<u64, Fault> {
    text(value)?.parse().map_err(|_| Fault::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rooms_id_stays_between_its_keys_braces() {
        let questions = Questions { prefix: "p:".to_owned() };
        for (id, key) in [
            ("7", "p:seats:{7}"),
            ("}", "p:seats:{%7D}"),
            ("a{b}c", "p:seats:{a%7Bb%7Dc}"),
            ("%7D", "p:seats:{%257D}"),
        ] {
            assert_eq!(questions.look(&id.parse().unwrap()).key, key);
        }
    }
}
