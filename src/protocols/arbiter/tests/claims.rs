//! Concurrent claims, interleaved one step at a time in an order given by a seed.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::super::{
    claims::{ClaimTimeouts, Claims, RECORD_LIFETIME},
    rooms::{SfuLifetime, SfuRoom},
    url_path::UrlPath,
};
use crate::core::{
    model::error::Unavailable,
    ports::{
        clock::{Clock, SystemClock},
        record_store::{Created, Record, RecordKey, RecordStore},
    },
    tests::memory_records::MemoryRecords,
};

const TIMEOUTS: ClaimTimeouts =
    ClaimTimeouts { claim: Duration::from_mins(1), release: Duration::from_secs(10) };

/// A small pseudo-random generator, reproducible by its seed.
struct SeededRandom(AtomicU64);

impl SeededRandom {
    fn throw(&self, sides: u64) -> u64 {
        let mut x = self.0.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.store(x, Ordering::Relaxed);
        (x >> 11) % sides
    }
}

/// Records whose operations yield at random, so that others overtake them.
struct SlowRecords {
    records: MemoryRecords,
    dice: Arc<SeededRandom>,
}

impl SlowRecords {
    async fn dawdle(&self) {
        for _ in 0..self.dice.throw(4) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl RecordStore for SlowRecords {
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable> {
        self.dawdle().await;
        self.records.create(key, record, now).await
    }

    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable> {
        self.dawdle().await;
        self.records.get(key, now).await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        self.dawdle().await;
        self.records.replace(key, expected, record, now).await
    }

    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable> {
        self.dawdle().await;
        self.records.remove(key, expected).await
    }

    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable> {
        self.dawdle().await;
        self.records.list(namespace, limit, now).await
    }

    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable> {
        self.records.forget_expired(now).await
    }
}

/// A wall clock that the test advances.
#[derive(Default)]
struct Wall(AtomicU64);

impl Wall {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct SeededClaims {
    dice: Arc<SeededRandom>,
    wall: Arc<Wall>,
    claims: Claims,
    sfus: Vec<SfuRoom>,
}

impl SeededClaims {
    async fn new(seed: u64, sfus: usize) -> Self {
        let dice = Arc::new(SeededRandom(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)));
        let wall = Arc::new(Wall::default());
        let records = Arc::new(SlowRecords { records: MemoryRecords::default(), dice: dice.clone() });
        let claims = Claims::new(records, "node".into(), wall.clone(), TIMEOUTS);
        let mut seeded = Self { dice, wall, claims, sfus: Vec::new() };
        for number in 0..sfus {
            seeded.come(number).await;
        }
        seeded
    }

    async fn come(&mut self, number: usize) {
        self.come_for(number, SfuLifetime::WhileConnected).await;
    }

    async fn come_for(&mut self, number: usize, lifetime: SfuLifetime) {
        let id = format!("sfu-{number}").parse().unwrap();
        let room = SfuRoom::new(id, super::super::records::unique(), lifetime, []);
        self.claims.register(&room).await.unwrap();
        self.sfus.push(room);
    }

    async fn claim(&self, text: &str) -> Option<String> {
        self.claims.claim(&path(text)).await.unwrap().map(|room| room.sfu)
    }

    async fn find(&self, text: &str) -> Option<String> {
        self.claims.find(&path(text)).await.unwrap().map(|room| room.sfu)
    }

    /// Advances time as on a node, with its renewals of records.
    async fn pass(&self, time: Duration) {
        let end = self.claims.now() + time;
        while self.claims.now() < end {
            self.wall.pass(Duration::from_secs(5).min(end.duration_since(self.claims.now()).unwrap()));
            for sfu in &self.sfus {
                self.claims.refresh(sfu).await.unwrap();
            }
        }
    }
}

fn path(text: &str) -> UrlPath {
    UrlPath::parse(text).unwrap()
}

#[tokio::test]
async fn in_every_interleaving_a_path_has_one_sfu_and_an_sfu_one_path() {
    for seed in 1..400 {
        let seeded = &SeededClaims::new(seed, 3).await;
        let asked: Vec<_> = (0..12).map(|_| format!("path-{}", seeded.dice.throw(5))).collect();
        let claims = asked.iter().map(|path| async move { (path, seeded.claim(path).await) });
        let refreshes = seeded.sfus.iter().map(|sfu| async { seeded.claims.refresh(sfu).await.unwrap() });
        let (answers, _) = tokio::join!(join_all(claims), join_all(refreshes));
        let mut given = HashMap::new();
        for (path, sfu) in answers {
            let Some(sfu) = sfu else { continue };
            assert_eq!(given.entry(path).or_insert_with(|| sfu.clone()), &sfu, "seed {seed}");
            assert_eq!(seeded.find(path).await, Some(sfu), "seed {seed}");
        }
        let distinct: HashSet<_> = given.values().collect();
        assert_eq!(distinct.len(), given.len(), "seed {seed}");
        let paths: HashSet<_> = asked.iter().collect();
        assert_eq!(given.len(), paths.len().min(3), "seed {seed}: as many as there are got one");
    }
}

#[tokio::test]
async fn claims_that_expire_in_progress_never_share_an_sfu() {
    for seed in 1..200 {
        let seeded = SeededClaims::new(seed, 2).await;
        for _ in 0..6 {
            let claims = (0..6).map(|_| async {
                seeded.claim(&format!("path-{}", seeded.dice.throw(4))).await;
            });
            let lapse = async {
                for _ in 0..seeded.dice.throw(20) {
                    tokio::task::yield_now().await;
                }
                match seeded.dice.throw(3) {
                    0 => seeded.pass(Duration::from_secs(61)).await,
                    1 => seeded.wall.pass(Duration::from_secs(61)),
                    _ => {}
                }
            };
            tokio::join!(join_all(claims), lapse);
            let mut found = Vec::new();
            for number in 0..4 {
                found.extend(seeded.find(&format!("path-{number}")).await);
            }
            let distinct: HashSet<_> = found.iter().collect();
            assert_eq!(distinct.len(), found.len(), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn an_unused_claim_expires_and_a_repeated_one_does_not() {
    let seeded = SeededClaims::new(1, 1).await;
    assert_eq!(seeded.claim("a").await.as_deref(), Some("sfu-0"));
    seeded.pass(Duration::from_secs(50)).await;
    assert_eq!(seeded.claim("b").await, None);
    assert_eq!(seeded.claim("/a").await.as_deref(), Some("sfu-0"));
    seeded.pass(Duration::from_secs(50)).await;
    assert_eq!(seeded.find("a").await.as_deref(), Some("sfu-0"), "it was claimed again");
    seeded.pass(Duration::from_secs(10)).await;
    assert_eq!(seeded.find("a").await, None);
    assert_eq!(seeded.claim("b").await.as_deref(), Some("sfu-0"));
}

#[tokio::test]
async fn the_sfu_that_is_free_for_the_longest_time_is_claimed_first() {
    let mut seeded = SeededClaims::new(1, 2).await;
    seeded.claim("a").await;
    seeded.pass(Duration::from_secs(70)).await;
    seeded.come(2).await;
    assert_eq!(seeded.claim("b").await.as_deref(), Some("sfu-1"));
    assert_eq!(seeded.claim("c").await.as_deref(), Some("sfu-0"));
    assert_eq!(seeded.claim("d").await.as_deref(), Some("sfu-2"));
}

#[tokio::test]
async fn sfus_of_a_dead_node_are_not_claimed_after_their_records_expire() {
    let seeded = SeededClaims::new(1, 1).await;
    seeded.claim("a").await;
    seeded.wall.pass(RECORD_LIFETIME);
    assert_eq!(seeded.find("a").await, None);
    assert_eq!(seeded.claim("a").await, None);
    // The node was alive; only its store was unreachable.
    seeded.claims.refresh(&seeded.sfus[0]).await.unwrap();
    assert_eq!(seeded.claim("a").await.as_deref(), Some("sfu-0"));
}

#[tokio::test]
async fn a_reconnected_sfu_is_free_and_its_former_connection_changes_nothing() {
    let mut seeded = SeededClaims::new(1, 1).await;
    seeded.claim("a").await;
    seeded.come(0).await;
    assert_eq!(seeded.find("a").await, None);
    assert_eq!(seeded.claim("b").await.as_deref(), Some("sfu-0"));
    seeded.claims.refresh(&seeded.sfus[0]).await.unwrap();
    seeded.claims.remove(&seeded.sfus[0]).await.unwrap();
    assert_eq!(seeded.find("b").await.as_deref(), Some("sfu-0"));
    seeded.claims.remove(&seeded.sfus[1]).await.unwrap();
    assert_eq!(seeded.find("b").await, None);
    assert_eq!(seeded.claim("b").await, None);
}

#[tokio::test]
async fn an_sfu_for_one_call_is_free_until_it_is_claimed_and_never_again() {
    let mut seeded = SeededClaims::new(1, 0).await;
    seeded.come_for(0, SfuLifetime::ForOneCall).await;
    seeded.pass(Duration::from_hours(1)).await;
    assert_eq!(seeded.claim("a").await.as_deref(), Some("sfu-0"));
    // The claim ends, and the SFU's node has not noticed it.
    seeded.pass(Duration::from_secs(58)).await;
    seeded.come(1).await;
    seeded.wall.pass(Duration::from_secs(4));
    assert_eq!(seeded.claim("b").await.as_deref(), Some("sfu-1"));
    assert_eq!(seeded.claims.lapsed().await.unwrap(), [Box::from("sfu-0")]);
    seeded.pass(Duration::from_secs(5)).await;
    assert!(seeded.sfus[0].has_ended());
    assert_eq!(seeded.claim("c").await, None);
}

#[tokio::test]
async fn an_sfu_is_reclaimed_only_while_no_path_has_it() {
    let mut seeded = SeededClaims::new(1, 0).await;
    for number in 0..2 {
        seeded.come_for(number, SfuLifetime::ForOneCall).await;
    }
    seeded.claim("a").await;
    assert!(!seeded.claims.reclaim(&seeded.sfus[0]).await.unwrap());
    assert!(seeded.claims.reclaim(&seeded.sfus[1]).await.unwrap());
    assert_eq!(seeded.find("a").await.as_deref(), Some("sfu-0"));
    assert_eq!(seeded.claim("b").await, None);
    seeded.pass(Duration::from_secs(58)).await;
    seeded.wall.pass(Duration::from_secs(4));
    assert!(seeded.claims.reclaim(&seeded.sfus[0]).await.unwrap(), "an unused claim has ended");
}

#[tokio::test]
async fn a_restarted_node_forgets_its_own_sfus_alone() {
    let mut seeded = SeededClaims::new(1, 1).await;
    seeded.claim("a").await;
    let (records, wall) = (seeded.claims.records.clone(), seeded.wall.clone());
    let other = Claims::new(records.clone(), "other".into(), wall.clone(), TIMEOUTS);
    let room = SfuRoom::new("sfu-9".parse().unwrap(), "c".to_owned(), SfuLifetime::WhileConnected, []);
    other.register(&room).await.unwrap();
    assert!(other.claim(&path("b")).await.unwrap().is_some());
    // An SFU that has connected already is not forgotten.
    seeded.come(1).await;
    let connected = seeded.sfus[1].connection.clone();
    let again = Claims::new(records, "node".into(), wall, TIMEOUTS);
    again.forget_former(|id, connection| id == "sfu-1" && connection == connected).await.unwrap();
    assert_eq!(seeded.find("a").await, None);
    assert_eq!(seeded.find("b").await.as_deref(), Some("sfu-9"));
    assert_eq!(seeded.claim("a").await.as_deref(), Some("sfu-1"));
}
