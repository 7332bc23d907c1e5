//! A client of the room: what it was told, received and sent.

use std::collections::{BTreeMap, HashMap};

use super::{At, Joining};
use crate::core::{hub::join::Joined, model::ids::ParticipantId, tests::support::Told};

/// What a person's client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It keeps its session and returns to its seat.
    Resumes,
    /// It cannot resume: each of its joins makes a new participant.
    Forgets,
    /// It joins as a client that can resume or cannot.
    ///
    /// It uses one of its former sessions, or none.
    Stranger,
}

pub struct Person {
    pub kind: Kind,
    pub id: ParticipantId,
    /// The participants that this client has been so far.
    pub former: Vec<ParticipantId>,
    pub at: Option<At>,
    /// Connections that the client has abandoned and whose nodes may not know that yet.
    pub older: Vec<At>,
    pub joining: Option<Joining>,
    /// Its join was answered, and its connection is about to be attached.
    pub answered: Option<(usize, Joined)>,
    pub has_joined: bool,
    pub received: u64,
    /// The others as it was told: participant, connected.
    pub known: BTreeMap<ParticipantId, bool>,
    /// The last signal received from each participant.
    pub heard: HashMap<ParticipantId, u64>,
    /// How many signals of each other client were sent before the last reset of this one, which covers them.
    pub covered: HashMap<usize, u64>,
    /// Number of signals sent to each other client, and how many of them a reset covers.
    pub said: HashMap<usize, (u64, u64)>,
}

impl Person {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            id: ParticipantId::random(),
            former: Vec::new(),
            at: None,
            older: Vec::new(),
            joining: None,
            answered: None,
            has_joined: false,
            received: 0,
            known: BTreeMap::new(),
            heard: HashMap::new(),
            covered: HashMap::new(),
            said: HashMap::new(),
        }
    }

    /// How a stranger joins with the session of its present participant.
    pub fn own_session(&self) -> usize {
        2 * self.former.iter().position(|id| *id == self.id).expect("the participant of a former join")
    }

    pub fn last_heard(&self, of: ParticipantId) -> u64 {
        self.heard.get(&of).copied().unwrap_or_default()
    }

    /// Records the participant of an answered join, which may be a new one.
    pub fn become_(&mut self, id: ParticipantId) {
        if !self.former.contains(&id) {
            self.former.push(id);
        }
        if self.id != id {
            // The order of signals is that of two participants.
            self.heard.clear();
            self.has_joined = false;
        }
        self.id = id;
    }

    /// Starts afresh. `covered` is the number of signals that each other client has sent so far.
    pub fn reset(&mut self, joined: &Joined, covered: HashMap<usize, u64>) {
        self.received = joined.view.seq;
        self.known = joined.view.others.iter().map(|other| (other.participant, other.connected)).collect();
        self.covered = covered;
        // The reset covers all signals sent before it, too.
        self.said.values_mut().for_each(|(said, lost)| *lost = *said);
    }

    pub fn take_news(&mut self, told: &Told) {
        match told {
            Told::Joined(who) => assert_eq!(self.known.insert(*who, true), None, "joins once"),
            Told::Left(who, _) => assert!(self.known.remove(who).is_some(), "leaves if it was there"),
            Told::Reconnecting(who) => assert_eq!(self.known.insert(*who, false), Some(true), "is lost once"),
            Told::Resumed(who) => assert!(self.known.insert(*who, true).is_some(), "is back who was there"),
            Told::Signal { .. } | Told::Chat(_) => {}
        }
    }
}
