//! The contract of every seat registry, run against each back end, with a model of seats to compare with.

use std::{collections::HashMap, sync::Arc, time::Duration};

use proptest::{prelude::*, test_runner::TestRunner};
use switchboard::{
    cluster::LocalRegistry,
    core::{
        model::{
            ids::{Epoch, ParticipantId, RoomId},
            seat_table::{Claim, ClaimRefused, Renewal, RoomPolicy, Seat, SeatKey},
        },
        ports::{
            clock::SystemClock,
            seat_registry::{ClaimError, EndedClaim, SeatRegistry},
        },
    },
};
use tokio::task::JoinSet;

use super::seats::{renew, renewal};
use crate::support::redis::Redis;

/// A lease that does not end during a test.
const LONG: Duration = Duration::from_hours(1);

fn claim(room: &str, participant: ParticipantId, lease: Duration) -> Claim {
    let (room, name) = (room.parse().unwrap(), "Ann".parse().unwrap());
    Claim { room, policy: RoomPolicy::new(2, lease), participant, name, protected: false, over: None }
}

fn key(room: &str, participant: ParticipantId, epoch: Epoch) -> SeatKey {
    SeatKey { room: room.parse::<RoomId>().unwrap(), participant, epoch }
}

/// A room of one test, so that tests can share a back end.
fn fresh_room() -> String {
    ParticipantId::random().to_string()
}

async fn a_room_has_as_many_holders_as_seats(cluster: Arc<dyn SeatRegistry>) {
    let room = fresh_room();
    let mut racers = JoinSet::new();
    for _ in 0..100 {
        let (cluster, claim) = (cluster.clone(), claim(&room, ParticipantId::random(), LONG));
        racers.spawn(async move { cluster.claim(claim).await });
    }
    let outcomes = racers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
    for outcome in outcomes {
        match outcome {
            Ok(_) => {}
            Err(ClaimError::Refused(refused)) => assert_eq!(refused.holders().len(), 2),
            Err(ClaimError::Unavailable(error)) => panic!("{error}"),
        }
    }
}

async fn ones_own_seat_is_taken_over_under_a_newer_epoch(cluster: Arc<dyn SeatRegistry>) {
    let (room, ann, bob) = (fresh_room(), ParticipantId::random(), ParticipantId::random());
    let first = cluster.claim(claim(&room, ann, LONG)).await.unwrap();
    assert!(first.former.is_none() && first.others.is_empty());
    let other = cluster.claim(claim(&room, bob, LONG)).await.unwrap();
    assert_eq!(other.others[0].participant, ann);
    let second = cluster.claim(claim(&room, ann, LONG)).await.unwrap();
    assert!(
        second.former.is_some_and(|former| former.epoch == first.seat.epoch)
            && second.seat.epoch > first.seat.epoch
    );
    assert_eq!(second.others[0].participant, bob);
}

async fn an_old_epoch_changes_nothing(cluster: Arc<dyn SeatRegistry>) {
    let (room, ann) = (fresh_room(), ParticipantId::random());
    let old = cluster.claim(claim(&room, ann, LONG)).await.unwrap().seat.epoch;
    let new = cluster.claim(claim(&room, ann, LONG)).await.unwrap().seat.epoch;
    let (old, new) = (key(&room, ann, old), key(&room, ann, new));
    assert_eq!(cluster.seat_of(&new.room, ann).await.unwrap().unwrap().epoch, new.epoch);
    assert!(!cluster.release(&old).await.unwrap());
    assert_eq!(renew(&*cluster, &[&old, &new], LONG).await.unwrap(), [old]);
    assert!(cluster.release(&new).await.unwrap());
    assert!(!cluster.release(&new).await.unwrap(), "once");
    assert!(cluster.seat_of(&new.room, ann).await.unwrap().is_none());
}

async fn a_seat_released_and_taken_again_has_a_newer_epoch(cluster: Arc<dyn SeatRegistry>) {
    let (room, ann) = (fresh_room(), ParticipantId::random());
    let first = cluster.claim(claim(&room, ann, LONG)).await.unwrap().seat.epoch;
    assert!(cluster.release(&key(&room, ann, first)).await.unwrap());
    let second = cluster.claim(claim(&room, ann, LONG)).await.unwrap();
    assert!(second.former.is_none() && second.seat.epoch > first);
    assert!(!cluster.release(&key(&room, ann, first)).await.unwrap());
}

async fn a_lease_ends_unless_it_is_renewed(cluster: Arc<dyn SeatRegistry>) {
    let (room, ann, bob) = (fresh_room(), ParticipantId::random(), ParticipantId::random());
    let short = Duration::from_millis(50);
    let ann_key = key(&room, ann, cluster.claim(claim(&room, ann, short)).await.unwrap().seat.epoch);
    let bob_key = key(&room, bob, cluster.claim(claim(&room, bob, short)).await.unwrap().seat.epoch);
    assert!(renew(&*cluster, &[&bob_key], LONG).await.unwrap().is_empty());
    loop {
        let ended = cluster.expire().await.unwrap();
        if ended.contains(&EndedClaim::Released(ann_key.clone())) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(renew(&*cluster, &[&ann_key], LONG).await.unwrap(), [ann_key]);
    assert!(cluster.release(&bob_key).await.unwrap(), "the renewed one is still held");
}

async fn a_seat_whose_lease_has_ended_makes_room(cluster: Arc<dyn SeatRegistry>) {
    let (room, gone) = (fresh_room(), ParticipantId::random());
    cluster.claim(claim(&room, gone, Duration::from_millis(20))).await.unwrap();
    cluster.claim(claim(&room, ParticipantId::random(), LONG)).await.unwrap();
    let newcomer = claim(&room, ParticipantId::random(), LONG);
    let claimed = loop {
        match cluster.claim(newcomer.clone()).await {
            Ok(claimed) => break claimed,
            Err(ClaimError::Refused(_)) => tokio::task::yield_now().await,
            Err(ClaimError::Unavailable(error)) => panic!("{error}"),
        }
    };
    assert_eq!(claimed.ended.iter().map(|seat| seat.participant).collect::<Vec<_>>(), [gone]);
}

async fn who_is_away_is_said_and_a_stopping_node_gives_only_what_is_still_its_own(
    cluster: Arc<dyn SeatRegistry>,
) {
    let (room, ann, bob) = (fresh_room(), ParticipantId::random(), ParticipantId::random());
    let first = cluster.claim(claim(&room, ann, LONG)).await.unwrap();
    let newer = cluster.claim(claim(&room, bob, LONG)).await.unwrap();
    let first = key(&room, ann, first.seat.epoch);
    cluster.renew(&[Renewal { connected: false, ..renewal(&first, LONG) }]).await;
    let seats = cluster.seats(&first.room).await.unwrap();
    assert_eq!(
        seats.iter().map(|seat| (seat.participant, seat.connected)).collect::<Vec<_>>(),
        [(ann, false), (bob, true)]
    );
    let adopt = |epoch| Claim { over: Some(epoch), ..claim(&room, ann, LONG) };
    let adopted = cluster.claim(adopt(first.epoch)).await.unwrap();
    assert_eq!((adopted.seat.since, adopted.former.map(|seat| seat.epoch)), (first.epoch, Some(first.epoch)));
    assert!(!cluster.seats(&first.room).await.unwrap()[0].connected, "its holder is not there yet");
    for past in [first.epoch, newer.seat.epoch] {
        let refused = cluster.claim(adopt(past)).await;
        assert!(matches!(refused, Err(ClaimError::Refused(ClaimRefused::NotHeld))), "{refused:?}");
    }
    assert!(cluster.release(&key(&room, ann, adopted.seat.epoch)).await.unwrap());
    assert!(cluster.claim(adopt(adopted.seat.epoch)).await.is_err());
}

async fn rooms_are_independent(cluster: Arc<dyn SeatRegistry>) {
    let ann = ParticipantId::random();
    let (here, there) = (fresh_room(), fresh_room());
    let epoch = cluster.claim(claim(&here, ann, LONG)).await.unwrap().seat.epoch;
    assert!(!cluster.release(&key(&there, ann, epoch)).await.unwrap());
    let elsewhere = cluster.claim(claim(&there, ann, LONG)).await.unwrap();
    assert!(elsewhere.former.is_none() && elsewhere.others.is_empty());
}

async fn a_unique_name_is_held_by_one_until_its_seat_is_given_up(cluster: Arc<dyn SeatRegistry>) {
    let (room, ann, namesake) = (fresh_room(), ParticipantId::random(), ParticipantId::random());
    let policy = RoomPolicy { unique_names: true, ..RoomPolicy::new(2, LONG) };
    let unique = |participant| Claim { policy, ..claim(&room, participant, LONG) };
    let mut racers = JoinSet::new();
    for _ in 0..20 {
        let (cluster, claim) = (cluster.clone(), unique(ParticipantId::random()));
        racers.spawn(async move { cluster.claim(claim).await });
    }
    let winners: Vec<_> = racers.join_all().await.into_iter().filter_map(Result::ok).collect();
    assert_eq!(winners.len(), 1);
    let winner = cluster.claim(claim(&room, ann, LONG)).await.unwrap().others.remove(0);
    match cluster.claim(unique(namesake)).await {
        Err(ClaimError::Refused(ClaimRefused::NameTaken(holder))) => {
            assert!([winner.participant, ann].contains(&holder.participant));
        }
        other => panic!("{other:?}"),
    }
    assert!(cluster.release(&winner.key_in(&room.parse().unwrap())).await.unwrap());
    assert!(cluster.claim(unique(ann)).await.unwrap().former.is_some(), "one's own name is never in the way");
}

#[derive(Debug, Clone)]
enum Step {
    Claim(usize),
    Release(usize),
    Renew(usize),
}

/// Random steps of four participants, compared with a map of holders.
async fn it_behaves_as_the_model_does(cluster: Arc<dyn SeatRegistry>, steps: Vec<Step>) {
    let room = fresh_room();
    let people: Vec<_> = (0..4).map(|_| ParticipantId::random()).collect();
    let mut held: HashMap<usize, Epoch> = HashMap::new();
    let mut last: HashMap<usize, Epoch> = HashMap::new();
    for step in steps {
        match step {
            Step::Claim(person) => match cluster.claim(claim(&room, people[person], LONG)).await {
                Ok(claimed) => {
                    assert!(held.len() < 2 || held.contains_key(&person));
                    assert_eq!(claimed.former.map(|seat| seat.epoch), held.get(&person).copied());
                    assert!(last.values().all(|epoch| claimed.seat.epoch > *epoch));
                    held.insert(person, claimed.seat.epoch);
                    last.insert(person, claimed.seat.epoch);
                }
                Err(ClaimError::Refused(ClaimRefused::Full(_))) => {
                    assert!(held.len() == 2 && !held.contains_key(&person));
                }
                Err(error) => panic!("{error}"),
            },
            Step::Release(person) => {
                let epoch = last.get(&person).copied().unwrap_or(Epoch(0));
                let released = cluster.release(&key(&room, people[person], epoch)).await.unwrap();
                assert_eq!(released, held.remove(&person).is_some());
            }
            Step::Renew(person) => {
                let epoch = last.get(&person).copied().unwrap_or(Epoch(0));
                let refused = renew(&*cluster, &[&key(&room, people[person], epoch)], LONG).await.unwrap();
                assert_eq!(refused.is_empty(), held.contains_key(&person));
            }
        }
    }
}

async fn contract(cluster: Arc<dyn SeatRegistry>) {
    cluster.check().await.unwrap();
    a_room_has_as_many_holders_as_seats(cluster.clone()).await;
    ones_own_seat_is_taken_over_under_a_newer_epoch(cluster.clone()).await;
    an_old_epoch_changes_nothing(cluster.clone()).await;
    a_seat_released_and_taken_again_has_a_newer_epoch(cluster.clone()).await;
    a_lease_ends_unless_it_is_renewed(cluster.clone()).await;
    a_seat_whose_lease_has_ended_makes_room(cluster.clone()).await;
    a_unique_name_is_held_by_one_until_its_seat_is_given_up(cluster.clone()).await;
    who_is_away_is_said_and_a_stopping_node_gives_only_what_is_still_its_own(cluster.clone()).await;
    rooms_are_independent(cluster).await;
}

fn model(cluster: impl Fn() -> Arc<dyn SeatRegistry>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let step = prop_oneof![
        (0..4_usize).prop_map(Step::Claim),
        (0..4_usize).prop_map(Step::Release),
        (0..4_usize).prop_map(Step::Renew),
    ];
    let property = |steps| {
        runtime.block_on(it_behaves_as_the_model_does(cluster(), steps));
        Ok(())
    };
    TestRunner::default().run(&prop::collection::vec(step, 0..40), property).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_registry_keeps_the_contract() {
    contract(Arc::new(LocalRegistry::new(Arc::new(SystemClock)))).await;
}

#[test]
fn local_registry_behaves_as_the_model() {
    let cluster: Arc<dyn SeatRegistry> = Arc::new(LocalRegistry::new(Arc::new(SystemClock)));
    model(|| cluster.clone());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_registry_keeps_the_contract() {
    contract(Redis::shared().await.node().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_together_keep_the_contract() {
    let redis = Redis::shared().await;
    let nodes: [Arc<dyn SeatRegistry>; 4] =
        [redis.node().await, redis.node().await, redis.node().await, redis.node().await];
    let (room, mut racers) = (fresh_room(), JoinSet::new());
    for number in 0..100 {
        let (node, claim) = (nodes[number % 4].clone(), claim(&room, ParticipantId::random(), LONG));
        racers.spawn(async move { (number % 4, node.claim(claim).await) });
    }
    let seated: Vec<_> = racers.join_all().await.into_iter().filter(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(seated.len(), 2);

    let room: RoomId = room.parse().unwrap();
    for (number, outcome) in seated {
        let epoch = outcome.unwrap().seat.epoch;
        let everybody = refused_by(&nodes[(number + 1) % 4], &room).await;
        let seat = everybody.iter().find(|seat| seat.epoch == epoch).unwrap();
        assert_eq!(seat.node, nodes[number].node(), "other nodes see the node of the holder");
        let elsewhere = &nodes[(number + 2) % 4];
        let claim = Claim { room: room.clone(), ..claim("7", seat.participant, LONG) };
        assert!(
            elsewhere.claim(claim).await.unwrap().former.is_some(),
            "one's own seat is there on every node"
        );
        let renewed = nodes[number].renew(&[renewal(&seat.key_in(&room), LONG)]).await;
        match &renewed.lost[..] {
            [EndedClaim::Moved(key, now)] => {
                assert_eq!(
                    (key, now.node),
                    (&seat.key_in(&room), elsewhere.node()),
                    "who moved, and where to"
                );
            }
            lost => panic!("{lost:?}"),
        }
    }
}

async fn refused_by(node: &Arc<dyn SeatRegistry>, room: &RoomId) -> Vec<Seat> {
    let newcomer = Claim { room: room.clone(), ..claim("7", ParticipantId::random(), LONG) };
    match node.claim(newcomer).await {
        Err(ClaimError::Refused(refused)) => refused.holders().to_vec(),
        other => panic!("{other:?}"),
    }
}
