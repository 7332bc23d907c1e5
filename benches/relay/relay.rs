//! The relay under load: pairs that send candidates to and fro.

use std::time::Duration;

use anyhow::Context;
use tokio::{task::JoinSet, time::timeout};

use super::{
    pair::{self, Participant},
    sample::{Cost, Meter},
    server::Server,
};

/// For each message that is measured, this part of one is sent before, so that a just-in-time compiler has compiled.
const WARM_UP: u32 = 4;

/// The slowest relay that is waited for, in messages a second. A message that is lost shows as time that is up.
const SLOWEST: u32 = 1_000;

/// What is relayed.
#[derive(Clone, Copy)]
pub struct Load {
    pub pairs: u32,
    /// All pairs together.
    pub messages: u32,
    /// How many of a pair's messages are under way at once.
    pub window: u32,
}

/// What it took.
#[derive(Clone, Copy)]
pub struct Relayed {
    pub cost: Cost,
    /// The server's memory with everybody in their rooms and nothing said yet.
    pub before_mib: f64,
    /// The server's memory when everything was relayed, with everybody still there.
    pub after_mib: f64,
}

/// Relays `load` through `server`, in rooms whose numbers begin with `first_room`.
pub async fn measure(server: &Server, load: Load, first_room: u32) -> anyhow::Result<Relayed> {
    let mut everybody = Vec::new();
    for room in first_room..first_room + load.pairs {
        everybody.extend(pair::meet(server.address(), room).await?);
    }
    let before_mib = server.resident_mib()?;
    let each = load.messages / (2 * load.pairs);
    let everybody = exchange(everybody, each.div_ceil(WARM_UP), load).await?;
    let meter = Meter::start(server)?;
    let everybody = exchange(everybody, each, load).await?;
    let cost = meter.stop(server, 2 * load.pairs * each)?;
    let after_mib = server.resident_mib()?;
    for participant in everybody {
        participant.leave().await?;
    }
    Ok(Relayed { cost, before_mib, after_mib })
}

/// Lets every participant send `each` candidates and hear as many; those who came first begin.
async fn exchange(everybody: Vec<Participant>, each: u32, load: Load) -> anyhow::Result<Vec<Participant>> {
    let begin = [load.window.min(each), 0].into_iter().cycle();
    let mut talks: JoinSet<_> =
        everybody.into_iter().zip(begin).map(|(who, begin)| talk(who, begin, each)).collect();
    let patience = Duration::from_mins(1) + Duration::from_secs((load.messages / SLOWEST).into());
    let mut done =
        timeout(patience, all(&mut talks)).await.context("messages were lost, or took too long")??;
    done.sort_by_key(Participant::mark);
    Ok(done)
}

/// Ends with the first that fails.
async fn all(talks: &mut JoinSet<anyhow::Result<Participant>>) -> anyhow::Result<Vec<Participant>> {
    let mut done = Vec::new();
    while let Some(talk) = talks.join_next().await {
        done.push(talk??);
    }
    Ok(done)
}

/// Sends `begin` candidates, then one for each that is heard, `each` in all.
async fn talk(mut who: Participant, begin: u32, each: u32) -> anyhow::Result<Participant> {
    for _ in 0..begin {
        who.send_candidate().await?;
    }
    for heard in 0..each {
        who.hear_candidate().await?;
        if begin + heard < each {
            who.send_candidate().await?;
        }
    }
    who.flush().await?;
    Ok(who)
}
