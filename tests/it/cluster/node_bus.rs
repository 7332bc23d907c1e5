//! Messages between nodes over Redis arrive in order and once, whatever fails. Nodes learn which other nodes
//! exist.

mod long;

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use bytes::Bytes;
use switchboard::{
    cluster::{RedisRegistry, RedisSettings},
    core::{
        model::{
            event::{Event, Signal, SignalKind},
            ids::{Epoch, NodeId, ParticipantId},
            mailbox::PairSeq,
            seat_table::SeatKey,
        },
        ports::{
            node_bus::{NodeListener, NodeMessage},
            seat_registry::SeatRegistry,
        },
    },
};

use crate::support::{
    clock::TestClock,
    proxy::{Network, Proxy},
    redis::{Redis, join, settings},
    wait::{TIMEOUT, until},
};

/// What a node received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    NodeMessage(u64),
    MessagesLost,
    Gone(NodeId),
    Back(NodeId),
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Heard>>);

impl Recorder {
    fn note(&self, heard: Heard) {
        self.0.lock().unwrap().push(heard);
    }

    fn has(&self, heard: Heard) -> bool {
        self.0.lock().unwrap().contains(&heard)
    }

    /// The numbers of all messages, and whether any were lost.
    fn messages(&self) -> (Vec<u64>, bool) {
        let heard = self.0.lock().unwrap();
        let number =
            |heard: &Heard| if let Heard::NodeMessage(number) = heard { Some(*number) } else { None };
        (heard.iter().filter_map(number).collect(), heard.contains(&Heard::MessagesLost))
    }
}

impl NodeListener for Recorder {
    fn receive(&self, _: NodeId, message: NodeMessage) {
        match message {
            NodeMessage::Deliver {
                seq: Some(PairSeq { number, .. }), event: Event::Signal(signal), ..
            } => {
                assert_eq!(signal.payload, payload(number));
                self.note(Heard::NodeMessage(number));
            }
            other => panic!("{other:?}"),
        }
    }

    fn messages_lost(&self, _: NodeId) {
        self.note(Heard::MessagesLost);
    }

    fn node_lost(&self, node: NodeId) {
        self.note(Heard::Gone(node));
    }

    fn node_returned(&self, node: NodeId) {
        self.note(Heard::Back(node));
    }
}

/// A node and everything it received.
struct Node {
    cluster: Arc<RedisRegistry>,
    recorder: Arc<Recorder>,
}

impl Node {
    fn serving(cluster: RedisRegistry) -> Self {
        let (cluster, recorder) = (Arc::new(cluster), Arc::new(Recorder::default()));
        let weak: Weak<Recorder> = Arc::downgrade(&recorder);
        cluster.serve(weak);
        Self { cluster, recorder }
    }

    fn id(&self) -> NodeId {
        self.cluster.node()
    }

    /// Sends one message as soon as there is room for it.
    async fn tell(&self, other: &Self, number: u64) {
        while self.cluster.node_bus().send(other.id(), told(number)).is_err() {
            tokio::task::yield_now().await;
        }
    }

    async fn waits_for(&self, heard: Heard) {
        until("the node hears", TIMEOUT, async || self.recorder.has(heard).then_some(())).await;
    }
}

fn payload(number: u64) -> Bytes {
    format!("{{\"candidate\":\"candidate:{number} 1 udp 2122260223 192.0.2.7 {number} typ host\"}}").into()
}

fn told(number: u64) -> NodeMessage {
    let from = ParticipantId::random();
    NodeMessage::Deliver {
        to: SeatKey { room: "7".parse().unwrap(), participant: ParticipantId::random(), epoch: Epoch(1) },
        from,
        seq: Some(PairSeq { from: Epoch(1), to: Epoch(1), number }),
        event: Event::Signal(Signal {
            from,
            name: "Ann".parse().unwrap(),
            kind: SignalKind::Candidate,
            payload: payload(number),
        }),
    }
}

/// Two nodes, each with its own network to Redis.
struct Pair {
    redis: Redis,
    ways: [Proxy; 2],
    nodes: [Node; 2],
    /// The number of the last message in each direction.
    last: u64,
}

impl Pair {
    async fn meet() -> Self {
        let redis = Redis::start().await;
        let ways = [Proxy::to(redis.address()).await, Proxy::to(redis.address()).await];
        let node = async |way: &Proxy| Node::serving(join(&format!("redis://{}/", way.address)).await);
        let nodes = [node(&ways[0]).await, node(&ways[1]).await];
        nodes[0].waits_for(Heard::Back(nodes[1].id())).await;
        nodes[1].waits_for(Heard::Back(nodes[0].id())).await;
        Self { redis, ways, nodes, last: 0 }
    }

    async fn tell(&mut self, count: u64) {
        let [ann, bob] = &self.nodes;
        for _ in 0..count {
            self.last += 1;
            tokio::join!(ann.tell(bob, self.last), bob.tell(ann, self.last));
        }
    }

    /// Waits until each node has received this many messages.
    async fn have_heard(&self, count: u64) {
        let all = async || {
            let has_heard = |node: &Node| node.recorder.messages().0.len() as u64 >= count;
            self.nodes.iter().all(has_heard).then_some(())
        };
        until("the nodes have heard enough", TIMEOUT, all).await;
    }

    async fn break_something(&mut self, round: u64) {
        match round % 4 {
            0 => self.redis.kill(),
            1 => self.redis.pause(),
            2 => self.ways[0].set(Network::Cut),
            _ => self.ways[1].set(Network::Silent),
        }
        let is_noticed = async || {
            let (ann, bob) = (self.nodes[0].cluster.check().await, self.nodes[1].cluster.check().await);
            (ann.is_err() || bob.is_err()).then_some(())
        };
        until("something is broken", TIMEOUT, is_noticed).await;
    }

    async fn mend(&mut self, round: u64) {
        match round % 4 {
            0 => self.redis.run().await,
            1 => self.redis.resume(),
            2 => self.ways[0].set(Network::Works),
            _ => self.ways[1].set(Network::Works),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_sent_while_redis_is_down_arrive_after_its_return() {
    let mut redis = Redis::prepare();
    let (ann, bob) = (Node::serving(join(&redis.url()).await), Node::serving(join(&redis.url()).await));
    ann.tell(&bob, 1).await;
    redis.run().await;
    bob.waits_for(Heard::NodeMessage(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flush_returns_when_every_message_has_arrived() {
    let mut pair = Pair::meet().await;
    pair.tell(100).await;
    let [ann, bob] = &pair.nodes;
    ann.cluster.node_bus().flushed().await;
    assert_eq!(bob.recorder.messages().0.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_learn_of_other_nodes_and_a_cut_off_node_declares_none_gone() {
    let (redis, clock) = (Redis::start().await, Arc::new(TestClock::new()));
    let proxy = Proxy::to(redis.address()).await;
    let node = async |url: String| {
        let settings =
            RedisSettings { clock: clock.clone(), test_clock: Some(clock.clone()), ..settings(&url) };
        Node::serving(RedisRegistry::join(settings).await.unwrap())
    };
    let ann = node(redis.url()).await;
    let bob = node(format!("redis://{}/", proxy.address)).await;
    let cy = node(redis.url()).await;
    ann.waits_for(Heard::Back(bob.id())).await;
    ann.waits_for(Heard::Back(cy.id())).await;
    bob.waits_for(Heard::Back(ann.id())).await;

    proxy.set(Network::Cut);
    let cy_id = cy.id();
    drop(cy);
    let has_passed = async |seconds: u64, heard: Heard| {
        for _ in 0..seconds {
            clock.pass(Duration::from_secs(1));
            // A node greets before it is settled.
            let _ = ann.cluster.check().await;
        }
        ann.waits_for(heard).await;
    };
    has_passed(4, Heard::Gone(cy_id)).await;
    ann.waits_for(Heard::Gone(bob.id())).await;
    assert!(!ann.cluster.node_bus().is_alive(bob.id()));
    assert!(bob.cluster.node_bus().is_alive(ann.id()) && bob.cluster.node_bus().is_alive(cy_id));

    proxy.set(Network::Works);
    let back = async || ann.cluster.node_bus().is_alive(bob.id()).then_some(());
    until("who was cut off is back", TIMEOUT, back).await;
    assert!(!bob.recorder.has(Heard::Gone(ann.id())) && !bob.recorder.has(Heard::Gone(cy_id)));
}
