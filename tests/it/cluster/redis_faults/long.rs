//! Redis is emptied repeatedly while newcomers claim seats.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_newcomer_is_seated_before_an_emptied_redis_is_noticed() {
    let redis = Redis::start().await;
    let (here, there, door) = (redis.node().await, redis.node().await, redis.node().await);
    let mut connection = redis.connect().await.unwrap();
    for _ in 0..5 {
        let rooms: Vec<_> = (0..20).map(|_| fresh_room()).collect();
        let seats =
            join_all(rooms.iter().map(async |room| [seat(&here, room).await, seat(&there, room).await]));
        let seats = seats.await;
        redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
        let knocks =
            rooms.iter().flat_map(|room| [&door, &here, &there, &door].map(|node| node.claim(claim(room))));
        let outcomes = join_all(knocks).await;
        assert!(outcomes.iter().all(Result::is_err), "{:?}", outcomes.iter().find(|outcome| outcome.is_ok()));
        ready(door.clone()).await;
        for (node, key) in seats.iter().flat_map(|[one, other]| [(&here, one), (&there, other)]) {
            assert!(renew(&**node, &[key], LONG).await.unwrap().is_empty(), "its holder has it still");
        }
    }
}
