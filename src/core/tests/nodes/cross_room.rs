//! Cross-room signals while their recipient moves from node to node.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::task::{JoinHandle, yield_now};

use super::{
    net::Net,
    on_paused_time,
    registry::{Model, SimRegistry},
};
use crate::core::{
    hub::{
        Hub,
        join::{JoinRequest, RoomPolicy, Seated},
    },
    model::{
        error::SignalError,
        event::SignalKind,
        ids::{NodeId, RoomId},
        session_token::SessionSigner,
    },
    ports::connection::Connection,
    tests::support::{ManualClock, MemoryStore, Recorder, Told, name},
};

const POLICY: RoomPolicy = RoomPolicy::new(1, Duration::from_secs(10));

fn house(of: &str) -> RoomId {
    RoomId::within("users", of).unwrap()
}

fn request(who: &str, session: Option<String>) -> JoinRequest {
    JoinRequest { session, ..JoinRequest::new(house(who), name(who), POLICY) }
}

type Writing = JoinHandle<Result<(), SignalError>>;

/// Ann on the first of three nodes sends signals to Bob.
struct Stage {
    net: Arc<Net>,
    nodes: Vec<(NodeId, Hub)>,
    ann: Seated,
    written: u32,
}

impl Stage {
    async fn new() -> Self {
        let (net, clock, model) = (Net::new(None), ManualClock::new(), Arc::<Mutex<Model>>::default());
        let node = || {
            let registry = SimRegistry::new(net.clone(), clock.clone(), model.clone());
            let store = Arc::new(MemoryStore::default());
            let hub = Hub::new(registry.clone(), store, clock.clone(), SessionSigner::new(b"secret"));
            let id = registry.node;
            net.introduce(id);
            (id, hub)
        };
        let nodes: Vec<_> = (0..3).map(|_| node()).collect();
        let ann = Self::join(&net, &nodes[0].1, "ann", None).await;
        nodes[0].1.attach(&ann.0, Recorder::new()).unwrap();
        Self { net, nodes, ann: ann.0, written: 0 }
    }

    async fn join(net: &Arc<Net>, hub: &Hub, who: &str, session: Option<String>) -> (Seated, String) {
        let (hub, request) = (hub.clone(), request(who, session));
        let joining = tokio::spawn(async move { hub.join(request).await });
        while !joining.is_finished() {
            net.deliver_all();
            yield_now().await;
        }
        let joined = joining.await.unwrap().unwrap();
        (joined.seat, joined.session.as_str().to_owned())
    }

    /// Bob joins on a node, or returns there.
    async fn bob_at(&self, node: usize, session: Option<String>) -> (Seated, String, Arc<Recorder>) {
        let (seat, session) = Self::join(&self.net, &self.nodes[node].1, "bob", session).await;
        let recorder = Recorder::new();
        self.nodes[node].1.attach(&seat, recorder.clone()).unwrap();
        (seat, session, recorder)
    }

    /// Ann sends a signal, and other nodes answer.
    async fn write(&mut self) -> Result<(), SignalError> {
        let writing = self.begin_to_write().await;
        self.finish(writing).await
    }

    /// Ann sends a signal, which stays on its way to another node.
    async fn begin_to_write(&mut self) -> Writing {
        self.written += 1;
        let (hub, seat, payload) = (self.nodes[0].1.clone(), self.ann.clone(), self.written.to_string());
        let writing = tokio::spawn(async move {
            hub.signal_room_anywhere(&seat, &house("bob"), SignalKind::Other, Bytes::from(payload)).await
        });
        for _ in 0..50 {
            yield_now().await;
        }
        writing
    }

    async fn finish(&self, writing: Writing) -> Result<(), SignalError> {
        while !writing.is_finished() {
            self.net.deliver_all();
            yield_now().await;
        }
        writing.await.unwrap()
    }

    async fn run_ready_tasks(&self) {
        for _ in 0..50 {
            self.net.deliver_all();
            yield_now().await;
        }
    }
}

fn payloads(recorder: &Recorder) -> Vec<u32> {
    let told = recorder.told().into_iter().filter_map(|told| match told {
        Told::Signal { payload, .. } => Some(String::from_utf8(payload).unwrap().parse().unwrap()),
        _ => None,
    });
    told.collect()
}

#[test]
fn cross_room_signals_to_a_former_node_follow_the_recipient_in_order() {
    on_paused_time(async {
        let mut stage = Stage::new().await;
        let (seat, _, first) = stage.bob_at(1, None).await;
        stage.write().await.unwrap();
        stage.run_ready_tasks().await;
        assert_eq!(payloads(&first), [1]);
        // Bob leaves before the next one arrives, and joins another node before Ann's node knows.
        let second_signal = stage.begin_to_write().await;
        assert!(!second_signal.is_finished());
        stage.nodes[1].1.leave(&seat).await;
        let hub = stage.nodes[2].1.clone();
        let joined = hub.join(request("bob", None)).await.unwrap();
        let second = Recorder::new();
        hub.attach(&joined.seat, second.clone()).unwrap();
        stage.finish(second_signal).await.unwrap();
        for _ in 0..3 {
            stage.write().await.unwrap();
        }
        stage.run_ready_tasks().await;
        assert_eq!((payloads(&first), payloads(&second)), (vec![1], (2..=5).collect()));
    });
}

#[test]
fn claim_by_session_brings_the_mailbox_along() {
    on_paused_time(async {
        let mut stage = Stage::new().await;
        let (seat, mut session, recorder) = stage.bob_at(1, None).await;
        stage.nodes[1].1.connection_lost(&seat, recorder.id()).await;
        let mut heard = Vec::new();
        // Bob moves to another node, to Ann's node, and away from it.
        for node in [2, 0, 1, 0] {
            for _ in 0..2 {
                stage.write().await.unwrap();
            }
            let writing = stage.begin_to_write().await;
            let (seat, renewed, recorder) = stage.bob_at(node, Some(session)).await;
            session = renewed;
            stage.finish(writing).await.unwrap();
            stage.write().await.unwrap();
            stage.run_ready_tasks().await;
            heard.extend(payloads(&recorder));
            stage.nodes[node].1.connection_lost(&seat, recorder.id()).await;
        }
        assert_eq!(heard, (1..=16).collect::<Vec<_>>());
    });
}

#[test]
fn sender_is_told_when_a_cross_room_recipient_is_gone() {
    on_paused_time(async {
        let mut stage = Stage::new().await;
        assert_eq!(stage.write().await, Err(SignalError::NoSuchParticipant), "no participant has come yet");
        let (seat, ..) = stage.bob_at(1, None).await;
        stage.write().await.unwrap();
        stage.run_ready_tasks().await;
        let writing = stage.begin_to_write().await;
        stage.nodes[1].1.leave(&seat).await;
        assert_eq!(stage.finish(writing).await, Err(SignalError::NoSuchParticipant), "it was on its way");
        assert_eq!(stage.write().await, Err(SignalError::NoSuchParticipant));
    });
}

#[test]
fn recipient_from_a_silent_node_gets_signals_on_its_new_node() {
    on_paused_time(async {
        let mut stage = Stage::new().await;
        let (_, session, first) = stage.bob_at(1, None).await;
        stage.write().await.unwrap();
        stage.run_ready_tasks().await;
        // The first node gets no messages any more, which no node has noticed yet.
        let (hub, request) = (stage.nodes[2].1.clone(), request("bob", Some(session)));
        let joining = tokio::spawn(async move { hub.join(request).await });
        while !joining.is_finished() {
            stage.net.deliver(stage.nodes[2].0, stage.nodes[0].0);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let joined = joining.await.unwrap().unwrap();
        assert!(!joined.resumed);
        let second = Recorder::new();
        stage.nodes[2].1.attach(&joined.seat, second.clone()).unwrap();
        let writing = stage.begin_to_write().await;
        let (ann_node, bob_node) = (stage.nodes[0].0, stage.nodes[2].0);
        while !writing.is_finished() {
            stage.net.deliver(ann_node, bob_node);
            stage.net.deliver(bob_node, ann_node);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        writing.await.unwrap().unwrap();
        assert_eq!((payloads(&first), payloads(&second)), (vec![1], vec![2]));
    });
}

#[test]
fn signal_by_session_is_delivered_on_the_node_of_the_seat() {
    on_paused_time(async {
        let stage = Stage::new().await;
        let (_, session, _) = stage.bob_at(1, None).await;
        let say = async |room: &RoomId, session: &str| {
            let (hub, room, session) = (stage.nodes[2].1.clone(), room.clone(), session.to_owned());
            let saying = tokio::spawn(async move {
                hub.signal_by_session(&room, &session, SignalKind::Offer, Bytes::new()).await
            });
            while !saying.is_finished() {
                stage.run_ready_tasks().await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            saying.await.unwrap().is_ok()
        };
        assert!(say(&house("bob"), &session).await);
        assert!(!say(&house("ann"), &session).await, "the session is for another room");
        stage.net.kill(stage.nodes[1].0);
        assert!(!say(&house("bob"), &session).await, "its node is dead");
    });
}
