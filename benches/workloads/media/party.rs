//! People who come together: signaling on one thread, media on another meanwhile.

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

/// A room that none is measured in.
const FIRST_ROOM: u32 = 999;

/// How often the studio looks whether it is to do something else.
const GLANCE: Duration = Duration::from_millis(5);

/// Who meets where.
#[derive(Clone, Copy)]
pub struct Party {
    pub contender: Contender,
    pub server: SocketAddr,
    /// Where the people are.
    pub own: IpAddr,
}

impl Party {
    /// One sends to another and both leave: what is done but once is done then.
    pub async fn rehearse(self, camera: Camera) -> anyhow::Result<()> {
        let room = Room { number: FIRST_ROOM, people: 2, senders: 1, camera };
        let (studio, people) = self.fill(room, Studio::new()?).await?;
        let (_studio, ()) = apart(studio, Studio::begin).await?;
        for person in people {
            person.leave().await?;
        }
        Ok(())
    }

    /// Fills a room and connects everybody. Senders connect before anybody receives them: Janus wants it so.
    pub async fn fill(self, room: Room, studio: Studio) -> anyhow::Result<(Studio, Vec<Person>)> {
        let Self { contender, server, own } = self;
        let (studio, (mut people, senders)) = meanwhile(studio, room.enter(contender, server, own)).await?;
        let (studio, ()) = apart(studio, |studio| studio.connect(senders)).await?;
        let (studio, receivers) = meanwhile(studio, room.receive(&mut people, own)).await?;
        let (studio, ()) = apart(studio, |studio| studio.connect(receivers)).await?;
        Ok((studio, people))
    }
}

/// Does something else, while the studio goes on: whoever says nothing for long is taken to be gone.
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

/// Does something with the studio on a thread of its own, so that signaling goes on meanwhile.
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
