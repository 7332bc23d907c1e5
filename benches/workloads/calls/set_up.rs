//! One call, from the first connection to the last departure.

use std::time::Duration;

use anyhow::Context;
use tokio::time::{Instant, timeout};

use crate::load::{
    pair::{self, Participant, Place},
    wire::Signal,
};

/// Candidates of each side.
pub const CANDIDATES: u32 = 10;

/// Limit of one call; a message is lost after it.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Sets up a call and ends it. Returns the time when it was set up.
pub async fn call(place: Place, room: u32) -> anyhow::Result<Instant> {
    timeout(TIMEOUT, whole(place, room)).await.context("a call was never set up")?
}

async fn whole(place: Place, room: u32) -> anyhow::Result<Instant> {
    let [ann, bob] = set_up(place, room).await?;
    let done = Instant::now();
    ann.leave().await?;
    bob.leave().await?;
    Ok(done)
}

/// The second participant makes the offer. Candidates follow the descriptions at once, as browsers gather
/// them.
async fn set_up(place: Place, room: u32) -> anyhow::Result<[Participant; 2]> {
    let [mut ann, mut bob] = pair::meet(place, room, Signal::Candidate).await?;
    bob.say_once(Signal::Offer);
    send_candidates(&mut bob).await?;
    ann.hear_once(Signal::Offer).await?;
    ann.say_once(Signal::Answer);
    send_candidates(&mut ann).await?;
    hear_candidates(&mut ann).await?;
    bob.hear_once(Signal::Answer).await?;
    hear_candidates(&mut bob).await?;
    Ok([ann, bob])
}

/// In one burst, as a browser finds its machine's addresses at once.
async fn send_candidates(who: &mut Participant) -> anyhow::Result<()> {
    for _ in 0..CANDIDATES {
        who.say();
    }
    who.flush().await
}

async fn hear_candidates(who: &mut Participant) -> anyhow::Result<()> {
    for _ in 0..CANDIDATES {
        who.hear().await?;
    }
    Ok(())
}
