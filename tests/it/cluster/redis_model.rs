//! The scripts in Redis against their specification, the model of seats: the same random steps must have the
//! same outcomes. Both use one clock.

use std::{sync::Arc, time::Duration};

use proptest::{collection::vec, prelude::*};
use redis::aio::MultiplexedConnection;
use switchboard::{
    cluster::{RedisRegistry, RedisSettings, redis::RESTORE_WINDOW},
    core::{
        model::{
            ids::{Epoch, ParticipantId, RoomId},
            seat_table::{Claim, Renewal, RoomPolicy, Seat, SeatKey, Seats},
        },
        ports::{
            clock::Clock,
            seat_registry::{ClaimError, SeatRegistry},
        },
    },
};

use super::seats::renewal;
use crate::support::{
    clock::TestClock,
    property::check_property,
    redis::{Redis, fresh_prefix, ready, settings},
};

const PEOPLE: usize = 4;
const SEATS: usize = 2;
const NAMES: [&str; 2] = ["Ann", "Bob of ward 3"];

fn policy(unique_names: bool, lease: Duration) -> RoomPolicy {
    RoomPolicy { unique_names, ..RoomPolicy::new(SEATS, lease) }
}

#[derive(Debug, Clone)]
enum Step {
    Claim {
        node: usize,
        person: usize,
        name: usize,
        unique: bool,
        protected: bool,
        lease: u64,
    },
    Renew {
        person: usize,
        lease: u64,
        connected: bool,
        protected: bool,
    },
    Release {
        person: usize,
    },
    /// Renews and releases a participant's former seat.
    Late {
        person: usize,
    },
    Holding {
        person: usize,
    },
    Expire,
    Pass {
        ms: u64,
    },
    /// Redis loses the room, and the nodes reconnect.
    Forget,
    /// Redis saves the room.
    Save,
    /// Redis returns with the saved room, and the nodes reconnect.
    GoBack,
}

fn steps(nodes: usize) -> impl Strategy<Value = Vec<Step>> {
    let (person, lease) = (0..PEOPLE, 1_u64..100);
    let (unique, protected) = (prop::bool::weighted(0.2), prop::bool::weighted(0.5));
    let claim = (0..nodes, person.clone(), 0..NAMES.len(), (unique, protected), lease.clone());
    // With several nodes, each learns of an end at another time, and a node does not look for a seat that it
    // released long ago. A model of one room has neither.
    let (alone, several) = (u32::from(nodes == 1), u32::from(nodes > 1));
    let step = prop_oneof![
        4 => claim.prop_map(|(node, person, name, (unique, protected), lease)| {
            Step::Claim { node, person, name, unique, protected, lease }
        }),
        3 => (person.clone(), lease, any::<bool>(), prop::bool::weighted(0.1)).prop_map(
            |(person, lease, connected, protected)| Step::Renew { person, lease, connected, protected },
        ),
        1 => person.clone().prop_map(|person| Step::Release { person }),
        1 => person.clone().prop_map(|person| Step::Late { person }),
        1 => person.prop_map(|person| Step::Holding { person }),
        alone => Just(Step::Expire),
        2 => (0_u64..60).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Forget),
        several => Just(Step::Save),
        several => Just(Step::GoBack),
    ];
    vec(step, 1..60)
}

/// Nodes of one Redis with a common clock.
struct Stage {
    clock: Arc<TestClock>,
    nodes: Vec<Arc<RedisRegistry>>,
    /// A node that claims nothing, so it knows only what Redis has.
    stranger: Arc<RedisRegistry>,
    redis: MultiplexedConnection,
    prefix: String,
}

impl Stage {
    async fn set(nodes: usize) -> Self {
        let (redis, clock) = (Redis::shared().await, Arc::new(TestClock::new()));
        let prefix = fresh_prefix();
        let join = async || {
            let settings = RedisSettings {
                prefix: prefix.clone(),
                clock: clock.clone(),
                test_clock: Some(clock.clone()),
                ..settings(&redis.url())
            };
            Arc::new(RedisRegistry::join(settings).await.unwrap())
        };
        let (mut joined, stranger) = (Vec::new(), join().await);
        for _ in 0..nodes {
            joined.push(join().await);
        }
        clock.pass(RESTORE_WINDOW);
        ready(stranger.clone()).await;
        let redis = redis.connect().await.unwrap();
        Self { clock, nodes: joined, stranger, redis, prefix }
    }
}

/// One room in Redis and in the model.
struct World<'a> {
    stage: &'a Stage,
    room: RoomId,
    model: Seats,
    /// The saved room, and the model at that time.
    saved: (Option<Vec<u8>>, Seats),
    last: Epoch,
    people: Vec<Person>,
}

struct Person {
    id: ParticipantId,
    newest: Option<Newest>,
    before: Option<Epoch>,
}

/// A participant's last claim.
struct Newest {
    key: SeatKey,
    node: usize,
    /// The seat with the lease that its node wants, until the node is told of its loss.
    own: Option<Seat>,
    /// The length of a renewed lease.
    lease: Duration,
    unique: bool,
}

impl<'a> World<'a> {
    fn new(stage: &'a Stage) -> Self {
        let people = (0..PEOPLE).map(|_| Person { id: ParticipantId::random(), newest: None, before: None });
        let room = ParticipantId::random().to_string().parse().unwrap();
        Self {
            stage,
            room,
            model: Seats::default(),
            saved: (None, Seats::default()),
            last: Epoch(0),
            people: people.collect(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Claim { node, person, name, unique, protected, lease } => {
                let lease = Duration::from_millis(lease);
                self.claim(node, person, NAMES[name], (unique, protected), lease).await;
            }
            Step::Renew { person, lease, connected, protected } => {
                self.renew(person, Duration::from_millis(lease), connected, protected).await;
            }
            Step::Release { person } => self.release(person).await,
            Step::Late { person } => self.come_late(person).await,
            Step::Holding { person } => {
                let id = self.people[person].id;
                let held = self.stage.stranger.seat_of(&self.room, id).await.unwrap();
                assert_eq!(held.as_ref(), self.model.seat_of(id, self.stage.clock.now()));
            }
            Step::Expire => self.expire().await,
            Step::Pass { ms } => self.stage.clock.pass(Duration::from_millis(ms)),
            Step::Forget => self.go_back(None, Seats::default()).await,
            Step::Save => {
                let dump = self.redis("DUMP").query_async(&mut self.stage.redis.clone()).await.unwrap();
                self.saved = (dump, self.model.clone());
            }
            Step::GoBack => {
                let (dump, model) = self.saved.clone();
                self.go_back(dump, model).await;
            }
        }
    }

    fn redis(&self, command: &str) -> redis::Cmd {
        let mut command = redis::cmd(command);
        command.arg(format!("{}seats:{{{}}}", self.stage.prefix, self.room.as_str()));
        command
    }

    async fn go_back(&mut self, dump: Option<Vec<u8>>, model: Seats) {
        let mut redis = self.stage.redis.clone();
        self.redis("DEL").exec_async(&mut redis).await.unwrap();
        if let Some(dump) = dump {
            self.redis("RESTORE").arg(0).arg(dump).exec_async(&mut redis).await.unwrap();
        }
        self.model = model;
        // The first round writes the known epochs to Redis, the second one reads them.
        for node in self.stage.nodes.iter().chain(&self.stage.nodes) {
            node.check().await.unwrap();
        }
    }

    async fn claim(
        &mut self,
        node: usize,
        person: usize,
        name: &str,
        (unique, protected): (bool, bool),
        lease: Duration,
    ) {
        let (room, participant) = (self.room.clone(), self.people[person].id);
        let name = name.parse().unwrap();
        let claim = Claim { room, policy: policy(unique, lease), participant, name, protected, over: None };
        let (cluster, now) = (&self.stage.nodes[node], self.stage.clock.now());
        let outcome = match cluster.claim(claim.clone()).await {
            Ok(claimed) => Ok(claimed),
            Err(ClaimError::Refused(refused)) => Err(refused),
            Err(ClaimError::Unavailable(error)) => panic!("{error}"),
        };
        let epoch = outcome.as_ref().map_or(Epoch(self.last.0 + 1), |claimed| claimed.seat.epoch);
        assert!(epoch > self.last, "epochs only grow, whatever is forgotten");
        assert_eq!(outcome, self.model.claim(&claim, cluster.node(), epoch, now));
        let Ok(claimed) = outcome else { return };
        self.last = epoch;
        for ended in claimed.ended {
            self.told(node, &ended.key_in(&self.room));
        }
        let own = self.model.seat_of(participant, now).cloned();
        let key = own.as_ref().expect("it was claimed just now").key_in(&self.room);
        let before = self.people[person].newest.replace(Newest { key, node, own, lease, unique });
        self.people[person].before = before.map(|newest| newest.key.epoch).or(self.people[person].before);
    }

    async fn renew(&mut self, person: usize, lease: Duration, connected: bool, protected: bool) {
        let Some(newest) = &mut self.people[person].newest else { return };
        let now = self.stage.clock.now();
        let renewal = Renewal { key: newest.key.clone(), lease, connected, protected };
        let lost = self.stage.nodes[newest.node].renew(std::slice::from_ref(&renewal)).await.lost;
        let renewed = match &mut newest.own {
            Some(own) => {
                own.lease_ends = now + lease;
                own.connected = connected;
                own.protected |= protected;
                if connected {
                    newest.lease = lease;
                }
                self.model.restore(own, &policy(newest.unique, newest.lease), now)
            }
            None => self.model.renew(&renewal, now),
        };
        assert_eq!(lost.is_empty(), renewed);
        if !renewed {
            newest.own = None;
        }
    }

    async fn release(&mut self, person: usize) {
        let Some(newest) = &mut self.people[person].newest else { return };
        let released = self.stage.nodes[newest.node].release(&newest.key).await.unwrap();
        assert_eq!(released, self.model.release(newest.key.participant, newest.key.epoch));
        newest.own = None;
    }

    async fn come_late(&mut self, person: usize) {
        let Person { id, before: Some(epoch), .. } = self.people[person] else { return };
        let key = SeatKey { room: self.room.clone(), participant: id, epoch };
        let (lease, now) = (Duration::from_millis(20), self.stage.clock.now());
        let renewal = renewal(&key, lease);
        let lost = self.stage.stranger.renew(std::slice::from_ref(&renewal)).await.lost;
        assert_eq!(lost.is_empty(), self.model.renew(&renewal, now));
        assert_eq!(self.stage.stranger.release(&key).await.unwrap(), self.model.release(id, epoch));
    }

    /// On the only node with claims, which therefore knows every seat.
    async fn expire(&mut self) {
        let now = self.stage.clock.now();
        let told = self.stage.nodes[0].expire().await.unwrap();
        let told: Vec<_> =
            told.into_iter().map(|lost| lost.key().clone()).filter(|key| key.room == self.room).collect();
        for ended in self.model.expire(now) {
            assert!(
                told.contains(&ended.key_in(&self.room)),
                "every node that knew the seat is told of its end"
            );
        }
        // The node restores seats that Redis lost, in the order of their claims, where the model would. The
        // lease of a connected holder starts again.
        let mut newest: Vec<_> = self.people.iter_mut().filter_map(|person| person.newest.as_mut()).collect();
        newest.sort_by_key(|newest| newest.key.epoch);
        for Newest { key, own, unique, lease, .. } in newest {
            let Some(own) = own.as_mut().filter(|own| own.lease_ends > now) else { continue };
            let held = self.stage.stranger.seat_of(&self.room, key.participant).await.unwrap();
            let Some(held) = held.filter(|held| held.epoch == key.epoch) else { continue };
            if self.model.seat_of(key.participant, now).is_none() && own.connected {
                own.lease_ends = now + *lease;
            }
            assert_eq!(held.lease_ends, own.lease_ends);
            assert!(self.model.restore(own, &policy(*unique, *lease), now));
        }
        for key in told {
            let held = self.model.seat_of(key.participant, now);
            assert!(held.is_none_or(|held| held.epoch != key.epoch), "every announced end has happened");
            self.told(0, &key);
        }
    }

    /// Records that a node was told of the loss of a seat.
    fn told(&mut self, node: usize, key: &SeatKey) {
        let newest = self.people.iter_mut().filter_map(|person| person.newest.as_mut());
        for newest in newest.filter(|newest| newest.node == node && newest.key == *key) {
            newest.own = None;
        }
    }

    /// Releases every seat, so that no node renews one any more.
    async fn tidy(self) {
        for newest in self.people.into_iter().filter_map(|person| person.newest) {
            self.stage.nodes[newest.node].release(&newest.key).await.unwrap();
        }
    }
}

fn scripts_do_what_the_model_does(nodes: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::set(nodes));
    check_property(128, &steps(nodes), |steps| {
        runtime.block_on(async {
            let mut world = World::new(&stage);
            for step in steps {
                world.take(step).await;
            }
            world.tidy().await;
        });
    });
}

#[test]
fn scripts_behave_as_the_model() {
    scripts_do_what_the_model_does(1);
}

#[test]
fn scripts_behave_as_the_model_for_several_nodes() {
    scripts_do_what_the_model_does(3);
}
