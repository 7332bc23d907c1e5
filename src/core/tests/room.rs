//! Drives a room and its seats by random commands, and checks every participant's events.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use proptest::prelude::*;

use super::support::{Recorder, Told, name, room_id};
use crate::core::{
    delivery::local_node::LocalNode,
    model::{
        event::{LeaveReason, SignalKind},
        ids::{Epoch, NodeId, ParticipantId},
        seat_table::{Claim, ClaimRefused, Renewal, RoomPolicy, SeatKey, Seats},
    },
    ports::connection::{CloseReason, Connection},
    room::{Entrant, EntryMode, Room},
};

const SEATS: usize = 2;
const PEOPLE: usize = 4;
const LEASE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
enum Command {
    Join {
        person: usize,
        attach: bool,
    },
    Lose {
        person: usize,
    },
    Leave {
        person: usize,
    },
    /// An older connection of the person acts.
    Stale {
        person: usize,
    },
    Signal {
        from: usize,
        to: usize,
    },
    Wait {
        seconds: u64,
    },
}

fn command() -> impl Strategy<Value = Command> {
    let person = 0..PEOPLE;
    prop_oneof![
        4 => (person.clone(), prop::bool::weighted(0.8)).prop_map(|(person, attach)| Command::Join { person, attach }),
        2 => person.clone().prop_map(|person| Command::Lose { person }),
        1 => person.clone().prop_map(|person| Command::Leave { person }),
        2 => person.clone().prop_map(|person| Command::Stale { person }),
        6 => (person.clone(), person).prop_map(|(from, to)| Command::Signal { from, to }),
        2 => (1..40_u64).prop_map(|seconds| Command::Wait { seconds }),
    ]
}

/// One person, and what its events have to be.
struct Person {
    id: ParticipantId,
    epoch: Option<Epoch>,
    older: Vec<Epoch>,
    connection: Option<Arc<Recorder>>,
    /// All connections of the current stay, in order: together they got all events.
    stay: Vec<Arc<Recorder>>,
    /// Signals accepted for this person during the current stay.
    expected: Vec<Vec<u8>>,
}

struct RoomSimulation {
    seats: Seats,
    room: Room,
    node: NodeId,
    last_epoch: u64,
    now: std::time::Instant,
    people: Vec<Person>,
    sent: u64,
    starts: HashMap<ParticipantId, usize>,
    ends: HashMap<ParticipantId, usize>,
}

impl RoomSimulation {
    fn new() -> Self {
        let person = |_| Person {
            id: ParticipantId::random(),
            epoch: None,
            older: vec![],
            connection: None,
            stay: vec![],
            expected: vec![],
        };
        Self {
            seats: Seats::default(),
            room: Room::new(room_id("r"), LocalNode::alone()),
            node: NodeId::random(),
            last_epoch: 0,
            now: tokio::time::Instant::now().into_std(),
            people: (0..PEOPLE).map(person).collect(),
            sent: 0,
            starts: HashMap::new(),
            ends: HashMap::new(),
        }
    }

    fn apply(&mut self, command: &Command) {
        match *command {
            Command::Join { person, attach } => self.join(person, attach),
            Command::Lose { person } => self.lose(person),
            Command::Leave { person } => {
                if let Some(epoch) = self.people[person].epoch {
                    assert!(self.seats.release(self.people[person].id, epoch));
                    self.end(person, LeaveReason::Left);
                }
            }
            Command::Stale { person } => self.act_stale(person),
            Command::Signal { from, to } => self.signal(from, to),
            Command::Wait { seconds } => self.wait(seconds),
        }
        self.check();
    }

    fn join(&mut self, index: usize, attach: bool) {
        self.last_epoch += 1;
        let person = &mut self.people[index];
        let claim = Claim {
            room: room_id("r"),
            policy: RoomPolicy { unique_names: true, ..RoomPolicy::new(SEATS, LEASE) },
            participant: person.id,
            name: name(&format!("person {index}")),
            protected: false,
            over: None,
        };
        let claimed = match self.seats.claim(&claim, self.node, Epoch(self.last_epoch), self.now) {
            Ok(claimed) => claimed,
            Err(ClaimRefused::Full(holders)) => {
                assert_eq!(holders.len(), SEATS);
                assert!(person.epoch.is_none(), "one's own seat is never refused");
                return;
            }
            Err(refused) => panic!("{refused:?}"),
        };
        assert_eq!(claimed.former.is_some(), person.epoch.is_some());
        for seat in &claimed.ended {
            let ended = self.people.iter().position(|person| person.id == seat.participant).unwrap();
            self.end(ended, LeaveReason::LeaseEnded);
        }
        let person = &mut self.people[index];
        let entrant = Entrant {
            seat: claimed.seat.clone(),
            lease: LEASE,
            address: None,
            mode: EntryMode::Join { received: None },
            is_returning: claimed.former.is_some(),
            mailbox_from: None,
            was_remote: false,
        };
        let entered = self.room.enter(&entrant, self.now).unwrap();
        assert_eq!(entered.resumed, claimed.former.is_some());
        if let Some(older) = &person.connection {
            assert_eq!(older.closed(), [CloseReason::Replaced]);
        }
        if let Some(epoch) = person.epoch.replace(claimed.seat.epoch) {
            person.older.push(epoch);
        } else {
            *self.starts.entry(person.id).or_default() += 1;
        }
        person.connection = None;
        if attach {
            let connection = Recorder::new();
            self.room.attach(person.id, claimed.seat.epoch, connection.clone(), self.now).unwrap();
            person.connection = Some(connection.clone());
            person.stay.push(connection);
        }
    }

    fn lose(&mut self, index: usize) {
        let person = &mut self.people[index];
        let (Some(epoch), Some(connection)) = (person.epoch, person.connection.take()) else { return };
        let lost = self.room.lose_connection(person.id, epoch, connection.id(), self.now).unwrap();
        assert!(self.seats.renew(&lost, self.now));
        assert!(
            self.room.lose_connection(person.id, epoch, connection.id(), self.now).is_none(),
            "only once"
        );
    }

    fn act_stale(&mut self, index: usize) {
        let person = &self.people[index];
        for epoch in &person.older {
            assert!(!self.seats.release(person.id, *epoch));
            assert!(!self.seats.renew(&renewal(person.id, *epoch, LEASE), self.now));
            assert!(!self.room.end_stay(person.id, *epoch, LeaveReason::Left, self.now));
            assert!(self.room.attach(person.id, *epoch, Recorder::new(), self.now).is_err());
            let signal =
                self.room.signal(person.id, *epoch, person.id, SignalKind::Offer, Bytes::new(), self.now);
            assert!(signal.is_err());
        }
    }

    fn signal(&mut self, from: usize, to: usize) {
        self.sent += 1;
        let payload = self.sent.to_string().into_bytes();
        let sender = &self.people[from];
        let epoch = sender.epoch.or(sender.older.last().copied()).unwrap_or(Epoch(0));
        let outcome = self.room.signal(
            sender.id,
            epoch,
            self.people[to].id,
            SignalKind::Candidate,
            payload.clone().into(),
            self.now,
        );
        let allowed = sender.epoch.is_some() && self.people[to].epoch.is_some() && from != to;
        assert_eq!(outcome.is_ok(), allowed);
        if allowed {
            self.people[to].expected.push(payload);
        }
    }

    fn wait(&mut self, seconds: u64) {
        for person in &self.people {
            if let (Some(epoch), Some(_)) = (person.epoch, &person.connection) {
                // The hub renews connected participants several times in a lease.
                let renewal = renewal(person.id, epoch, LEASE + Duration::from_secs(seconds));
                assert!(self.seats.renew(&renewal, self.now));
            }
        }
        self.now += Duration::from_secs(seconds);
        for seat in self.seats.expire(self.now) {
            let index = self.people.iter().position(|person| person.id == seat.participant).unwrap();
            assert_eq!(self.people[index].epoch, Some(seat.epoch));
            assert!(self.people[index].connection.is_none(), "a connected participant's lease does not end");
            self.end(index, LeaveReason::LeaseEnded);
        }
    }

    fn end(&mut self, index: usize, reason: LeaveReason) {
        let person = &mut self.people[index];
        let epoch = person.epoch.take().unwrap();
        person.older.push(epoch);
        assert!(self.room.end_stay(person.id, epoch, reason, self.now));
        assert!(!self.room.end_stay(person.id, epoch, reason, self.now), "every join has exactly one end");
        *self.ends.entry(person.id).or_default() += 1;
        self.check_stay(index);
        let person = &mut self.people[index];
        person.connection = None;
        person.stay.clear();
        person.expected.clear();
    }

    fn check(&self) {
        let seated: HashSet<_> = self.people.iter().filter(|p| p.epoch.is_some()).map(|p| p.id).collect();
        assert!(seated.len() <= SEATS);
        assert_eq!(self.room.len(), seated.len());
        for person in &self.people {
            let started = self.starts.get(&person.id).copied().unwrap_or_default();
            let ended = self.ends.get(&person.id).copied().unwrap_or_default();
            assert_eq!(started - ended, usize::from(person.epoch.is_some()));
        }
        (0..PEOPLE).for_each(|index| self.check_stay(index));
    }

    /// Connections of a person got all signals accepted for it, once and in order.
    ///
    /// While it is away, they got the first ones.
    fn check_stay(&self, index: usize) {
        let person = &self.people[index];
        let seqs: Vec<_> = person.stay.iter().flat_map(|connection| connection.seqs()).collect();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{seqs:?}");
        let told: Vec<_> = person.stay.iter().flat_map(|connection| connection.told()).collect();
        let heard: Vec<_> = told
            .iter()
            .filter_map(|told| match told {
                Told::Signal { from, name, payload, .. } => {
                    let sender = self.people.iter().position(|person| person.id == *from).unwrap();
                    assert_eq!(*name, format!("person {sender}"), "the name is the server's");
                    Some(payload.clone())
                }
                _ => None,
            })
            .collect();
        assert!(person.expected.starts_with(&heard));
        if person.connection.is_some() {
            assert_eq!(heard, person.expected);
        }
        Self::check_comings_and_goings(person, &told);
    }

    /// No participant is told to leave, reconnect or resume that was not there.
    fn check_comings_and_goings(person: &Person, told: &[Told]) {
        let mut present: HashMap<ParticipantId, bool> = HashMap::new();
        for event in told {
            match event {
                Told::Joined(who) => assert_eq!(present.insert(*who, true), None, "joined twice"),
                Told::Left(who, _) => {
                    present.remove(who);
                }
                Told::Reconnecting(who) => assert_ne!(present.insert(*who, false), Some(false)),
                Told::Resumed(who) => {
                    present.insert(*who, true);
                }
                Told::Signal { from, .. } => assert_ne!(*from, person.id),
                Told::Chat(_) => {}
            }
        }
    }
}

fn renewal(participant: ParticipantId, epoch: Epoch, lease: Duration) -> Renewal {
    let key = SeatKey { room: room_id("r"), participant, epoch };
    Renewal { key, lease, connected: true, protected: false }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]

    #[test]
    fn room_keeps_its_promises_under_random_commands(commands in prop::collection::vec(command(), 0..60)) {
        let mut sim = RoomSimulation::new();
        for command in &commands {
            sim.apply(command);
        }
    }
}
