//! Whole call set-ups: everything a server does for two people until they see each other.

use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{Bound, Figure, Target, Workload};
use crate::{
    contenders::Contender,
    load::{
        pair::{self, Place},
        wire::Signal,
    },
    meter::{BUSY, CPU, Meter, RATE},
    options::Size,
    results::Figures,
    server::Server,
};

/// How many calls are being set up at any time.
const AT_ONCE: u32 = 32;

/// How many candidates each side sends.
const CANDIDATES: u32 = 10;

/// How long one call may take before a message is taken to be lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Call set-ups in a closed loop.
pub struct Calls {
    duration: Duration,
    warm_up: Duration,
}

impl Calls {
    pub fn new(size: Size) -> Self {
        let duration = Duration::from_millis(if size == Size::Full { 2_000 } else { 500 });
        Self { duration, warm_up: duration / 2 }
    }
}

#[async_trait(?Send)]
impl Workload for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn heading(&self) -> &'static str {
        "Whole call set-ups"
    }

    fn about(&self) -> String {
        format!(
            "Two connections, two joins, offer and answer of 4 kB, {CANDIDATES} candidates each way, two departures. \
             The next call begins when one is done."
        )
    }

    fn figures(&self) -> Vec<Figure> {
        vec![
            Figure { key: CPU, title: "CPU seconds per 100,000 calls", decimals: 1, compared: true },
            Figure { key: RATE, title: "Calls set up per second", decimals: 0, compared: true },
            Figure { key: BUSY, title: "The server's use of its core, %", decimals: 0, compared: false },
        ]
    }

    fn cases(&self) -> Vec<String> {
        vec![closed()]
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        Contender::ALL.to_vec()
    }

    async fn measure(&self, _case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let mut rooms = 0..;
        in_a_loop(server.place(), &mut rooms, self.warm_up).await?;
        let meter = Meter::start(server)?;
        let calls = in_a_loop(server.place(), &mut rooms, self.duration).await?;
        Ok(meter.stop(server, calls)?.figures())
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target {
            text: "at least 5 times Node's rate".to_owned(),
            bound: Bound::MultipleAtLeast { case: closed(), figure: RATE, of: Contender::Node, least: 5.0 },
        }]
    }
}

fn closed() -> String {
    format!("{AT_ONCE} at once")
}

/// A closed loop: a call begins when another one is done. Returns how many were set up.
async fn in_a_loop(
    place: Place,
    rooms: &mut impl Iterator<Item = u32>,
    duration: Duration,
) -> anyhow::Result<f64> {
    let end = Instant::now() + duration;
    let mut calls = 0.0;
    let mut running = JoinSet::new();
    for room in rooms.take(AT_ONCE as usize) {
        running.spawn(call(place, room));
    }
    while let Some(done) = running.join_next().await {
        done??;
        calls += 1.0;
        if Instant::now() < end {
            running.spawn(call(place, rooms.next().context("no rooms left")?));
        }
    }
    Ok(calls)
}

async fn call(place: Place, room: u32) -> anyhow::Result<()> {
    timeout(PATIENCE, set_up(place, room)).await.context("a call was never set up")?
}

/// Connect, join, offer, answer, candidates both ways, leave.
async fn set_up(place: Place, room: u32) -> anyhow::Result<()> {
    let [mut ann, mut bob] = pair::meet(place, room, Signal::Candidate).await?;
    bob.say_once(Signal::Offer);
    bob.flush().await?;
    ann.hear_once(Signal::Offer).await?;
    ann.say_once(Signal::Answer);
    ann.flush().await?;
    bob.hear_once(Signal::Answer).await?;
    for _ in 0..CANDIDATES {
        ann.say();
        bob.say();
    }
    ann.flush().await?;
    bob.flush().await?;
    for _ in 0..CANDIDATES {
        ann.hear().await?;
        bob.hear().await?;
    }
    ann.leave().await?;
    bob.leave().await
}
