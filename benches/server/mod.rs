//! A measured server: one process, or several that serve together.
//!
//! - `process`: one process.
//! - `redis`: the Redis of several processes.
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

/// The common secret of their session tokens.
const SECRET: &str = "known to all nodes of a benchmark";

/// Limit until every process reaches every other: a node that has just connected to Redis refuses newcomers
/// for some seconds.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Limit of one attempt, and the pause after a failed one.
const ATTEMPT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Attempts use rooms of their own, counted down from here.
const LAST_ROOM: u32 = 9_999_999;

/// A server that runs until it is dropped.
pub struct Server {
    contender: Contender,
    processes: Vec<Process>,
    redis: Option<Redis>,
}

impl Server {
    /// Returns when the server admits participants.
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

    /// Kills the only process and starts it again, at the same address and with the same data.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.processes[0].restart().await
    }

    /// Kills the first process. All values are those of the others from now on.
    pub fn lose_first(&mut self) {
        drop(self.processes.remove(0));
    }

    /// The addresses of a pair: the only process, or the first two.
    pub fn place(&self) -> Place {
        let address = self.processes[0].address();
        let opposite = self.processes.get(1).map_or(address, Process::address);
        Place { contender: self.contender, address, opposite }
    }

    /// The addresses of its processes.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.processes.iter().map(Process::address).collect()
    }

    /// The CPU time of all threads of all processes, user and system, without Redis.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(Process::cpu_seconds).sum()
    }

    /// The CPU time of Redis, if there is one.
    pub fn redis_cpu_seconds(&self) -> anyhow::Result<Option<f64>> {
        self.redis.as_ref().map(Redis::cpu_seconds).transpose()
    }

    /// Physical memory of all processes, in bytes.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        self.processes.iter().map(Process::resident_bytes).sum()
    }

    /// Number of open files and connections.
    pub fn open_files(&self) -> anyhow::Result<u32> {
        self.processes.iter().map(Process::open_files).sum()
    }

    /// Number of open connections and listeners.
    pub fn open_sockets(&self) -> anyhow::Result<u32> {
        self.processes.iter().map(Process::open_sockets).sum()
    }

    /// The data folder of the first process.
    pub fn data(&self) -> &Path {
        self.processes[0].data()
    }

    /// The logs of all processes.
    pub fn log(&self) -> String {
        let logs = self.processes.iter().map(Process::log).chain(self.redis.as_ref().map(Redis::log));
        logs.collect::<Vec<_>>().join("\n")
    }

    /// Waits until a pair can signal between each process and the next one.
    async fn wait_until_all_meet(&self) -> anyhow::Result<()> {
        let end = Instant::now() + TIMEOUT;
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
                    Err(error) if Instant::now() > end => {
                        return Err(error.context("it admits no participants"));
                    }
                    Err(_) => sleep(PAUSE).await,
                }
            }
        }
        Ok(())
    }
}

/// Two participants join, signal to each other and leave.
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
