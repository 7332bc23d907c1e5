//! A real `redis-server` that tests start, kill and pause, and nodes that share it.

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use nix::sys::signal::Signal;
use redis::{Client, aio::MultiplexedConnection};
use switchboard::{
    cluster::{RedisRegistry, RedisSettings},
    core::{
        model::{ids::ParticipantId, session_token::SessionSigner},
        ports::{clock::SystemClock, seat_registry::SeatRegistry},
    },
};
use tokio::sync::OnceCell;

use super::{
    daemon::{Daemon, Leave, free_port},
    wait::{TIMEOUT, until},
};

/// A server on a port of its own, without persistence. Dropping it ends the process.
pub struct Redis {
    directory: PathBuf,
    port: u16,
    running: Option<Daemon>,
}

impl Redis {
    /// The server shared by tests that do not disturb it. Each test uses its own rooms or prefix.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Redis> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    pub async fn start() -> Self {
        let mut redis = Self::prepare();
        redis.run().await;
        redis
    }

    /// A server that is not running yet.
    pub fn prepare() -> Self {
        let directory = tempfile::Builder::new().prefix("redis-").tempdir().unwrap().keep();
        Self { directory, port: free_port(), running: None }
    }

    /// Runs the empty server and waits until it answers.
    pub async fn run(&mut self) {
        let mut command = Command::new(binary());
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(&self.directory)
            .args(["--save", "", "--appendonly", "no"]);
        self.running = Some(Daemon::begin(&self.directory, &command));
        until("redis-server answers", TIMEOUT, async || self.connect().await.ok()).await;
    }

    /// Kills the server; its data is lost.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").end(Leave::Directory);
    }

    /// Suspends the server: connections stay open and get no answer.
    pub fn pause(&self) {
        self.running.as_ref().expect("it runs").pause();
    }

    /// Resumes the server.
    pub fn resume(&self) {
        self.running.as_ref().expect("it runs").signal(Signal::SIGCONT);
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// A connection for direct commands.
    pub async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        Client::open(self.url())?.get_multiplexed_async_connection().await
    }

    /// A node that admits newcomers.
    pub async fn node(&self) -> Arc<RedisRegistry> {
        ready(Arc::new(join(&self.url()).await)).await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        match self.running.take() {
            Some(running) => running.end(Leave::Nothing),
            None => drop(fs::remove_dir_all(&self.directory)),
        }
    }
}

/// The settings that the nodes at `url` share.
pub fn settings(url: &str) -> RedisSettings {
    RedisSettings {
        url: url.to_owned(),
        prefix: "test:".to_owned(),
        fingerprint: SessionSigner::new(b"shared by all nodes").fingerprint(),
        clock: Arc::new(SystemClock),
        test_clock: None,
    }
}

/// A node that may not be ready yet.
pub async fn join(url: &str) -> RedisRegistry {
    RedisRegistry::join(settings(url)).await.unwrap()
}

/// Waits until a node admits newcomers.
pub async fn ready(node: Arc<RedisRegistry>) -> Arc<RedisRegistry> {
    until("the node is ready", TIMEOUT, async || node.check().await.ok()).await;
    node
}

/// A key prefix of one test.
pub fn fresh_prefix() -> String {
    format!("{}:", ParticipantId::random())
}

fn binary() -> PathBuf {
    let name = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&folders).map(|folder| folder.join(&name));
    let found = candidates.into_iter().find(|path| path.is_file());
    found.expect("there is no redis-server: `apt-get install redis-server`, or set REDIS_SERVER")
}
