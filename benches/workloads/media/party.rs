//! Participants of rooms: signaling on one thread, media on another.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::spawn_blocking;

use crate::{
    load::media::{Camera, Person, Room, Studio},
    model::contender::Contender,
};

/// A room that is not measured.
const FIRST_ROOM: u32 = 999;

/// Interval at which the studio checks for other work.
const GLANCE: Duration = Duration::from_millis(5);

/// The place of the rooms.
#[derive(Clone, Copy)]
pub struct Party {
    pub contender: Contender,
    pub server: SocketAddr,
    /// The address of the participants.
    pub own: IpAddr,
}

impl Party {
    /// One participant sends to another and both leave, which does all one-time work.
    pub async fn rehearse(self, camera: Camera) -> anyhow::Result<()> {
        let room = Room { number: FIRST_ROOM, people: 2, senders: 1, camera };
        let (studio, people) = self.fill(room, Studio::new()?).await?;
        let (_studio, ()) = apart(studio, Studio::begin).await?;
        for person in people {
            person.leave().await?;
        }
        Ok(())
    }

    /// Fills a room and connects all participants. Senders connect before others subscribe, as Janus
    /// requires.
    pub async fn fill(self, room: Room, studio: Studio) -> anyhow::Result<(Studio, Vec<Person>)> {
        let Self { contender, server, own } = self;
        let (studio, (mut people, senders)) = meanwhile(studio, room.enter(contender, server, own)).await?;
        let (studio, ()) = apart(studio, |studio| studio.connect(senders)).await?;
        let (studio, receivers) = meanwhile(studio, room.receive(&mut people, own)).await?;
        let (studio, ()) = apart(studio, |studio| studio.connect(receivers)).await?;
        Ok((studio, people))
    }
}

/// Runs `other` while the studio keeps its connections alive.
async fn meanwhile<T>(
    mut studio: Studio,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(Studio, T)> {
    let is_done = Arc::new(AtomicBool::new(false));
    let watched = is_done.clone();
    let going_on = spawn_blocking(move || {
        while !watched.load(Ordering::Relaxed) {
            studio.go_on(GLANCE)?;
        }
        anyhow::Ok(studio)
    });
    let done = work.await;
    is_done.store(true, Ordering::Relaxed);
    Ok((going_on.await??, done?))
}

/// Runs the studio on a thread of its own, next to signaling.
pub async fn apart<T: Send + 'static>(
    mut studio: Studio,
    what: impl FnOnce(&mut Studio) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<(Studio, T)> {
    let worked = spawn_blocking(move || {
        let done = what(&mut studio)?;
        anyhow::Ok((studio, done))
    });
    worked.await?
}
