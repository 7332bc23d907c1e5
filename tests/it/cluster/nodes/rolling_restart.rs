//! All nodes restart one after the other while participants exchange signals and chats.
//!
//! `NODES_ROOMS` sets the number of rooms, `NODES_ROUNDS` the restarts of each node.
//! `scripts/rolling-restart.sh` runs it with many rooms.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::{
    sync::{Barrier, Semaphore},
    time::{Instant, interval_at, sleep},
};

use super::person::{Person, candidate};
use crate::support::{client::Client, mongod::Mongod, nodes::Nodes};

/// Interval of one participant's signals, up to [`ROOMS_AT_FULL_PACE`] rooms. With more rooms it grows, so
/// that a database on the same machine keeps up.
const PACE: Duration = Duration::from_millis(100);
const ROOMS_AT_FULL_PACE: u32 = 50;

/// One chat per this many signals.
const SIGNALS_PER_CHAT: u64 = 5;

/// Number of rooms that join at the same time at the start. Later joins are not limited.
const COMING_AT_ONCE: usize = 20;

/// Delay before another attempt after a refused join.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Time for a node to stop, per room and at least. Participants return within half of it.
const GRACE: Duration = Duration::from_millis(10);
const LEAST_GRACE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restart_loses_no_seat_no_chat_and_no_acknowledged_signal() {
    let (rooms, rounds) = (number("NODES_ROOMS", 10), number("NODES_ROUNDS", 1));
    let mongod = Mongod::shared().await;
    let mongodb = mongod.uri(&format!("rolling{}", std::process::id()));
    let grace = format!("{}ms", LEAST_GRACE.max(GRACE * rooms).as_millis());
    let env = [("MONGODB_URI", &*mongodb), ("SEAT_LEASE", "60s"), ("SHUTDOWN_GRACE", &grace)];
    let mut nodes = Nodes::start_env(3, &env).await;
    let addresses: Arc<[String]> = (0..3).map(|node| nodes.address(node).to_owned()).collect();
    let goes_on = Arc::new(AtomicBool::new(true));
    let (door, all_seated) =
        (Arc::new(Semaphore::new(COMING_AT_ONCE)), Arc::new(Barrier::new(rooms as usize + 1)));
    let pace = PACE * rooms.div_ceil(ROOMS_AT_FULL_PACE);
    let talks = (0..rooms).map(|room| {
        let (addresses, goes_on, all_seated) = (addresses.clone(), goes_on.clone(), all_seated.clone());
        let door = door.clone();
        tokio::spawn(async move {
            let turn = door.acquire_owned().await;
            let pair = sit_down(room, &addresses).await;
            drop(turn);
            all_seated.wait().await;
            talk(pair, Beat { pace, offset: pace * room / rooms }, &goes_on).await
        })
    });
    let talks: Vec<_> = talks.collect();
    all_seated.wait().await;

    for node in (0..rounds).flat_map(|_| 0..3) {
        nodes.stop(node).await;
        nodes.run(node).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    let tallies = try_join_all(talks).await.unwrap();

    let (mut signals, mut moves, mut resets) = (0, 0, 0);
    for tally in tallies.iter().flatten() {
        signals += tally.acknowledged.len();
        moves += tally.moves;
        resets += tally.resets;
    }
    assert!(moves >= rooms as usize, "too few moves: {moves}");
    // A second move while the mailbox is on its way.
    assert!(resets <= moves.div_ceil(1_000), "{resets} resets in {moves} moves");
    eprintln!(
        "{rooms} rooms: {signals} signals acknowledged and heard; {moves} moves, {resets} of them resets"
    );
}

fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// Schedule of a pair's signals: every `pace`, from `offset` on, so that pairs take turns.
#[derive(Clone, Copy)]
struct Beat {
    pace: Duration,
    offset: Duration,
}

/// Result of one participant.
#[derive(Default)]
struct Tally {
    /// Numbers of acknowledged signals.
    acknowledged: BTreeSet<u64>,
    /// Ids of acknowledged chats.
    chats: BTreeSet<String>,
    /// Numbers received from the other side, in order.
    heard: Vec<u64>,
    moves: usize,
    /// Moves after which the participant was told that events are missing.
    resets: usize,
}

/// Two participants in one room, on two nodes.
async fn sit_down(room: u32, addresses: &Arc<[String]>) -> [Talker; 2] {
    let name = format!("room {room}");
    let (here, there) = (room as usize % addresses.len(), (room as usize + 1) % addresses.len());
    let (mut ann, _) = Person::join(connect(&addresses[here]).await, &name, "Ann").await;
    let (bob, _) = Person::join(connect(&addresses[there]).await, &name, "Bob").await;
    ann.hear("peer_joined").await;
    let (ann_id, bob_id) = (ann.id.clone(), bob.id.clone());
    let is_reset = Arc::new(AtomicBool::new(false));
    [(ann, bob_id, here), (bob, ann_id, there)].map(|(person, peer, node)| Talker {
        person,
        peer,
        addresses: addresses.clone(),
        node,
        stays_away: Duration::ZERO,
        is_reset: is_reset.clone(),
        tally: Tally::default(),
    })
}

/// Exchanges signals until told to stop, then waits until everything has arrived.
async fn talk([mut ann, mut bob]: [Talker; 2], beat: Beat, goes_on: &AtomicBool) -> [Tally; 2] {
    let silence = Barrier::new(2);
    tokio::join!(ann.talk(beat, goes_on, &silence), bob.talk(beat, goes_on, &silence));
    let (said_by_ann, said_by_bob) = (ann.tally.acknowledged.clone(), bob.tally.acknowledged.clone());
    tokio::join!(ann.hear_all(&said_by_bob), bob.hear_all(&said_by_ann));
    let kept = ann.history().await;
    for said in [&ann.tally.chats, &bob.tally.chats] {
        assert!(!said.is_empty(), "some chats were acknowledged");
        assert!(kept.is_superset(said), "what was acknowledged is kept");
    }
    [ann.tally, bob.tally]
}

/// A participant that moves to the next node whenever its connection ends.
struct Talker {
    person: Person,
    peer: Value,
    addresses: Arc<[String]>,
    node: usize,
    /// The server's delay before the next join.
    stays_away: Duration,
    /// One of the pair was reset: signals between the two may be missing, as both are told.
    is_reset: Arc<AtomicBool>,
    tally: Tally,
}

impl Talker {
    /// Sends signals while `goes_on` is set, and until one chat is acknowledged.
    async fn talk(&mut self, Beat { pace, offset }: Beat, goes_on: &AtomicBool, silence: &Barrier) {
        let mut beat = interval_at(Instant::now() + offset, pace);
        for number in 1.. {
            self.listen_until(beat.tick()).await;
            if !goes_on.load(Ordering::Relaxed) && !self.tally.chats.is_empty() {
                break;
            }
            self.say(number).await;
        }
        silence.wait().await;
    }

    /// Handles events as they arrive, as a page does, until the next signal is due.
    async fn listen_until<T>(&mut self, due: impl Future<Output = T>) {
        let mut due = pin!(due);
        loop {
            tokio::select! {
                _ = &mut due => return,
                heard = self.person.client.try_next_any() => self.handle(heard).await,
            }
        }
    }

    /// Notes an event, or joins again after the end of the connection.
    async fn handle(&mut self, heard: Option<(String, Value)>) {
        match heard {
            Some((event, payload)) => self.note(&event, &payload),
            None => self.come_back().await,
        }
    }

    /// Sends one signal or chat, once. The outcome is unknown if the connection ends before the ack.
    async fn say(&mut self, number: u64) {
        let signal = self.person.client.try_ask("ice_candidate", candidate(&self.peer, number)).await;
        if is_success(signal.as_ref()) {
            self.tally.acknowledged.insert(number);
        }
        let mut last_answer = signal;
        if last_answer.is_some() && number % SIGNALS_PER_CHAT == 1 {
            let id = format!("{} {number}", self.person.id);
            last_answer =
                self.person.client.try_ask("send_message", json!({"id": id, "body": "hello"})).await;
            if is_success(last_answer.as_ref()) {
                self.tally.chats.insert(id);
            }
        }
        if last_answer.is_none() {
            self.come_back().await;
        }
    }

    /// Receives until all of `numbers` have arrived, unless the pair was reset.
    async fn hear_all(&mut self, numbers: &BTreeSet<u64>) {
        let has_last = |heard: &Vec<u64>| numbers.last().is_none_or(|last| heard.last() >= Some(last));
        while !has_last(&self.tally.heard) && !self.is_reset() {
            let heard = self.person.client.try_next_any().await;
            self.handle(heard).await;
        }
        let heard: BTreeSet<_> = self.tally.heard.iter().copied().collect();
        assert!(self.tally.heard.is_sorted(), "in order");
        assert_eq!(heard.len(), self.tally.heard.len(), "once");
        assert!(self.is_reset() || heard.is_superset(numbers), "all of it");
    }

    fn is_reset(&self) -> bool {
        self.is_reset.load(Ordering::Relaxed)
    }

    /// The ids of all chats of the room.
    async fn history(&mut self) -> BTreeSet<String> {
        let joined = self.person.come_back(connect(&self.addresses[0]).await).await;
        let chats = joined["chats"].as_array().unwrap();
        chats.iter().map(|chat| chat["id"].as_str().unwrap().to_owned()).collect()
    }

    fn note(&mut self, event: &str, payload: &Value) {
        assert_ne!(event, "user_left");
        match event {
            "joined_successfully" => return,
            "shutting_down" => {
                self.stays_away = Duration::from_millis(payload["retry_after_ms"].as_u64().unwrap());
            }
            _ => {}
        }
        self.person.handled(payload);
        if event == "ice_candidate" {
            self.tally.heard.push(payload["candidate"]["number"].as_u64().unwrap());
        }
    }

    /// Joins again after the server's delay, on the first node that admits it, as a page does.
    async fn come_back(&mut self) {
        while let Some((event, payload)) = self.person.client.take_heard() {
            self.note(&event, &payload);
        }
        sleep(std::mem::take(&mut self.stays_away)).await;
        loop {
            self.node = (self.node + 1) % self.addresses.len();
            if let Some(mut client) = Client::try_connect(&self.addresses[self.node], "/socket.io/").await {
                let answer = client.try_ask("join_room", self.person.request()).await;
                if let Some(joined) = answer.filter(|answer| is_success(Some(answer))) {
                    if joined["resumed"] != true {
                        self.tally.resets += 1;
                        self.is_reset.store(true, Ordering::Relaxed);
                    }
                    std::mem::replace(&mut self.person.client, client).vanish();
                    self.person.take(&joined);
                    self.tally.moves += 1;
                    return;
                }
            }
            sleep(BACK_OFF).await;
        }
    }
}

fn is_success(answer: Option<&Value>) -> bool {
    answer.is_some_and(|answer| answer["success"] == true)
}

async fn connect(address: &str) -> Client {
    Client::connect(address, "/socket.io/").await
}
