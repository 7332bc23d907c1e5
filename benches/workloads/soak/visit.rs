//! One call of the soak, from the first connection until nothing is left of it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use serde::de::IgnoredAny;
use tokio::{
    time::{sleep, timeout},
    try_join,
};

use crate::load::{
    mesh::Client,
    seat::{Outcome, Seat},
};

/// How many candidates each side sends.
const CANDIDATES: u32 = 10;

/// How long both stay when everything was said.
const STAY: Duration = Duration::from_secs(3);

/// How long all of it may take before a message is taken to be lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a call ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Both leave.
    Goodbye,
    /// Both connections are reset, and nobody comes back.
    Vanish,
    /// One connection is reset; its owner comes back with the token, they talk on, and leave.
    Return,
}

impl End {
    /// One call in ten ends in silence, and one is interrupted.
    const fn of(number: u32) -> Self {
        match number % 10 {
            0 => Self::Vanish,
            1 => Self::Return,
            _ => Self::Goodbye,
        }
    }
}

/// The `number`th call.
pub async fn visit(server: SocketAddr, number: u32) -> anyhow::Result<()> {
    timeout(PATIENCE, call(server, number)).await.context("a call takes too long")?
}

/// Whoever waits for the other one goes on listening: otherwise a disk that is slow for a moment costs a connection.
async fn call(server: SocketAddr, number: u32) -> anyhow::Result<()> {
    let mut ann = Guest::arrive(server, Seat::new(2 * number, true)).await?;
    let mut bob = ann.listen_during(Guest::arrive(server, Seat::new(2 * number + 1, true))).await??;
    talk(&mut ann, &mut bob).await?;
    try_join!(ann.listen_during(sleep(STAY)), bob.listen_during(sleep(STAY)))?;
    match End::of(number) {
        End::Goodbye => {}
        End::Vanish => {
            ann.client.reset()?;
            return bob.client.reset();
        }
        End::Return => {
            ann.client.reset()?;
            ann = bob.listen_during(Guest::arrive(server, ann.seat)).await??;
            talk(&mut ann, &mut bob).await?;
        }
    }
    ensure!(bob.seat.told_left == 0, "somebody was told that the other one had left");
    bob.listen_during(ann.leave()).await??;
    bob.seat.hear_of_leaving(&mut bob.client).await?;
    bob.leave().await
}

/// What is said in a call: offer, answer, candidates both ways, and a message each that is kept.
async fn talk(ann: &mut Guest, bob: &mut Guest) -> anyhow::Result<()> {
    bob.describe("offer").await?;
    ann.hear(1).await?;
    ann.describe("answer").await?;
    bob.hear(1).await?;
    try_join!(ann.talk(), bob.talk()).map(drop)
}

/// Somebody in a call.
struct Guest {
    seat: Seat,
    client: Client,
}

impl Guest {
    async fn arrive(server: SocketAddr, mut seat: Seat) -> anyhow::Result<Self> {
        match seat.take(server, true).await? {
            Outcome::Seated(client) => Ok(Self { seat, client }),
            Outcome::NotYet => bail!("nobody was let in"),
        }
    }

    async fn describe(&mut self, kind: &str) -> anyhow::Result<()> {
        self.seat.describe(&mut self.client, kind)?;
        self.client.flush().await
    }

    /// Says everything, and hears as much.
    async fn talk(&mut self) -> anyhow::Result<()> {
        for _ in 0..CANDIDATES {
            self.seat.send_candidate(&mut self.client)?;
        }
        let _: IgnoredAny = self.client.ask("send_message", r#"{"body":"Can you hear me?"}"#).await?;
        self.hear(CANDIDATES + 1).await
    }

    async fn hear(&mut self, more: u32) -> anyhow::Result<()> {
        self.seat.hear_more(&mut self.client, more).await
    }

    async fn listen_during<T>(&mut self, other: impl Future<Output = T>) -> anyhow::Result<T> {
        self.seat.mind(&mut self.client, other).await
    }

    async fn leave(mut self) -> anyhow::Result<()> {
        let _: IgnoredAny = self.client.ask("leave_room", "{}").await?;
        self.client.close().await
    }
}
