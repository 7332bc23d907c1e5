//! MongoDB is killed repeatedly, and hangs.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_replica_set_loses_no_acknowledged_save() {
    survives_kills(Mongod::start(Kind::ReplicaSet).await, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_server_delays_no_caller_beyond_the_limit() {
    let mongod = Mongod::start(Kind::ReplicaSet).await;
    let store = store(&mongod, "hangs");
    let room = fresh_room();
    // A busy machine may need longer to create a database than a save may take.
    let saves = async || store.save(&room, entries([1])).await.ok();
    until("the first save succeeds", TIMEOUT, saves).await;

    mongod.pause();
    // More saves than may run at once: those in the queue get an answer too.
    let answers = join_all((0..200).map(|id| store.save(&room, entries([id])))).await;
    let answered: Vec<_> = answers.iter().filter(|it| !is_unavailable(it)).collect();
    assert!(answered.is_empty(), "{answered:?}");
    assert!(store.history(&room).await.is_err());
    assert!(store.get(&key("ann"), at(NOW)).await.is_err());
    assert!(store.replace(&key("ann"), "1", record("2"), at(NOW)).await.is_err());
    assert!(store.check().await.is_err());

    mongod.resume();
    recovers(&store).await;
    store.save(&room, entries(0..200)).await.unwrap();
    assert_eq!(store.history(&room).await.unwrap().len(), 200);
    store.close().await;
}
