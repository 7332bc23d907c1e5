//! Claims that race each other, one step at a time, in an order that a seed decides.

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
    claims::{Claims, Patience, RECORD_LIFETIME},
    rooms::{Lasts, SfuRoom},
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

const PATIENCE: Patience = Patience { claim: Duration::from_mins(1), release: Duration::from_secs(10) };

/// Numbers that look random and are the same for the same seed.
struct Dice(AtomicU64);

impl Dice {
    fn throw(&self, sides: u64) -> u64 {
        let mut x = self.0.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.store(x, Ordering::Relaxed);
        (x >> 11) % sides
    }
}

/// Records whose every step may be overtaken by others.
struct SlowRecords {
    records: MemoryRecords,
    dice: Arc<Dice>,
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

/// Wall-clock time that passes when it is told to.
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

struct World {
    dice: Arc<Dice>,
    wall: Arc<Wall>,
    claims: Claims,
    sfus: Vec<SfuRoom>,
}

impl World {
    async fn new(seed: u64, sfus: usize) -> Self {
        let dice = Arc::new(Dice(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)));
        let wall = Arc::new(Wall::default());
        let records = Arc::new(SlowRecords { records: MemoryRecords::default(), dice: dice.clone() });
        let claims = Claims::new(records, wall.clone(), PATIENCE);
        let mut world = Self { dice, wall, claims, sfus: Vec::new() };
        for number in 0..sfus {
            world.come(number).await;
        }
        world
    }

    async fn come(&mut self, number: usize) {
        let id = format!("sfu-{number}").parse().unwrap();
        let room = SfuRoom::new(id, super::super::row::unique(), Lasts::WhileConnected, []);
        self.claims.register(&room).await.unwrap();
        self.sfus.push(room);
    }

    async fn claim(&self, text: &str) -> Option<String> {
        self.claims.claim(&path(text)).await.unwrap().map(|room| room.sfu)
    }

    async fn find(&self, text: &str) -> Option<String> {
        self.claims.find(&path(text)).await.unwrap().map(|room| room.sfu)
    }

    /// Lets time pass as it does on a node: records are looked after.
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
async fn whatever_overtakes_what_a_path_has_one_sfu_and_an_sfu_one_path() {
    for seed in 1..400 {
        let world = &World::new(seed, 3).await;
        let asked: Vec<_> = (0..12).map(|_| format!("path-{}", world.dice.throw(5))).collect();
        let claims = asked.iter().map(|path| async move { (path, world.claim(path).await) });
        let refreshes = world.sfus.iter().map(|sfu| async { world.claims.refresh(sfu).await.unwrap() });
        let (answers, _) = tokio::join!(join_all(claims), join_all(refreshes));
        let mut given = HashMap::new();
        for (path, sfu) in answers {
            let Some(sfu) = sfu else { continue };
            assert_eq!(given.entry(path).or_insert_with(|| sfu.clone()), &sfu, "seed {seed}");
            assert_eq!(world.find(path).await, Some(sfu), "seed {seed}");
        }
        let distinct: HashSet<_> = given.values().collect();
        assert_eq!(distinct.len(), given.len(), "seed {seed}");
        let paths: HashSet<_> = asked.iter().collect();
        assert_eq!(given.len(), paths.len().min(3), "seed {seed}: as many as there are got one");
    }
}

#[tokio::test]
async fn through_claims_that_lapse_in_the_middle_no_two_paths_ever_have_the_same_sfu() {
    for seed in 1..200 {
        let world = World::new(seed, 2).await;
        for _ in 0..6 {
            let claims = (0..6).map(|_| async {
                world.claim(&format!("path-{}", world.dice.throw(4))).await;
            });
            let lapse = async {
                for _ in 0..world.dice.throw(20) {
                    tokio::task::yield_now().await;
                }
                match world.dice.throw(3) {
                    0 => world.pass(Duration::from_secs(61)).await,
                    1 => world.wall.pass(Duration::from_secs(61)),
                    _ => {}
                }
            };
            tokio::join!(join_all(claims), lapse);
            let mut found = Vec::new();
            for number in 0..4 {
                found.extend(world.find(&format!("path-{number}")).await);
            }
            let distinct: HashSet<_> = found.iter().collect();
            assert_eq!(distinct.len(), found.len(), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn a_claim_nobody_comes_for_lapses_and_one_that_is_repeated_does_not() {
    let world = World::new(1, 1).await;
    assert_eq!(world.claim("a").await.as_deref(), Some("sfu-0"));
    world.pass(Duration::from_secs(50)).await;
    assert_eq!(world.claim("b").await, None);
    assert_eq!(world.claim("/a").await.as_deref(), Some("sfu-0"));
    world.pass(Duration::from_secs(50)).await;
    assert_eq!(world.find("a").await.as_deref(), Some("sfu-0"), "it was claimed again");
    world.pass(Duration::from_secs(10)).await;
    assert_eq!(world.find("a").await, None);
    assert_eq!(world.claim("b").await.as_deref(), Some("sfu-0"));
}

#[tokio::test]
async fn the_sfu_that_has_rested_longest_is_claimed_first() {
    let mut world = World::new(1, 2).await;
    world.claim("a").await;
    world.pass(Duration::from_secs(70)).await;
    world.come(2).await;
    assert_eq!(world.claim("b").await.as_deref(), Some("sfu-1"));
    assert_eq!(world.claim("c").await.as_deref(), Some("sfu-0"));
    assert_eq!(world.claim("d").await.as_deref(), Some("sfu-2"));
}

#[tokio::test]
async fn the_records_of_an_sfu_whose_node_has_died_are_not_handed_out_for_ever() {
    let world = World::new(1, 1).await;
    world.claim("a").await;
    world.wall.pass(RECORD_LIFETIME);
    assert_eq!(world.find("a").await, None);
    assert_eq!(world.claim("a").await, None);
    // The node was not dead; the store had been away from it.
    world.claims.refresh(&world.sfus[0]).await.unwrap();
    assert_eq!(world.claim("a").await.as_deref(), Some("sfu-0"));
}

#[tokio::test]
async fn an_sfu_that_comes_again_is_free_and_the_one_before_it_changes_nothing() {
    let mut world = World::new(1, 1).await;
    world.claim("a").await;
    world.come(0).await;
    assert_eq!(world.find("a").await, None);
    assert_eq!(world.claim("b").await.as_deref(), Some("sfu-0"));
    world.claims.refresh(&world.sfus[0]).await.unwrap();
    world.claims.remove(&world.sfus[0]).await.unwrap();
    assert_eq!(world.find("b").await.as_deref(), Some("sfu-0"));
    world.claims.remove(&world.sfus[1]).await.unwrap();
    assert_eq!(world.find("b").await, None);
    assert_eq!(world.claim("b").await, None);
}
