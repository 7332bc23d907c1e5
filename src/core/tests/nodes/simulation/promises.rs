//! The promises of the core, checked for each client after each step and at the end.

use super::{At, Simulation, TICK, person::Kind, room};
use crate::core::{
    model::{ids::ParticipantId, seat_table::SeatKey},
    ports::clock::Clock,
    tests::support::Told,
};

impl Simulation {
    /// A session returns its seat as long as it is held.
    pub fn check_refusal(&self, person: usize, held: Option<SeatKey>) {
        let Some(key) = held else { return };
        let model = self.model.lock().unwrap();
        let seat = model.held(&room(), key.participant, self.clock.now());
        let is_held_still = seat.is_some_and(|seat| seat.epoch == key.epoch);
        assert!(!is_held_still, "{person} is refused, whose seat is held");
    }

    /// A connection is not closed as replaced while its protected seat is held under its epoch.
    pub fn check_replaced(&self, person: usize, at: &At) {
        let model = self.model.lock().unwrap();
        let seat = model.held(&room(), at.seat.participant(), self.clock.now());
        let is_held = seat.is_some_and(|seat| seat.protected && seat.key_in(&room()) == at.seat.key);
        assert!(!is_held, "{person} is evicted from the seat it holds");
    }

    /// After the end of all faults, every client knows the same room and receives all signals.
    pub async fn check_end(&mut self) {
        self.heal().await;
        let seated: Vec<_> = (0..self.people.len()).filter(|it| self.people[*it].at.is_some()).collect();
        let (model, now) = (self.model.clone(), self.clock.now());
        let model: Vec<_> = {
            let model = model.lock().unwrap();
            let seats = model.rooms.get(&room());
            seats.map(|seats| seats.live(now).map(|seat| seat.participant).collect()).unwrap_or_default()
        };
        assert_eq!(model.len(), seated.len(), "exactly the connected clients have seats");
        for &person in &seated {
            let it = &self.people[person];
            assert!(model.contains(&it.id));
            let others = model.iter().filter(|other| **other != it.id).map(|other| (*other, true));
            assert_eq!(it.known, others.collect(), "the roster is true");
            let at = it.at.as_ref().unwrap();
            let view = self.nodes[at.node].hub.view(&at.seat).await.unwrap().view;
            let order = model.iter().filter(|other| **other != it.id);
            assert!(order.eq(view.others.iter().map(|other| &other.participant)), "in the same order");
            assert_eq!(view.polite, model[0] != it.id);
        }
        self.check_all_hear(&seated).await;
        let counted: usize = self.nodes.iter().map(|node| node.hub.occupancy().participants).sum();
        assert_eq!(counted, seated.len(), "each participant sits on one node");
    }

    async fn check_all_hear(&mut self, seated: &[usize]) {
        if !self.say_all(seated).await {
            // The last signals may be lost with two nodes at once; the next ones reveal the gap.
            for _ in 0..8 {
                self.pass(TICK).await;
                self.run_ready_tasks().await;
            }
            for &person in seated {
                if let (None, node) = (&self.people[person].at, person % self.nodes.len()) {
                    self.join(person, node, self.people[person].own_session());
                }
            }
            self.heal().await;
            assert!(self.say_all(seated).await, "all signals arrive");
        }
    }

    /// Sends signals between all pairs. Returns whether all arrived.
    async fn say_all(&mut self, seated: &[usize]) -> bool {
        let pairs = seated.iter().flat_map(|from| seated.iter().map(|to| (*from, *to)));
        let pairs: Vec<_> = pairs.filter(|(from, to)| from != to).collect();
        for _ in 0..2 {
            for &(from, to) in &pairs {
                assert_eq!(self.signal(from, to), Some(Ok(())));
            }
            while self.net.deliver_all() {
                self.run_ready_tasks().await;
            }
            self.run_ready_tasks().await;
        }
        pairs.iter().all(|(from, to)| {
            self.people[*to].last_heard(self.people[*from].id) == self.people[*from].said[to].0
        })
    }

    /// Reads the events of a client and checks them.
    pub fn listen(&mut self, person: usize) {
        let Some(at) = &mut self.people[person].at else { return };
        let (told, seqs) = (at.connection.told(), at.connection.seqs());
        let news: Vec<_> = seqs.into_iter().zip(told).skip(at.read).collect();
        at.read += news.len();
        for (seq, told) in news {
            let it = &mut self.people[person];
            assert_eq!(seq, it.received + 1, "without a gap and once");
            it.received = seq;
            if let Told::Signal { from: participant, payload, .. } = told {
                assert!(it.known.contains_key(&participant), "nothing comes of one who is not there");
                let said = String::from_utf8(payload).unwrap();
                let (from, number) = said.split_once(' ').unwrap();
                self.hear(person, from.parse().unwrap(), participant, number.parse().unwrap());
            } else {
                it.take_news(&told);
            }
        }
    }

    fn hear(&mut self, person: usize, from: usize, participant: ParticipantId, number: u64) {
        let last = self.people[person].last_heard(participant);
        assert!(number > last, "{person} hears {number} of {from} after {last}: in order and once");
        // A reset of either covers what was sent before it.
        let covered = self.people[person].covered.get(&from).copied().unwrap_or_default();
        let may_be_lost = self.people[from].said[&person].1.max(covered);
        // Signals of a former participant of the same client may be lost.
        let is_new = [person, from].iter().any(|who| self.people[*who].kind != Kind::Resumes);
        let is_excused = self.is_reset_hidden || is_new || number - 1 <= may_be_lost;
        assert!(
            number == last + 1 || is_excused,
            "{person} hears {number} of {from} after {last}: none lost"
        );
        self.people[person].heard.insert(participant, number);
    }
}
