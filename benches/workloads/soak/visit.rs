//! One call of the soak, from the first connection to the last departure.

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

/// Candidates of each side.
const CANDIDATES: u32 = 10;

/// How long both stay after the last message.
const STAY: Duration = Duration::from_secs(3);

/// Limit of a call; a message is lost after it.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The end of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Both leave.
    Goodbye,
    /// Both connections are reset, and neither participant returns.
    Vanish,
    /// One connection is reset; its participant resumes with the token, they exchange more, and leave.
    Return,
}

impl End {
    /// One call in ten ends without a departure, and one is interrupted.
    const fn of(number: u32) -> Self {
        match number % 10 {
            0 => Self::Vanish,
            1 => Self::Return,
            _ => Self::Goodbye,
        }
    }
}

/// Runs call `number`.
pub async fn visit(server: SocketAddr, number: u32) -> anyhow::Result<()> {
    timeout(TIMEOUT, call(server, number)).await.context("a call takes too long")?
}

/// A waiting participant keeps reading; otherwise a slow disk could cost its connection.
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
    ensure!(bob.seat.told_left == 0, "a participant was told that the other had left");
    bob.listen_during(ann.leave()).await??;
    bob.seat.hear_of_leaving(&mut bob.client).await?;
    bob.leave().await
}

/// Exchanges an offer, an answer, candidates both ways, and a stored message each.
async fn talk(ann: &mut Guest, bob: &mut Guest) -> anyhow::Result<()> {
    bob.describe("offer").await?;
    ann.hear(1).await?;
    ann.describe("answer").await?;
    bob.hear(1).await?;
    try_join!(ann.talk(), bob.talk()).map(drop)
}

/// A participant of a call.
struct Guest {
    seat: Seat,
    client: Client,
}

impl Guest {
    async fn arrive(server: SocketAddr, mut seat: Seat) -> anyhow::Result<Self> {
        match seat.take(server, true).await? {
            Outcome::Seated(client) => Ok(Self { seat, client }),
            Outcome::NotYet => bail!("no participant was admitted"),
        }
    }

    async fn describe(&mut self, kind: &str) -> anyhow::Result<()> {
        self.seat.describe(&mut self.client, kind)?;
        self.client.flush().await
    }

    /// Sends everything, and receives as much.
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
