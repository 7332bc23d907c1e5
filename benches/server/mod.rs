//! A server under measurement: one process, or several that serve together.
//!
//! - `process`: one of them.
//! - `redis`: where several meet.
//! - `mongod`: a database for their chats.

pub mod mongod;
mod process;
mod redis;
mod settings;

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Context;
use tokio::time::{Instant, sleep, timeout};

pub use self::settings::{Layout, Settings};
use self::{process::Process, redis::Redis};
use crate::{
    load::{
        pair::{self, Place},
        wire::Signal,
    },
    machine::Cores,
    model::contender::Contender,
};

/// What all of them sign sessions with.
const SECRET: &str = "known to all nodes of a benchmark";

/// How long it may take until any of them can be reached through any other: a node that has just met Redis lets nobody
/// in for some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one attempt may take, and how long is waited after one that failed.
const ATTEMPT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Attempts have rooms of their own, counted down from here.
const LAST_ROOM: u32 = 9_999_999;

/// A server that runs until this is dropped.
pub struct Server {
    contender: Contender,
    processes: Vec<Process>,
    redis: Option<Redis>,
}

impl Server {
    /// Comes back when it lets people in.
    pub async fn start(
        contender: Contender,
        layout: Layout,
        settings: &Settings,
        cores: Cores,
    ) -> anyhow::Result<Self> {
        let Layout::Together(count) = layout else {
            let process = Process::start(contender, settings, cores)?;
            return Ok(Self { contender, processes: vec![process], redis: None });
        };
        let redis = Redis::start(cores).await?;
        let mut settings = settings.clone();
        settings.extend([("REDIS_URL", redis.url()), ("SESSION_SECRET", SECRET.to_owned())]);
        let processes = (0..count).map(|_| Process::start(contender, &settings, cores));
        let processes = processes.collect::<anyhow::Result<_>>()?;
        let server = Self { contender, processes, redis: Some(redis) };
        server.wait_until_all_meet().await.with_context(|| server.log())?;
        Ok(server)
    }

    /// Ends the only process without a word and starts it again, at the same address and with the same data.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.processes[0].restart().await
    }

    /// Ends the first process without a word. What is said of the server from now on is said of the others.
    pub fn lose_first(&mut self) {
        drop(self.processes.remove(0));
    }

    /// Where its clients meet: at the only process, or at the first two.
    pub fn place(&self) -> Place {
        let address = self.processes[0].address();
        let opposite = self.processes.get(1).map_or(address, Process::address);
        Place { contender: self.contender, address, opposite }
    }

    /// Where each of its processes listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.processes.iter().map(Process::address).collect()
    }

    /// The CPU time of all threads of all processes, user and system, without Redis.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(Process::cpu_seconds).sum()
    }

    /// That of Redis, where processes serve together.
    pub fn redis_cpu_seconds(&self) -> anyhow::Result<Option<f64>> {
        self.redis.as_ref().map(Redis::cpu_seconds).transpose()
    }

    /// Physical memory of all processes, in bytes.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(Process::resident_bytes).sum()
    }

    /// How many files and connections they have open.
    pub fn open_files(&self) -> anyhow::Result<u32> {
        self.processes.iter().map(Process::open_files).sum()
    }

    /// How many connections and listeners they have open.
    pub fn open_sockets(&self) -> anyhow::Result<u32> {
        self.processes.iter().map(Process::open_sockets).sum()
    }

    /// The folder where the first process keeps everything.
    pub fn data(&self) -> &Path {
        self.processes[0].data()
    }

    /// What they logged.
    pub fn log(&self) -> String {
        let logs = self.processes.iter().map(Process::log).chain(self.redis.as_ref().map(Redis::log));
        logs.collect::<Vec<_>>().join("\n")
    }

    /// Lets two talk over each process and the next one, until that succeeds.
    async fn wait_until_all_meet(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        let addresses = self.addresses();
        let next = addresses.iter().cycle().skip(1);
        let mut rooms = (0..=LAST_ROOM).rev();
        for (address, opposite) in addresses.iter().zip(next) {
            let place = Place { contender: self.contender, address: *address, opposite: *opposite };
            loop {
                let attempt = talk(place, rooms.next().context("no rooms left")?);
                let done = timeout(ATTEMPT, attempt).await.map_err(Into::into).flatten();
                match done {
                    Ok(()) => break,
                    Err(error) if Instant::now() > end => return Err(error.context("it lets nobody in")),
                    Err(_) => sleep(PAUSE).await,
                }
            }
        }
        Ok(())
    }
}

/// Two meet, hear each other and leave.
async fn talk(place: Place, room: u32) -> anyhow::Result<()> {
    let [mut ann, mut bob] = pair::meet(place, room, Signal::Candidate).await?;
    ann.say();
    ann.flush().await?;
    bob.hear().await?;
    bob.say();
    bob.flush().await?;
    ann.hear().await?;
    ann.leave().await?;
    bob.leave().await
}
