//! Redis is killed, returns empty, hangs or is cut off. No claim waits long, no held seat is given away, and
//! the nodes recover by themselves.

mod long;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use switchboard::{
    cluster::{
        RedisRegistry, RedisSettings,
        redis::{RESTORE_WINDOW, RedisConfigError},
    },
    core::{
        model::{
            ids::{ParticipantId, RoomId},
            seat_table::{Claim, ClaimRefused, Claimed, RoomPolicy, SeatKey},
            session_token::SessionSigner,
        },
        ports::seat_registry::{ClaimError, EndedClaim, SeatRegistry},
    },
};

use super::seats::renew;
use crate::support::{
    clock::TestClock,
    proxy::{Network, Proxy},
    redis::{Redis, join, ready, settings},
    wait::{TIMEOUT, until},
};

/// A lease that does not end during a test.
const LONG: Duration = Duration::from_hours(1);

fn fresh_room() -> RoomId {
    ParticipantId::random().to_string().parse().unwrap()
}

fn claim(room: &RoomId) -> Claim {
    Claim {
        room: room.clone(),
        policy: RoomPolicy::new(2, LONG),
        participant: ParticipantId::random(),
        name: "Ann".parse().unwrap(),
        protected: false,
        over: None,
    }
}

/// Seats a new participant.
async fn seat(node: &RedisRegistry, room: &RoomId) -> SeatKey {
    let claim = claim(room);
    let epoch = node.claim(claim.clone()).await.unwrap().seat.epoch;
    SeatKey { room: room.clone(), participant: claim.participant, epoch }
}

async fn holds(node: &RedisRegistry, key: &SeatKey) -> bool {
    let held = node.seat_of(&key.room, key.participant).await.unwrap();
    held.is_some_and(|seat| seat.epoch == key.epoch)
}

fn is_unavailable(outcome: &Result<Claimed, ClaimError>) -> bool {
    matches!(outcome, Err(ClaimError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_returns_empty_gives_no_held_seat_to_a_newcomer() {
    let mut redis = Redis::start().await;
    let (here, there, door) = (redis.node().await, redis.node().await, redis.node().await);
    let room = fresh_room();
    let (ann, bob) = (seat(&here, &room).await, seat(&there, &room).await);

    redis.kill();
    assert!(is_unavailable(&door.claim(claim(&room)).await));
    assert!(renew(&*here, &[&ann], LONG).await.is_err());
    assert!(here.check().await.is_err());
    let newcomers = tokio::spawn(async move {
        // From the return of Redis until the holders are known.
        let answer = async || {
            let outcome = door.claim(claim(&room)).await;
            (!is_unavailable(&outcome)).then_some(outcome)
        };
        until("newcomers are answered", TIMEOUT, answer).await
    });
    redis.run().await;
    match newcomers.await.unwrap() {
        Err(ClaimError::Refused(ClaimRefused::Full(seats))) => {
            let keys: Vec<_> = seats.iter().map(|seat| seat.key_in(&ann.room)).collect();
            assert_eq!(keys, [ann.clone(), bob.clone()], "the same seats, in the same order");
        }
        outcome => panic!("{outcome:?}"),
    }
    assert!(renew(&*here, &[&ann], LONG).await.unwrap().is_empty());
    assert!(renew(&*there, &[&bob], LONG).await.unwrap().is_empty());
    assert!(there.release(&bob).await.unwrap());
    seat(&here, &bob.room).await;
    assert!(!holds(&here, &bob).await, "what is given up stays given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_redis_delays_no_claim_and_executes_none_late() {
    let redis = Redis::start().await;
    let node = redis.node().await;
    let (room, other) = (fresh_room(), fresh_room());
    let ann = seat(&node, &room).await;

    redis.pause();
    let outcomes = join_all((0..200).map(|_| node.claim(claim(&other)))).await;
    assert!(outcomes.iter().all(is_unavailable));
    assert!(renew(&*node, &[&ann], LONG).await.is_err());
    assert!(node.check().await.is_err());
    redis.resume();
    ready(node.clone()).await;
    assert!(holds(&node, &ann).await);
    // Both seats are free: no claim without an answer got one.
    let (one, two) = (seat(&node, &other).await, seat(&node, &other).await);
    assert!(one.epoch < two.epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconnected_node_restores_its_seats() {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.address()).await;
    let (node, other) =
        (ready(Arc::new(join(&format!("redis://{}/", proxy.address)).await)).await, redis.node().await);
    let room = fresh_room();
    let (ann, bob) = (seat(&node, &room).await, seat(&node, &room).await);

    proxy.set(Network::Cut);
    assert!(node.release(&bob).await.is_err());
    assert!(is_unavailable(&node.claim(claim(&room)).await));
    assert!(holds(&other, &bob).await);
    proxy.set(Network::Works);
    let left = async || (!holds(&other, &bob).await).then_some(());
    until("who left while the node was cut off has left", TIMEOUT, left).await;
    assert!(holds(&other, &ann).await);

    proxy.set(Network::Silent);
    assert!(is_unavailable(&node.claim(claim(&room)).await));
    proxy.set(Network::Works);
    ready(node.clone()).await;
    assert!(renew(&*node, &[&ann], LONG).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewal_reports_a_seat_that_was_reassigned() {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.address()).await;
    let (node, other) =
        (ready(Arc::new(join(&format!("redis://{}/", proxy.address)).await)).await, redis.node().await);
    let room = fresh_room();
    let ann = seat(&node, &room).await;
    proxy.set(Network::Cut);
    assert!(renew(&*node, &[&ann], LONG).await.is_err());
    assert!(other.release(&ann).await.unwrap());
    proxy.set(Network::Works);
    let told = until("the node learns of the loss", TIMEOUT, async || node.expire().await.ok()?.pop()).await;
    assert_eq!(told, EndedClaim::Released(ann));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_started_before_redis_connects_later() {
    let mut redis = Redis::prepare();
    let node = Arc::new(join(&redis.url()).await);
    assert!(is_unavailable(&node.claim(claim(&fresh_room())).await));
    redis.run().await;
    seat(&*ready(node).await, &fresh_room()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_with_another_secret_is_rejected() {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.address()).await;
    let foreign = |url: &str| RedisSettings {
        fingerprint: SessionSigner::new(b"of this node alone").fingerprint(),
        ..settings(url)
    };
    proxy.set(Network::Cut);
    let late = RedisRegistry::join(foreign(&format!("redis://{}/", proxy.address))).await.unwrap();
    let node = redis.node().await;
    let early = RedisRegistry::join(foreign(&redis.url())).await;
    assert_eq!(early.err(), Some(RedisConfigError::OtherSecret));

    proxy.set(Network::Works);
    let is_told = async || {
        let source = late.check().await.err()?.source?;
        source.to_string().contains("SESSION_SECRET").then_some(())
    };
    until("a node that was there before finds out", TIMEOUT, is_told).await;
    assert!(is_unavailable(&late.claim(claim(&fresh_room())).await));
    node.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_joins_only_after_nodes_of_another_release_stopped() {
    let redis = Redis::start().await;
    let (url, fingerprint) = (redis.url(), settings(&redis.url()).fingerprint);
    let mut connection = redis.connect().await.unwrap();
    // The entry of a node of the first format, which has no format number.
    let (seconds, micros): (String, String) = redis::cmd("TIME").query_async(&mut connection).await.unwrap();
    let mut greeting = redis::cmd("HSET");
    greeting.arg("test:nodes").arg("secret").arg(&fingerprint);
    greeting.arg(ParticipantId::random().to_string()).arg(format!("{seconds}{micros:0>6}"));
    greeting.exec_async(&mut connection).await.unwrap();
    assert_eq!(RedisRegistry::join(settings(&url)).await.err(), Some(RedisConfigError::OtherRelease));

    let joins = async || RedisRegistry::join(settings(&url)).await.ok();
    let node = until("the other node counts as gone", TIMEOUT, joins).await;
    ready(Arc::new(node)).await;
    // Nodes of the first format cannot start again: the secret differs for them.
    let secret: String =
        redis::cmd("HGET").arg("test:nodes").arg("secret").query_async(&mut connection).await.unwrap();
    assert_ne!(secret, fingerprint);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returning_holder_and_newcomer_never_share_the_last_seat() {
    let redis = Redis::shared().await;
    let (here, there, door) = (redis.node().await, redis.node().await, redis.node().await);
    let mut connection = redis.connect().await.unwrap();
    for _ in 0..50 {
        let room = fresh_room();
        let (ann, bob) = (seat(&here, &room).await, seat(&there, &room).await);
        let key = format!("test:seats:{{{}}}", room.as_str());
        redis::cmd("DEL").arg(key).exec_async(&mut connection).await.unwrap();
        let (here_again, there_again) = ([&ann], [&bob]);
        let (ann_is, bob_is, cy, dee) = tokio::join!(
            renew(&*here, &here_again, LONG),
            renew(&*there, &there_again, LONG),
            door.claim(claim(&room)),
            here.claim(claim(&room)),
        );
        let seated = [ann_is.unwrap().is_empty(), bob_is.unwrap().is_empty(), cy.is_ok(), dee.is_ok()];
        assert_eq!(seated.into_iter().filter(|seated| *seated).count(), 2);
        match door.claim(claim(&room)).await {
            Err(ClaimError::Refused(refused)) => assert_eq!(refused.holders().len(), 2),
            outcome => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn epochs_grow_on_every_node_after_the_clock_is_set_back() {
    let (redis, clock) = (Redis::start().await, Arc::new(TestClock::new()));
    let settings = || RedisSettings { test_clock: Some(clock.clone()), ..settings(&redis.url()) };
    let here = Arc::new(RedisRegistry::join(settings()).await.unwrap());
    let there = Arc::new(RedisRegistry::join(settings()).await.unwrap());
    clock.pass(RESTORE_WINDOW);
    let room = fresh_room();
    let before = seat(&here, &room).await.epoch;

    clock.set_back(LONG);
    let mut connection = redis.connect().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
    assert!(here.check().await.is_err(), "newcomers wait");
    assert!(is_unavailable(&there.claim(claim(&room)).await));
    clock.pass(RESTORE_WINDOW);
    ready(there.clone()).await;
    assert!(seat(&there, &fresh_room()).await.epoch > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_lost_by_redis_are_loaded_again() {
    let redis = Redis::start().await;
    let (node, mut connection) = (redis.node().await, redis.connect().await.unwrap());
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
    let ann = seat(&node, &fresh_room()).await;
    assert!(holds(&node, &ann).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_in_redis_expires() {
    let redis = Redis::start().await;
    let node = redis.node().await;
    let (room, empty) = (fresh_room(), fresh_room());
    seat(&node, &room).await;
    let left = seat(&node, &empty).await;
    node.release(&left).await.unwrap();
    let mut connection = redis.connect().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert_eq!(keys.len(), 3, "two rooms, and what the nodes have in common");
    for key in keys {
        let ttl: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!(ttl > 0, "{key}");
    }
}

#[tokio::test]
async fn malformed_redis_address_is_refused_without_showing_the_password() {
    for url in ["", "db.example", "http://:canary@db", "redis://:canary@", "redis://:canary@db:port/"] {
        let refused = RedisRegistry::join(settings(url)).await.map(drop);
        assert_eq!(refused, Err(RedisConfigError::Address), "{url}");
    }
    for url in ["redis://:canary@127.0.0.1:1/", "rediss://ann:canary@127.0.0.1:1/"] {
        let node = join(url).await;
        let error = node.check().await.unwrap_err();
        assert!(!format!("{node:?} {:?} {error} {error:?}", settings(url)).contains("canary"));
    }
}
