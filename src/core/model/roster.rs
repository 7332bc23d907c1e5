//! Rosters: the state of the others in a room that a participant has been told.

use super::ids::{Epoch, ParticipantId};

/// One other participant, as the owner of a roster was told, or as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterEntry {
    /// The other participant.
    pub participant: ParticipantId,
    /// Epoch of the first claim of its seat. A later one is another stay of the same participant.
    pub since: Epoch,
    /// Number of the attached connection: 0 for the first one of the stay, larger for every later one.
    pub attachment: u64,
    /// `false` while its connection is lost and its seat is held.
    pub connected: bool,
}

/// The others as their listener was told, in the order in which they sat down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster(Vec<RosterEntry>);

/// One thing to tell the owner of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterChange {
    /// The stay that began at this epoch ended.
    Left(ParticipantId, Epoch),
    /// The participant took a seat.
    Joined(ParticipantId),
    /// The participant lost its connection.
    Reconnecting(ParticipantId),
    /// The participant has a new connection.
    Resumed(ParticipantId),
}

impl Roster {
    /// Takes over `now` and returns what its owner has to be told of the difference.
    ///
    /// Ends of stays come first, then the rest in the order of `now`.
    pub fn update(&mut self, now: impl Iterator<Item = RosterEntry> + Clone) -> Vec<RosterChange> {
        if self.0.iter().copied().eq(now.clone()) {
            return Vec::new();
        }
        let told = std::mem::take(self);
        self.set(now.clone());
        let has_ended = |told: &&RosterEntry| self.entry(told.participant, told.since).is_none();
        let ended = told.0.iter().filter(has_ended);
        let mut changes: Vec<_> =
            ended.map(|entry| RosterChange::Left(entry.participant, entry.since)).collect();
        for entry in now {
            changes.extend(entry.changes_since(told.entry(entry.participant, entry.since)));
        }
        changes
    }

    /// Takes over `now`, which its owner is told in one answer.
    pub fn set(&mut self, now: impl Iterator<Item = RosterEntry> + Clone) {
        // Rooms are small and many: spare capacity for four would mostly stay unused.
        self.0 = Vec::with_capacity(now.clone().count());
        self.0.extend(now);
    }

    /// Sets what the owner knows to `known`, after events to it were lost.
    pub fn correct(&mut self, known: &[ParticipantId]) {
        self.0.retain(|entry| known.contains(&entry.participant));
        for &participant in known {
            if self.0.iter().all(|entry| entry.participant != participant) {
                // A stay of which the owner has missed the end.
                let since = Epoch::default();
                self.0.push(RosterEntry { participant, since, attachment: 0, connected: true });
            }
        }
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[RosterEntry] {
        &self.0
    }

    fn entry(&self, participant: ParticipantId, since: Epoch) -> Option<&RosterEntry> {
        self.0.iter().find(|entry| entry.participant == participant && entry.since == since)
    }
}

impl FromIterator<RosterEntry> for Roster {
    fn from_iter<I: IntoIterator<Item = RosterEntry>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl RosterEntry {
    fn changes_since(&self, told: Option<&Self>) -> impl Iterator<Item = RosterChange> + use<> {
        let participant = self.participant;
        let joined = told.is_none().then_some(RosterChange::Joined(participant));
        let was_connected = told.is_none_or(|told| told.connected);
        let is_new_connection = told.is_some_and(|told| told.attachment != self.attachment);
        let connection = match (was_connected, self.connected) {
            (true, false) => Some(RosterChange::Reconnecting(participant)),
            (false, true) => Some(RosterChange::Resumed(participant)),
            (true, true) if is_new_connection => Some(RosterChange::Resumed(participant)),
            _ => None,
        };
        joined.into_iter().chain(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(participant: ParticipantId, since: u64, attachment: u64, connected: bool) -> RosterEntry {
        RosterEntry { participant, since: Epoch(since), attachment, connected }
    }

    #[test]
    fn a_roster_tells_each_difference_once() {
        let (ann, bob) = (ParticipantId::random(), ParticipantId::random());
        let mut roster = Roster::default();
        let mut update = |now: &[RosterEntry]| {
            let changes = roster.update(now.iter().copied());
            assert_eq!(roster.update(now.iter().copied()), [], "told once");
            changes
        };
        assert_eq!(update(&[entry(ann, 1, 0, true)]), [RosterChange::Joined(ann)]);
        assert_eq!(
            update(&[entry(ann, 1, 0, true), entry(bob, 2, 0, false)]),
            [RosterChange::Joined(bob), RosterChange::Reconnecting(bob)]
        );
        assert_eq!(
            update(&[entry(ann, 1, 3, true), entry(bob, 2, 4, true)]),
            [RosterChange::Resumed(ann), RosterChange::Resumed(bob)]
        );
        assert_eq!(
            update(&[entry(ann, 1, 3, false), entry(bob, 5, 0, true)]),
            [RosterChange::Left(bob, Epoch(2)), RosterChange::Reconnecting(ann), RosterChange::Joined(bob)]
        );
        assert_eq!(update(&[entry(ann, 1, 7, false), entry(bob, 5, 0, true)]), [], "still reconnecting");
    }

    #[test]
    fn a_corrected_roster_tells_what_its_owner_has_missed() {
        let (ann, bob) = (ParticipantId::random(), ParticipantId::random());
        let now = [entry(ann, 1, 0, true)];
        let mut roster: Roster = now.into_iter().collect();
        roster.correct(&[bob]);
        let changes = roster.update(now.into_iter());
        assert_eq!(changes, [RosterChange::Left(bob, Epoch(0)), RosterChange::Joined(ann)]);
    }
}
