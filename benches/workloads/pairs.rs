//! Pairs that are connected, and leave, together.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::load::{
    pair::{self, Participant, Place},
    wire::Signal,
};

/// Connections that are opened or closed at the same time.
pub const AT_ONCE: usize = 64;

/// Connects this many pairs in rooms numbered from 0.
pub async fn gather(place: Place, pairs: u32, signal: Signal) -> anyhow::Result<Vec<Participant>> {
    let meeting = stream::iter((0..pairs).map(|room| pair::meet(place, room, signal)));
    let met: Vec<_> = meeting.buffered(AT_ONCE).try_collect().await?;
    Ok(met.into_iter().flatten().collect())
}

/// Lets all leave. Each announces its departure first, as a waiting participant answers no pings.
pub async fn disperse(mut participants: Vec<Participant>) -> anyhow::Result<()> {
    for participant in &mut participants {
        participant.say_goodbye().await?;
    }
    stream::iter(participants).map(Participant::go).buffer_unordered(AT_ONCE).try_collect().await
}
