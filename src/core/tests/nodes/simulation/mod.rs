//! Clients of one room on several nodes, and faults of nodes and bus.
//!
//! Each step is checked against the promises.

mod person;
mod promises;

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::task::{JoinHandle, yield_now};

pub use self::person::{Kind, Person};
use super::{
    net::{Net, Wrong},
    registry::{Model, SimRegistry},
};
use crate::core::{
    delivery::outbox::RESET,
    hub::{
        Hub,
        join::{JoinRequest, Joined, RoomPolicy, Seated},
    },
    model::{
        error::{JoinError, SignalError},
        event::SignalKind,
        ids::{NodeId, RoomId},
        seat_table::SeatKey,
        session_token::SessionSigner,
    },
    ports::{
        clock::Clock,
        connection::{CloseReason, Connection},
    },
    tests::support::{ManualClock, MemoryStore, Recorder, name, room_id},
};

pub const LEASE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(500);

/// A node: replaced by a new one when it dies.
pub struct Node {
    pub hub: Hub,
    pub registry: Arc<SimRegistry>,
    id: NodeId,
    stopping: Option<JoinHandle<()>>,
}

pub struct At {
    pub node: usize,
    pub seat: Seated,
    pub connection: Arc<Recorder>,
    read: usize,
}

pub struct Joining {
    node: usize,
    /// The seat that its session proved when the join began.
    held: Option<SeatKey>,
    task: JoinHandle<Result<Joined, JoinError>>,
}

pub struct Simulation {
    pub net: Arc<Net>,
    pub clock: Arc<ManualClock>,
    model: Arc<Mutex<Model>>,
    store: Arc<MemoryStore>,
    pub nodes: Vec<Node>,
    pub people: Vec<Person>,
    seats: usize,
    /// A fault keeps nodes from telling each other of a reset.
    ///
    /// The model forgot who is there, a bus takes nothing, a node is silent, or a message takes longer than a
    /// join waits.
    pub is_reset_hidden: bool,
    /// Resets other than after a second move.
    pub resets: usize,
    /// Resets after a second move while the mailbox was on its way.
    pub second_move_resets: usize,
}

fn room() -> RoomId {
    room_id("r")
}

impl Simulation {
    /// Clients that can all resume.
    pub fn new(nodes: usize, people: usize, seats: usize, wrong: Option<Wrong>) -> Self {
        Self::with(nodes, &vec![Kind::Resumes; people], seats, wrong)
    }

    pub fn with(nodes: usize, people: &[Kind], seats: usize, wrong: Option<Wrong>) -> Self {
        let mut sim = Self {
            net: Net::new(wrong),
            clock: ManualClock::new(),
            model: Arc::default(),
            store: Arc::new(MemoryStore::default()),
            nodes: Vec::new(),
            people: people.iter().map(|kind| Person::new(*kind)).collect(),
            seats,
            is_reset_hidden: false,
            resets: 0,
            second_move_resets: 0,
        };
        sim.nodes = (0..nodes).map(|_| sim.node()).collect();
        sim
    }

    fn node(&self) -> Node {
        let registry = SimRegistry::new(self.net.clone(), self.clock.clone(), self.model.clone());
        let signer = SessionSigner::new(b"secret");
        let hub = Hub::new(registry.clone(), self.store.clone(), self.clock.clone(), signer);
        let id = registry.node;
        self.net.introduce(id);
        Node { hub, registry, id, stopping: None }
    }

    pub fn pair(&self, from: usize, to: usize) -> (NodeId, NodeId) {
        (self.nodes[from].id, self.nodes[to].id)
    }

    /// Runs all tasks that are ready.
    pub async fn run_ready_tasks(&mut self) {
        for _ in 0..12 {
            yield_now().await;
        }
        for person in 0..self.people.len() {
            self.attach_answered(person);
            self.finish_joining(person).await;
            self.listen(person);
            self.notice_end(person).await;
        }
        let now = self.clock.now();
        let model = self.model.lock().unwrap();
        if let Some(seats) = model.rooms.get(&room()) {
            assert!(seats.live(now).count() <= self.seats, "never too many seats");
        }
        assert_eq!(model.displaced, [], "no protected seat is taken from its holder");
    }

    /// Starts a join on a node. `how` chooses session and protection of a stranger.
    pub fn join(&mut self, person: usize, node: usize, how: usize) {
        let (hub, policy) = (self.nodes[node].hub.clone(), self.policy());
        let it = &mut self.people[person];
        it.older.extend(it.at.take());
        it.answered = None;
        let (proves, protected) = match it.kind {
            Kind::Resumes => (Some(it.id), true),
            Kind::Forgets => (None, false),
            Kind::Stranger => (it.former.get(how / 2).copied(), how.is_multiple_of(2)),
        };
        let request = JoinRequest {
            session: proves.map(|id| hub.session_for(&room(), id).as_str().to_owned()),
            received: Some(if it.has_joined && proves == Some(it.id) { it.received } else { RESET }),
            protected,
            ..JoinRequest::new(room(), name(&format!("person {person}")), policy)
        };
        let held = {
            let model = self.model.lock().unwrap();
            let seat = proves.and_then(|id| model.held(&room(), id, self.clock.now()));
            seat.map(|seat| seat.key_in(&room()))
        };
        let task = tokio::spawn(async move { hub.join(request).await });
        if let Some(given_up) = it.joining.replace(Joining { node, held, task }) {
            given_up.task.abort();
        }
    }

    /// A join is dropped where it is.
    pub fn give_up_join(&mut self, person: usize) {
        if let Some(given_up) = self.people[person].joining.take() {
            given_up.task.abort();
        }
    }

    fn policy(&self) -> RoomPolicy {
        RoomPolicy { unprotected_lease: Some(LEASE / 3), ..RoomPolicy::new(self.seats, LEASE) }
    }

    async fn finish_joining(&mut self, person: usize) {
        let it = &mut self.people[person];
        let Some(joining) = it.joining.take_if(|joining| joining.task.is_finished()) else { return };
        let joined = match joining.task.await {
            Ok(Ok(joined)) => joined,
            Ok(Err(JoinError::RoomFull { .. })) => return self.check_refusal(person, joining.held),
            _ => return,
        };
        let sent = |from: &Person| from.said.get(&person).map_or(0, |(said, _)| *said);
        let sent = self.people.iter().map(sent).enumerate().collect();
        let it = &mut self.people[person];
        it.become_(joined.seat.participant());
        let moved_twice = self.model.lock().unwrap().moved_twice.contains(&it.id);
        if joined.resumed {
            assert_eq!(joined.view.seq, it.received, "it continues where it was");
        } else {
            self.second_move_resets += usize::from(it.has_joined && moved_twice);
            self.resets += usize::from(it.has_joined && !moved_twice);
            it.reset(&joined, sent);
            self.is_reset_hidden |= self.net.awaits_confirmation(self.nodes[joining.node].id);
        }
        it.has_joined = true;
        it.answered = Some((joining.node, joined));
    }

    /// Attaches a connection one step after its join was answered.
    fn attach_answered(&mut self, person: usize) {
        let it = &mut self.people[person];
        let Some((node, Joined { seat, .. })) = it.answered.take() else { return };
        let connection = Recorder::new();
        if self.nodes[node].hub.attach(&seat, connection.clone()).is_ok() {
            // Until here the answer to the join may not have arrived, so that a reset is told again.
            self.model.lock().unwrap().moved_twice.remove(&it.id);
            it.at = Some(At { node, seat, connection, read: 0 });
        }
    }

    pub async fn leave(&mut self, person: usize) {
        if let Some(leaving) = self.begin_leave(person) {
            leaving.await;
        }
    }

    /// A client leaves while the future runs.
    pub fn begin_leave(&mut self, person: usize) -> Option<impl Future<Output = ()> + Send + 'static> {
        let it = &mut self.people[person];
        let At { node, seat, .. } = it.at.take()?;
        it.has_joined = false;
        self.model.lock().unwrap().left.insert(seat.participant(), seat.key.epoch);
        let hub = self.nodes[node].hub.clone();
        Some(async move { hub.leave(&seat).await })
    }

    /// The client turns out to be able to resume.
    pub async fn protect(&mut self, person: usize) {
        if let Some(at) = &self.people[person].at {
            self.nodes[at.node].hub.protect(&at.seat).await;
        }
    }

    /// The client closes its connection.
    pub async fn close(&mut self, person: usize) {
        if let Some(at) = self.people[person].at.take() {
            self.nodes[at.node].hub.connection_closed(&at.seat, at.connection.id()).await;
        }
    }

    /// A node notices the loss of the oldest connection that it still counts as live.
    pub async fn lose(&mut self, person: usize) {
        let it = &mut self.people[person];
        let lost = if it.older.is_empty() { it.at.take() } else { Some(it.older.remove(0)) };
        if let Some(at) = lost {
            self.nodes[at.node].hub.connection_lost(&at.seat, at.connection.id()).await;
        }
    }

    pub fn signal(&mut self, from: usize, to: usize) -> Option<Result<(), SignalError>> {
        let recipient = self.people[to].id;
        let it = &mut self.people[from];
        let at = it.at.as_ref().filter(|_| from != to)?;
        let (said, _) = it.said.entry(to).or_default();
        let payload = Bytes::from(format!("{from} {}", *said + 1));
        let outcome = self.nodes[at.node].hub.signal(&at.seat, recipient, SignalKind::Candidate, payload);
        *said += u64::from(outcome.is_ok());
        Some(outcome)
    }

    pub fn is_joining(&self, person: usize) -> bool {
        self.people[person].joining.is_some()
    }

    /// A node dies, and a new one takes its place.
    pub fn kill(&mut self, node: usize) {
        let new = self.node();
        let old = std::mem::replace(&mut self.nodes[node], new);
        old.registry.is_cut.store(true, Ordering::Relaxed);
        self.net.kill(old.id);
        if let Some(stopping) = old.stopping {
            stopping.abort();
        }
        for person in &mut self.people {
            person.older.retain(|at| at.node != node);
            person.at.take_if(|at| at.node == node);
            person.answered.take_if(|(at, _)| *at == node);
            if let Some(joining) = person.joining.take_if(|joining| joining.node == node) {
                joining.task.abort();
            }
        }
    }

    /// A node begins to drain.
    pub fn stop(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        if node.stopping.is_none() {
            node.hub.drain();
            let hub = node.hub.clone();
            node.stopping = Some(tokio::spawn(async move {
                hub.migrate_all(Duration::ZERO, Duration::from_secs(5)).await;
                hub.release_open_seats().await;
            }));
        }
    }

    pub fn is_a_node_stopping(&self) -> bool {
        self.nodes.iter().any(|node| node.stopping.is_some())
    }

    pub async fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        tokio::time::advance(time).await;
        for node in 0..self.nodes.len() {
            if self.nodes[node].stopping.as_ref().is_some_and(JoinHandle::is_finished) {
                self.kill(node);
            }
            self.nodes[node].hub.tick().await;
        }
    }

    /// The model forgets all seats, and every node that reaches it restores its own.
    pub fn forget(&mut self) {
        self.is_reset_hidden = true;
        self.model.lock().unwrap().rooms.clear();
        self.nodes.iter().for_each(|node| node.registry.put_back());
    }

    pub fn cut(&mut self, node: usize, is_cut: bool) {
        self.nodes[node].registry.is_cut.store(is_cut, Ordering::Relaxed);
        self.nodes[node].registry.put_back();
    }

    /// Ends all faults, and lets time pass until every node has the same view.
    pub async fn heal(&mut self) {
        self.net.heal();
        for node in 0..self.nodes.len() {
            self.cut(node, false);
            self.nodes[node].registry.answer_is_lost.store(false, Ordering::Relaxed);
        }
        let mut passed = Duration::ZERO;
        while passed < 2 * LEASE + Duration::from_secs(6) {
            while self.net.deliver_all() {
                self.run_ready_tasks().await;
            }
            self.pass(TICK).await;
            self.run_ready_tasks().await;
            passed += TICK;
            for person in 0..self.people.len() {
                while !self.people[person].older.is_empty() {
                    self.lose(person).await;
                }
            }
        }
        assert!(self.people.iter().all(|person| person.joining.is_none()), "every join ends");
    }

    /// A client whose connection was closed returns later, unless it was replaced.
    async fn notice_end(&mut self, person: usize) {
        let is_closed = |at: &mut At| !at.connection.closed().is_empty();
        if let Some(at) = self.people[person].at.take_if(is_closed) {
            if at.connection.closed().contains(&CloseReason::Replaced) {
                self.check_replaced(person, &at);
            }
            self.nodes[at.node].hub.connection_lost(&at.seat, at.connection.id()).await;
        }
    }
}
