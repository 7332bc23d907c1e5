//! Connected participants that join when told to.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    ops::Range,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    select,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    load::{
        mesh::{self, Client},
        pair::Place,
        took::Took,
    },
    workloads::{pace::wait_until, pairs::AT_ONCE},
};

/// Limit of every step.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Two participants for each room.
pub struct People {
    living: JoinSet<anyhow::Result<Seated>>,
    /// In order, the participants that have not joined yet; each receives its intended time.
    turns: VecDeque<oneshot::Sender<Instant>>,
    joined: UnboundedReceiver<Duration>,
    met: UnboundedReceiver<()>,
    go: CancellationToken,
}

/// A participant that was seated.
struct Seated {
    room: u32,
    id: String,
    /// The id of the other participant, as the server told it.
    opposite: String,
}

/// The channels of a participant.
#[derive(Clone)]
struct Stage {
    doors: Arc<Semaphore>,
    connected: UnboundedSender<()>,
    /// Duration of the join.
    joined: UnboundedSender<Duration>,
    /// The participant knows the other one.
    met: UnboundedSender<()>,
    go: CancellationToken,
}

impl People {
    /// Returns when all are connected.
    pub async fn connect(place: Place, rooms: Range<u32>) -> anyhow::Result<Self> {
        let (connected, mut connections) = unbounded_channel();
        let (joined, joins) = unbounded_channel();
        let (met, meetings) = unbounded_channel();
        let go = CancellationToken::new();
        let stage =
            Stage { doors: Arc::new(Semaphore::new(AT_ONCE)), connected, joined, met, go: go.clone() };
        let (mut living, mut turns) = (JoinSet::new(), VecDeque::new());
        for (address, name) in [(place.address, "Ann"), (place.opposite, "Bob")] {
            for room in rooms.clone() {
                let (begin, turn) = oneshot::channel();
                turns.push_back(begin);
                living.spawn(live(address, room, name, turn, stage.clone()));
            }
        }
        let mut people = Self { living, turns, joined: joins, met: meetings, go };
        for _ in 0..people.living.len() {
            unless_one_fails(&mut people.living, connections.recv()).await?;
        }
        Ok(people)
    }

    /// Lets all join in order, `at_once` at a time.
    pub async fn join_in_a_loop(&mut self, at_once: usize) -> anyhow::Result<Took> {
        let mut took = Took::new()?;
        for _ in 0..at_once {
            self.begin_next(Instant::now());
        }
        for _ in 0..self.living.len() {
            took.record(self.next_join().await?)?;
            self.begin_next(Instant::now());
        }
        Ok(took)
    }

    /// Lets all join in order, `rate` of them a second.
    pub async fn join_at_a_rate(&mut self, rate: u32) -> anyhow::Result<Took> {
        let mut took = Took::new()?;
        let mut next = Instant::now();
        while !self.turns.is_empty() {
            unless_one_fails(&mut self.living, wait_until(next)).await?;
            self.begin_next(next);
            next += Duration::from_secs(1) / rate;
            while let Ok(join) = self.joined.try_recv() {
                took.record(join)?;
            }
        }
        while took.count() < self.living.len() as f64 {
            took.record(self.next_join().await?)?;
        }
        Ok(took)
    }

    /// Lets all leave once each knows the other, and compares their ids.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        for _ in 0..self.living.len() {
            unless_one_fails(&mut self.living, self.met.recv()).await?;
        }
        self.go.cancel();
        let mut first_comers = HashMap::new();
        let ended = timeout(TIMEOUT, self.living.join_all()).await.context("leaving takes too long")?;
        for seated in ended {
            let Seated { room, id, opposite } = seated?;
            let Some((other, others_opposite)) = first_comers.remove(&room) else {
                first_comers.insert(room, (id, opposite));
                continue;
            };
            ensure!(id == others_opposite && opposite == other, "two in a room do not know each other");
        }
        ensure!(first_comers.is_empty(), "a participant was alone");
        Ok(())
    }

    fn begin_next(&mut self, intended: Instant) {
        if let Some(turn) = self.turns.pop_front() {
            // A participant that is gone has failed and reports it itself.
            let _ = turn.send(intended);
        }
    }

    async fn next_join(&mut self) -> anyhow::Result<Duration> {
        unless_one_fails(&mut self.living, self.joined.recv()).await?.context("all are gone")
    }
}

/// Waits for `other`, and fails with the first participant that fails.
async fn unless_one_fails<T>(
    living: &mut JoinSet<anyhow::Result<Seated>>,
    other: impl Future<Output = T>,
) -> anyhow::Result<T> {
    select! {
        biased;
        Some(ended) = living.join_next() => { ended??; bail!("a participant left") }
        done = timeout(TIMEOUT, other) => done.context("it took too long"),
    }
}

/// Connects, joins in turn, and leaves with all others.
async fn live(
    to: SocketAddr,
    room: u32,
    name: &str,
    turn: oneshot::Receiver<Instant>,
    stage: Stage,
) -> anyhow::Result<Seated> {
    let door = stage.doors.acquire().await?;
    let mut client = Client::connect(to).await?;
    drop(door);
    stage.connected.send(())?;
    let began = select! {
        biased;
        turn = turn => turn?,
        event = client.event() => bail!("{:?} instead of silence", event?),
    };
    let joined = client.join(&format!("join-{room}"), name).await?;
    stage.joined.send(began.elapsed())?;
    ensure!(
        joined.remote_socket.is_some() == (name == "Bob"),
        "the other participant was there too early or not announced"
    );
    let opposite = match joined.remote_socket {
        Some(opposite) => opposite,
        None => hear_of_opposite(&mut client).await?,
    };
    stage.met.send(())?;
    select! {
        biased;
        () = stage.go.cancelled() => {}
        event = client.event() => bail!("{:?} instead of silence", event?),
    }
    client.ask::<Value>("leave_room", "{}").await?;
    client.close().await?;
    Ok(Seated { room, id: joined.participant, opposite })
}

async fn hear_of_opposite(client: &mut Client) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PeerJoined {
        remote_socket: String,
    }
    let event = client.event().await?;
    let (event, peer): (&str, PeerJoined) = mesh::parse(&event)?;
    ensure!(event == "peer_joined", "{event} instead of peer_joined");
    Ok(peer.remote_socket)
}
