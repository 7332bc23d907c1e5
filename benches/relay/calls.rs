//! Whole call set-ups: everything a server does for two people until they see each other.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use tokio::{task::JoinSet, time::timeout};

use super::{
    pair,
    sample::{Cost, Meter},
    server::Server,
};

/// How many calls are being set up at any time.
pub const AT_ONCE: u32 = 32;

/// How many candidates each side sends.
pub const CANDIDATES: u32 = 10;

/// For each call that is measured, this part of one is set up before.
const WARM_UP: u32 = 8;

/// How long one call may take before a message is taken to be lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sets up `calls` calls on `server`, in rooms whose numbers begin with `first_room`.
pub async fn measure(server: &Server, calls: u32, first_room: u32) -> anyhow::Result<Cost> {
    let warm_up = calls.div_ceil(WARM_UP);
    set_up(server.address(), first_room, warm_up).await?;
    let meter = Meter::start(server)?;
    set_up(server.address(), first_room + warm_up, calls).await?;
    meter.stop(server, calls)
}

/// A closed loop: a call begins when another one is done.
async fn set_up(address: SocketAddr, first_room: u32, calls: u32) -> anyhow::Result<()> {
    let mut rooms = first_room..first_room + calls;
    let start = |room| async move {
        timeout(PATIENCE, call(address, room)).await.context("a call was never set up")?
    };
    let mut running: JoinSet<_> = rooms.by_ref().take(AT_ONCE as usize).map(start).collect();
    while let Some(done) = running.join_next().await {
        done??;
        if let Some(room) = rooms.next() {
            running.spawn(start(room));
        }
    }
    Ok(())
}

/// Connect, join, offer, answer, candidates both ways, leave.
async fn call(address: SocketAddr, room: u32) -> anyhow::Result<()> {
    let [mut ann, mut ben] = pair::meet(address, room).await?;
    ann.describe("offer").await?;
    ben.hear_description("offer").await?;
    ben.describe("answer").await?;
    ann.hear_description("answer").await?;
    for _ in 0..CANDIDATES {
        ann.send_candidate().await?;
        ben.send_candidate().await?;
    }
    ann.flush().await?;
    ben.flush().await?;
    for _ in 0..CANDIDATES {
        ann.hear_candidate().await?;
        ben.hear_candidate().await?;
    }
    ann.leave().await?;
    ben.leave().await
}
