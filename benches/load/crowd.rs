//! A crowd of connected pairs that only answers pings.

use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::{
    select,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinSet,
    try_join,
};
use tokio_util::sync::CancellationToken;

use super::{
    mesh,
    pair::{self, Participant, Place},
    wire::Signal,
};
/// Number of pairs that join at the same time.
const AT_ONCE: usize = 64;

/// Seated participants that wait until they are told to leave.
pub struct Crowd {
    pairs: JoinSet<anyhow::Result<()>>,
    go: CancellationToken,
}

/// The context of a pair.
#[derive(Clone)]
struct Invitation {
    place: Place,
    doors: Arc<Semaphore>,
    seated: UnboundedSender<()>,
    go: CancellationToken,
}

impl Crowd {
    /// Returns when this many participants are seated.
    pub async fn gather(place: Place, people: u32) -> anyhow::Result<Self> {
        let (seated, arrivals) = unbounded_channel();
        let doors = Arc::new(Semaphore::new(AT_ONCE));
        let invitation = Invitation { place, doors, seated, go: CancellationToken::new() };
        let go = invitation.go.clone();
        let pairs = (0..people / 2).map(|room| sit(room, invitation.clone())).collect();
        let mut crowd = Self { pairs, go };
        crowd.unless_one_fails(all_of(arrivals, people / 2)).await?;
        Ok(crowd)
    }

    /// Waits for `other`. Fails when a participant receives an event or loses its connection, as it does
    /// without pongs.
    pub async fn unless_one_fails<T>(&mut self, other: impl Future<Output = T>) -> anyhow::Result<T> {
        select! {
            biased;
            Some(pair) = self.pairs.join_next() => { pair??; bail!("a participant left") }
            done = other => Ok(done),
        }
    }

    /// All participants leave and close.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        self.go.cancel();
        while let Some(pair) = self.pairs.join_next().await {
            pair??;
        }
        Ok(())
    }
}

async fn all_of(mut arrivals: UnboundedReceiver<()>, pairs: u32) {
    for _ in 0..pairs {
        arrivals.recv().await;
    }
}

async fn sit(room: u32, invitation: Invitation) -> anyhow::Result<()> {
    let Invitation { place, doors, seated, go } = invitation;
    let door = doors.acquire().await?;
    let [ann, bob] = pair::meet(place, room, Signal::Candidate).await.context("no seat")?;
    drop(door);
    seated.send(())?;
    try_join!(stay(ann, &go), stay(bob, &go)).map(drop)
}

async fn stay(mut who: Participant, go: &CancellationToken) -> anyhow::Result<()> {
    select! {
        biased;
        () = go.cancelled() => who.leave().await,
        heard = mesh::packet(&mut who.socket) => bail!("{:?} instead of silence", heard?),
    }
}
