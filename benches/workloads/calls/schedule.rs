//! The start times of calls.

use std::time::Duration;

use anyhow::Context;
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use super::set_up::call;
use crate::{
    load::{pair::Place, took::Took},
    workloads::pace::wait_until,
};

/// Most concurrent calls of an open loop. When a server is too slow for the rate, later calls wait here, and
/// their time counts.
const MOST: usize = 500;

type Running = JoinSet<anyhow::Result<Duration>>;

/// Runs a closed loop: a call starts when another ends.
pub async fn in_a_loop(
    place: Place,
    rooms: &mut impl Iterator<Item = u32>,
    at_once: u32,
    duration: Duration,
) -> anyhow::Result<Took> {
    let end = Instant::now() + duration;
    let mut took = Took::new()?;
    let mut running = Running::new();
    for _ in 0..at_once {
        begin(&mut running, place, rooms, Instant::now())?;
    }
    while let Some(done) = running.join_next().await {
        record(&mut took, done)?;
        if Instant::now() < end {
            begin(&mut running, place, rooms, Instant::now())?;
        }
    }
    Ok(took)
}

/// Runs an open loop: calls start on time. A set-up time starts at the intended time, so that a stalled
/// server is not measured less.
pub async fn at_a_rate(
    place: Place,
    rooms: &mut impl Iterator<Item = u32>,
    rate: u32,
    duration: Duration,
) -> anyhow::Result<Took> {
    let mut took = Took::new()?;
    let mut running = Running::new();
    let start = Instant::now();
    let mut next = start;
    while next < start + duration {
        wait_until(next).await;
        while running.len() >= MOST {
            record(&mut took, running.join_next().await.context("no call is running")?)?;
        }
        begin(&mut running, place, rooms, next)?;
        next += Duration::from_secs(1) / rate;
        while let Some(done) = running.try_join_next() {
            record(&mut took, done)?;
        }
    }
    while let Some(done) = running.join_next().await {
        record(&mut took, done)?;
    }
    Ok(took)
}

/// Starts a call whose intended time is `intended`.
fn begin(
    running: &mut Running,
    place: Place,
    rooms: &mut impl Iterator<Item = u32>,
    intended: Instant,
) -> anyhow::Result<()> {
    let room = rooms.next().context("no rooms left")?;
    running.spawn(async move { Ok(call(place, room).await?.duration_since(intended)) });
    Ok(())
}

fn record(took: &mut Took, done: Result<anyhow::Result<Duration>, JoinError>) -> anyhow::Result<()> {
    took.record(done??)
}
