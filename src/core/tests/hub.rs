//! The hub on a node without others: joins, returns, replacements, releases.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::task::JoinSet;

use super::support::{ManualClock, MemoryStore, Recorder, Told, kept, name, room_id};
use crate::{
    cluster::LocalRegistry,
    core::{
        delivery::outbox::RESET,
        hub::{
            Hub,
            history::Published,
            join::{JoinRequest, Joined, RoomPolicy, Taken},
            liveness::{ANSWER_VALID, PROBE_DEADLINE},
        },
        model::{
            error::{JoinError, Replaced, SignalError, Unavailable},
            event::{LeaveReason, SignalKind},
            ids::{ParticipantId, RoomId},
            session_token::SessionSigner,
        },
        ports::connection::{CloseReason, Connection},
    },
};

const LEASE: Duration = Duration::from_secs(30);
const UNPROTECTED_LEASE: Duration = Duration::from_secs(10);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct OneNode {
    hub: Hub,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    cluster: Arc<LocalRegistry>,
    unique_names: bool,
}

impl OneNode {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = Arc::new(MemoryStore::default());
        let cluster = Arc::new(LocalRegistry::new(clock.clone()));
        let hub = Hub::new(cluster.clone(), store.clone(), clock.clone(), SessionSigner::new(b"secret"));
        Self { hub, clock, store, cluster, unique_names: false }
    }

    async fn try_join(&self, who: &str, session: Option<&str>) -> Result<Joined, JoinError> {
        self.try_join_room(room_id("7"), who, session).await
    }

    async fn try_join_room(
        &self,
        room: RoomId,
        who: &str,
        session: Option<&str>,
    ) -> Result<Joined, JoinError> {
        let policy = RoomPolicy { unique_names: self.unique_names, ..RoomPolicy::new(2, LEASE) };
        let session = session.map(str::to_owned);
        let request = JoinRequest { session, ..JoinRequest::new(room, name(who), policy) };
        self.hub.join(request).await
    }

    async fn take_seat(&self, session: Option<&str>) -> Result<Taken, JoinError> {
        let (session, received) = (session.map(str::to_owned), Some(RESET));
        let request = JoinRequest::new(room_id("7"), name("Ann"), RoomPolicy::new(2, LEASE));
        let request = JoinRequest { session, received, ..request };
        self.hub.take_seat(request).await
    }

    async fn join(&self, who: &str, session: Option<&str>) -> (Joined, Arc<Recorder>) {
        let joined = self.try_join(who, session).await.unwrap();
        let connection = Recorder::new();
        self.hub.attach(&joined.seat, connection.clone()).unwrap();
        (joined, connection)
    }

    fn send(&self, from: &Joined, to: &Joined, payload: &'static str) -> Result<(), SignalError> {
        let payload = Bytes::from_static(payload.as_bytes());
        self.hub.signal(&from.seat, to.seat.participant(), SignalKind::Offer, payload)
    }

    async fn write(&self, from: &Joined, id: &str) -> Result<Published, Unavailable> {
        let message = self.hub.compose(&from.seat, id, "hi").unwrap();
        self.hub.publish(&from.seat, &message, kept(&message)).await
    }

    /// Joins as a client of the mesh door that can resume or cannot.
    async fn try_come(&self, who: &str, session: Option<&str>, protected: bool) -> Result<Joined, JoinError> {
        let policy = RoomPolicy {
            unprotected_lease: Some(UNPROTECTED_LEASE),
            away_per_address: 2,
            ..RoomPolicy::new(2, LEASE)
        };
        let session = session.map(str::to_owned);
        let address = Some(ADDRESS);
        let request = JoinRequest::new(room_id("7"), name(who), policy);
        self.hub.join(JoinRequest { session, protected, address, ..request }).await
    }

    async fn come(&self, who: &str, session: Option<&str>, protected: bool) -> (Joined, Arc<Recorder>) {
        let joined = self.try_come(who, session, protected).await.unwrap();
        let connection = Recorder::new();
        self.hub.attach(&joined.seat, connection.clone()).unwrap();
        (joined, connection)
    }

    async fn wait(&self, time: Duration) {
        self.clock.advance(time);
        self.hub.tick().await;
    }
}

fn payloads(connection: &Recorder) -> Vec<String> {
    let signals = connection.told().into_iter().filter_map(|told| match told {
        Told::Signal { payload, .. } => Some(String::from_utf8(payload).unwrap()),
        _ => None,
    });
    signals.collect()
}

#[tokio::test]
async fn two_participants_receive_only_each_others_signals() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    assert!(ann.view.others.is_empty() && !ann.view.polite);
    assert_eq!(bob.view.others[0].participant, ann.seat.participant());
    assert!(bob.view.polite);

    node.send(&bob, &ann, "offer").unwrap();
    node.send(&ann, &bob, "answer").unwrap();
    assert_eq!(payloads(&ann_hears), ["offer"]);
    assert_eq!(payloads(&bob_hears), ["answer"]);
    assert_eq!(node.send(&ann, &ann, "to myself"), Err(SignalError::NoSuchParticipant));
}

#[tokio::test]
async fn broadcast_reaches_all_others() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (_, bob_hears) = node.join("Bob", None).await;
    node.hub.broadcast(&ann.seat, SignalKind::Other, Bytes::from_static(b"all")).unwrap();
    assert_eq!(payloads(&bob_hears), ["all"]);
    assert!(payloads(&ann_hears).is_empty());
    node.hub.leave(&ann.seat).await;
    let late = node.hub.broadcast(&ann.seat, SignalKind::Other, Bytes::new());
    assert_eq!(late, Err(SignalError::Replaced(Replaced)));
}

#[tokio::test]
async fn taken_seat_belongs_to_its_holder_for_the_whole_lease() {
    let node = OneNode::new();
    let ann = node.take_seat(None).await.unwrap();
    let ann_hears = Recorder::new();
    node.hub.attach(&ann.seat, ann_hears.clone()).unwrap();
    node.take_seat(None).await.unwrap();
    ann_hears.die();
    assert!(matches!(node.take_seat(None).await, Err(JoinError::RoomFull { .. })));
    assert_eq!(ann_hears.probes(), 0, "nobody is asked");
    node.wait(LEASE).await;
    assert!(!node.take_seat(None).await.unwrap().returned, "the seat that nobody attached to");
    node.store.break_down();
    assert!(node.take_seat(Some(ann.session.as_str())).await.unwrap().returned, "no history is read");
    assert_eq!(ann_hears.closed(), [CloseReason::Replaced]);
}

#[tokio::test]
async fn taking_the_own_seat_with_a_reset_replays_nothing() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let bob = node.take_seat(None).await.unwrap();
    let tell = |payload| node.hub.broadcast(&ann.seat, SignalKind::Offer, Bytes::from_static(payload));
    tell(b"before").unwrap();
    let again = node.take_seat(Some(bob.session.as_str())).await.unwrap();
    assert_eq!((again.returned, again.seat.participant()), (true, bob.seat.participant()));
    tell(b"after").unwrap();
    let bob_hears = Recorder::new();
    assert_eq!(node.hub.attach(&bob.seat, bob_hears.clone()), Err(Replaced));
    node.hub.attach(&again.seat, bob_hears.clone()).unwrap();
    assert_eq!(payloads(&bob_hears), ["after"]);
}

#[tokio::test]
async fn newer_connection_replaces_the_older_one_in_the_same_seat() {
    let node = OneNode::new();
    let (ann, older) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    let newer = Recorder::new();
    node.hub.attach(&ann.seat, newer.clone()).unwrap();
    assert_eq!(older.closed(), [CloseReason::Replaced]);
    node.hub.connection_lost(&ann.seat, older.id()).await;
    node.send(&bob, &ann, "offer").unwrap();
    assert_eq!((payloads(&older), payloads(&newer)), (vec![], vec!["offer".to_owned()]));
    assert_eq!(node.hub.occupancy().connected, 2);
}

#[tokio::test]
async fn cross_room_signal_carries_its_sender() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let elsewhere = RoomId::within("users", "bob").unwrap();
    let call = |payload: &'static str| {
        let payload = Bytes::from_static(payload.as_bytes());
        node.hub.signal_room(&ann.seat, &elsewhere, SignalKind::Other, payload)
    };
    assert_eq!(call("too early"), Err(SignalError::NoSuchParticipant));
    let bob = node.try_join_room(elsewhere.clone(), "Bob", None).await.unwrap();
    call("early").unwrap();
    let bob_hears = Recorder::new();
    node.hub.attach(&bob.seat, bob_hears.clone()).unwrap();
    call("late").unwrap();
    assert_eq!(payloads(&bob_hears), ["early", "late"]);
    assert!(bob_hears.told().iter().all(|told| matches!(told, Told::Signal { name, .. } if name == "Ann")));
}

#[tokio::test(start_paused = true)]
async fn unique_name_is_refused_while_its_holder_answers() {
    let node = OneNode { unique_names: true, ..OneNode::new() };
    let (ann, ann_hears) = node.join("Ann", None).await;
    assert!(matches!(node.try_join("Ann", None).await, Err(JoinError::NameTaken)));
    assert_eq!(node.hub.find(&ann.seat, &name("Ann")), Some(ann.seat.participant()));
    node.hub.connection_lost(&ann.seat, ann_hears.id()).await;
    assert!(node.try_join("Ann", None).await.is_ok(), "an absent holder of the same name is the same person");
}

#[tokio::test]
async fn holder_by_session_claims_nothing() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let token = ann.session.as_str();
    assert_eq!(node.hub.holder_by_session(&room_id("7"), token).await.unwrap(), Some(ann.seat.participant()));
    assert!(node.hub.holder_by_session(&room_id("8"), token).await.unwrap().is_none());
    node.hub.leave(&ann.seat).await;
    assert!(node.hub.holder_by_session(&room_id("7"), token).await.unwrap().is_none());
}

#[tokio::test]
async fn token_returns_the_seat_and_fences_the_older_connection() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let (bob, old) = node.join("Bob", None).await;
    let (again, new) = node.join("Bob", Some(bob.session.as_str())).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(again.resumed);
    assert_eq!(old.closed(), [CloseReason::Replaced]);

    assert_eq!(node.send(&bob, &ann, "from the old one"), Err(SignalError::Replaced(Replaced)));
    node.hub.connection_lost(&bob.seat, old.id()).await;
    node.hub.leave(&bob.seat).await;
    node.send(&ann, &bob, "still there").unwrap();
    assert_eq!(payloads(&new), ["still there"]);
    assert!(payloads(&old).is_empty());
}

#[tokio::test]
async fn session_made_by_the_door_returns_the_seat() {
    let node = OneNode::new();
    let ann = ParticipantId::random();
    let session = || node.hub.session_for(&room_id("7"), ann).as_str().to_owned();
    let (first, old) = node.join("Ann", Some(&session())).await;
    let (second, _) = node.join("Ann", Some(&session())).await;
    assert_eq!((first.seat.participant(), second.seat.participant()), (ann, ann));
    assert_eq!(old.closed(), [CloseReason::Replaced]);
}

#[tokio::test]
async fn dismiss_ends_all_leases_of_a_namespace() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let away = node.try_join_room(RoomId::within("users", "bob").unwrap(), "Bob", None).await.unwrap();
    let here = node.try_join_room(RoomId::within("users", "cy").unwrap(), "Cy", None).await.unwrap();
    let (bob_hears, cy_hears) = (Recorder::new(), Recorder::new());
    node.hub.attach(&away.seat, bob_hears.clone()).unwrap();
    node.hub.attach(&here.seat, cy_hears.clone()).unwrap();
    node.hub.connection_lost(&away.seat, bob_hears.id()).await;

    node.hub.dismiss("users").await.unwrap();
    assert_eq!(cy_hears.closed(), [CloseReason::Dismissed]);
    for gone in [&away, &here] {
        assert!(node.hub.view(&gone.seat).await.is_err());
    }
    assert!(node.hub.view(&ann.seat).await.is_ok() && ann_hears.closed().is_empty());
}

#[tokio::test]
async fn lost_seat_is_held_for_exactly_its_lease() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.wait(LEASE * 3).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    node.send(&ann, &bob, "meanwhile").unwrap();

    node.wait(LEASE / 2).await;
    let (again, bob_hears) = node.join("Bob", Some(bob.session.as_str())).await;
    assert!(again.resumed);
    assert_eq!(payloads(&bob_hears), ["meanwhile"]);

    node.hub.connection_lost(&again.seat, bob_hears.id()).await;
    node.wait(LEASE).await;
    let id = bob.seat.participant();
    let expected = [
        Told::Joined(id),
        Told::Reconnecting(id),
        Told::Resumed(id),
        Told::Reconnecting(id),
        Told::Left(id, LeaveReason::LeaseEnded),
    ];
    assert_eq!(ann_hears.told(), expected);
    assert_eq!(node.hub.occupancy().participants, 1);
}

#[tokio::test]
async fn suspended_process_renews_before_it_expires() {
    let node = OneNode::new();
    let (_, ann_hears) = node.join("Ann", None).await;
    let (_bob, _) = node.join("Bob", None).await;
    node.wait(LEASE * 100).await;
    assert_eq!(node.hub.occupancy().connected, 2);
    assert!(ann_hears.closed().is_empty());
}

#[tokio::test]
async fn token_after_a_restart_keeps_the_id_and_respects_a_full_room() {
    let before = OneNode::new();
    let (bob, _) = before.join("Bob", None).await;
    let after = OneNode::new();
    let (again, _) = after.join("Bob", Some(bob.session.as_str())).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(!again.resumed);

    let full = OneNode::new();
    let _pair = (full.join("Ann", None).await, full.join("Cy", None).await);
    let refused = full.try_join("Bob", Some(bob.session.as_str())).await;
    assert!(matches!(refused, Err(JoinError::RoomFull { .. })));
}

#[tokio::test]
async fn newcomer_meets_the_participant_that_stayed() {
    let node = OneNode::new();
    let (ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.leave(&ann.seat).await;
    let (cy, _) = node.join("Cy", None).await;
    assert_eq!(cy.view.others[0].participant, bob.seat.participant());
    let expected =
        [Told::Left(ann.seat.participant(), LeaveReason::Left), Told::Joined(cy.seat.participant())];
    assert_eq!(bob_hears.told(), expected);
}

#[tokio::test(start_paused = true)]
async fn third_participant_is_refused_while_both_holders_are_alive() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    assert!(matches!(node.try_join("Cy", None).await, Err(JoinError::RoomFull { .. })));
    assert!(ann_hears.told().len() == 1 && bob_hears.told().is_empty(), "nobody was disturbed");

    bob_hears.die();
    let again = node.try_join("Cy", None).await;
    assert!(matches!(again, Err(JoinError::RoomFull { .. })), "an answer is good for a moment");
    node.clock.advance(ANSWER_VALID);
    let (cy, _) = node.join("Cy", None).await;
    assert_eq!(cy.view.others[0].participant, ann.seat.participant());
    assert_eq!(bob_hears.closed(), [CloseReason::Replaced]);
    let left = Told::Left(bob.seat.participant(), LeaveReason::NotAlive);
    assert!(ann_hears.told().contains(&left));
}

#[tokio::test(start_paused = true)]
async fn same_name_takes_over_a_lost_unprotected_seat_at_once() {
    let node = OneNode::new();
    let (_ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let start = tokio::time::Instant::now();
    let (again, _) = node.join("Bob", None).await;
    assert_ne!(again.seat.participant(), bob.seat.participant());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn absent_holder_has_the_probe_deadline_to_reconnect() {
    let node = OneNode::new();
    let (_ann, _) = node.join("Ann", None).await;
    let (bob, bob_hears) = node.join("Bob", None).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let (third, back) = tokio::join!(node.try_join("Cy", None), async {
        tokio::time::sleep(PROBE_DEADLINE / 2).await;
        node.join("Bob", Some(bob.session.as_str())).await
    });
    assert!(matches!(third, Err(JoinError::RoomFull { .. })));
    assert!(back.0.resumed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_a_hundred_concurrent_joins_get_a_seat() {
    for _ in 0..1_000 {
        let node = Arc::new(OneNode::new());
        let mut racers = JoinSet::new();
        for racer in 0..100 {
            let node = node.clone();
            // Half of them share a name: a namesake that is just arriving frees no seat.
            let who = if racer % 2 == 0 { "Same".to_owned() } else { format!("racer {racer}") };
            racers.spawn(async move {
                let joined = node.try_join(&who, None).await;
                joined.map(|joined| node.hub.attach(&joined.seat, Recorder::new()).unwrap())
            });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(JoinError::RoomFull { .. }))));
        assert_eq!(node.hub.occupancy().participants, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_newcomers_share_one_probe() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    ann_hears.answer_late();
    let (_bob, _) = node.join("Bob", None).await;
    let knocks = || futures_util::future::join_all((0..50).map(|_| node.try_join("Cy", None)));
    for outcomes in [knocks().await, knocks().await] {
        assert!(outcomes.iter().all(Result::is_err));
    }
    assert_eq!(ann_hears.probes(), 1);
}

#[tokio::test]
async fn message_written_before_a_leave_is_delivered_after_it() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    let message = node.hub.compose(&bob.seat, "1", "bye").unwrap();
    node.hub.leave(&bob.seat).await;
    assert_eq!(node.hub.compose(&bob.seat, "2", "too late"), Err(Replaced));
    assert_eq!(node.hub.publish(&bob.seat, &message, kept(&message)).await.unwrap(), Published::Now);
    assert_eq!(ann_hears.told().last(), Some(&Told::Chat("bye".into())));
}

#[tokio::test]
async fn unavailable_store_refuses_chats_and_keeps_calls() {
    let node = OneNode::new();
    node.store.break_down();
    let (ann, ann_hears) = node.join("Ann", None).await;
    let (bob, _) = node.join("Bob", None).await;
    assert!(bob.history.is_none());
    node.send(&bob, &ann, "offer").unwrap();
    assert_eq!(payloads(&ann_hears), ["offer"]);
    assert!(node.write(&bob, "1").await.is_err());
    assert!(!ann_hears.told().iter().any(|told| matches!(told, Told::Chat(_))));
}

#[tokio::test]
async fn draining_hub_refuses_joins_and_closes_connections() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.join("Ann", None).await;
    node.hub.drain();
    assert_eq!(ann_hears.closed(), [CloseReason::ShuttingDown]);
    assert!(matches!(node.try_join("Bob", None).await, Err(JoinError::ShuttingDown)));
}

#[tokio::test]
async fn empty_hub_holds_no_room() {
    let node = OneNode::new();
    for _ in 0..100 {
        let (ann, _) = node.join("Ann", None).await;
        let (bob, bob_hears) = node.join("Bob", None).await;
        node.hub.leave(&ann.seat).await;
        node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
        node.wait(LEASE).await;
    }
    assert_eq!(node.hub.occupancy(), crate::core::hub::Occupancy::default());
}

#[tokio::test(start_paused = true)]
async fn protected_seat_is_held_for_its_lease_against_newcomers() {
    let node = OneNode::new();
    let (ann, ann_hears) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, true).await;
    bob_hears.die();
    let start = tokio::time::Instant::now();
    let full = |retry_after| move |outcome| matches!(outcome, Err(JoinError::RoomFull { retry_after: found }) if found == retry_after);
    assert!(full(None)(node.try_come("Bob", None, false).await), "a silent holder is a holder");
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert!(full(Some(LEASE))(node.try_come("Bob", None, true).await));
    node.wait(LEASE / 2).await;
    assert!(full(Some(LEASE / 2))(node.try_come("Cy", None, false).await));
    node.clock.advance(Duration::from_millis(1));
    assert!(full(Some(LEASE / 2))(node.try_come("Cy", None, false).await), "rounded up");
    assert_eq!(
        (start.elapsed(), bob_hears.probes()),
        (Duration::ZERO, 0),
        "refused at once, without a probe"
    );

    let (again, _) = node.come("Bob", Some(bob.session.as_str()), true).await;
    assert_eq!(again.seat.participant(), bob.seat.participant());
    assert!(ann_hears.closed().is_empty());
    let (_, ann_hears) = node.come("Ann", Some(ann.session.as_str()), true).await;
    node.hub.connection_lost(&again.seat, bob_hears.id()).await;
    assert!(
        !ann_hears.told().iter().any(|told| matches!(told, Told::Left(..))),
        "a fenced connection ends nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn unprotected_seat_ends_when_closed_and_opens_when_lost() {
    let node = OneNode::new();
    let (_ann, ann_hears) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, false).await;
    let first = bob.seat.participant();
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert_eq!(ann_hears.told(), [Told::Joined(first), Told::Left(first, LeaveReason::Left)]);

    let (bob, bob_hears) = node.come("Bob", None, false).await;
    node.hub.connection_lost(&bob.seat, bob_hears.id()).await;
    let start = tokio::time::Instant::now();
    let (cy, cy_hears) = node.come("Cy", None, false).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "without a probe");
    let second = bob.seat.participant();
    let left = Told::Left(second, LeaveReason::NotAlive);
    let third = cy.seat.participant();
    assert_eq!(ann_hears.told()[3..], [Told::Reconnecting(second), left, Told::Joined(third)]);

    node.hub.connection_lost(&cy.seat, cy_hears.id()).await;
    node.wait(Duration::from_secs(9)).await;
    assert_eq!(ann_hears.told().last(), Some(&Told::Reconnecting(third)));
    node.wait(Duration::from_secs(1)).await;
    assert_eq!(ann_hears.told().last(), Some(&Told::Left(third, LeaveReason::LeaseEnded)));
}

#[tokio::test]
async fn protect_protects_a_held_seat() {
    let node = OneNode::new();
    let (_ann, _) = node.come("Ann", None, true).await;
    let (bob, bob_hears) = node.come("Bob", None, false).await;
    node.hub.protect(&bob.seat).await;
    node.hub.connection_closed(&bob.seat, bob_hears.id()).await;
    assert!(matches!(node.try_come("Cy", None, false).await, Err(JoinError::RoomFull { .. })));
    node.wait(Duration::from_secs(29)).await;
    assert_eq!(node.hub.occupancy().participants, 2, "for the whole lease");
}

#[tokio::test]
async fn seats_without_a_connection_count_against_their_address() {
    let node = OneNode::new();
    let policy = RoomPolicy { away_per_address: 2, ..RoomPolicy::new(1, LEASE) };
    let join = async |room: &str, session: Option<&str>, address| {
        let request = JoinRequest::new(room_id(room), name("Eve"), policy);
        let session = session.map(str::to_owned);
        node.hub.join(JoinRequest { session, address, protected: true, ..request }).await
    };
    let mut sessions = Vec::new();
    for room in ["1", "2"] {
        let joined = join(room, None, Some(ADDRESS)).await.unwrap();
        let connection = Recorder::new();
        node.hub.attach(&joined.seat, connection.clone()).unwrap();
        node.hub.connection_lost(&joined.seat, connection.id()).await;
        sessions.push(joined.session);
    }
    let too_many = |outcome| matches!(outcome, Err(JoinError::TooManyAway));
    assert!(too_many(join("3", None, Some(ADDRESS)).await));
    assert!(too_many(join("3", Some(sessions[0].as_str()), Some(ADDRESS)).await), "a token of another room");
    assert!(join("4", None, Some(IpAddr::V4(Ipv4Addr::BROADCAST))).await.is_ok());
    let back = join("1", Some(sessions[0].as_str()), Some(ADDRESS)).await.unwrap();
    node.hub.attach(&back.seat, Recorder::new()).unwrap();
    assert!(join("3", None, Some(ADDRESS)).await.is_ok());
    node.wait(LEASE).await;
    assert_eq!(node.hub.away_seats_of(ADDRESS), 0);
}

#[tokio::test]
async fn restored_seats_are_held_for_their_lease() {
    let before = OneNode::new();
    let (ann, _) = before.come("Ann", None, true).await;
    let (cy, _) = before.come("Cy", None, false).await;
    let changes = before.cluster.take_changes();
    let kept: Vec<_> = changes.into_iter().flat_map(|(_, seats)| seats).collect();
    assert_eq!(kept.iter().map(|seat| seat.participant).collect::<Vec<_>>(), [ann.seat.participant()]);
    before.hub.leave(&cy.seat).await;
    assert!(before.cluster.take_changes().is_empty(), "an unprotected seat does not outlive the process");
    before.hub.leave(&ann.seat).await;
    assert_eq!(before.cluster.take_changes(), [(room_id("7"), vec![])]);

    let after = OneNode::new();
    after.cluster.restore(kept);
    let (_bob, bob_hears) = after.come("Bob", None, true).await;
    assert!(matches!(
        after.try_come("Ann", None, true).await,
        Err(JoinError::RoomFull { retry_after: Some(LEASE) })
    ));
    let (again, _) = after.come("Ann", Some(ann.session.as_str()), true).await;
    assert_eq!(again.seat.participant(), ann.seat.participant());
    assert_eq!(bob_hears.told(), [Told::Joined(ann.seat.participant())]);
}
