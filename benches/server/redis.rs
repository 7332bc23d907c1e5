//! A real `redis-server` for several processes, without persistence. Dropping it ends the process.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::machine::{Cores, cpu_seconds};

/// Limit until it answers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Interval of that check.
const GLANCE: Duration = Duration::from_millis(20);

const LOG: &str = "redis.log";

/// A server that runs until it is dropped.
pub struct Redis {
    process: Child,
    address: SocketAddr,
    data: TempDir,
}

impl Redis {
    /// Starts it on the servers' core and waits until it answers.
    pub async fn start(cores: Cores) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let words = format!("--bind 127.0.0.1 --port {} --appendonly no --save", address.port());
        let words = words.split(' ').chain([""]).map(OsString::from);
        let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let log = File::create(data.path().join(LOG))?;
        let process = cores
            .server_command(&[program].into_iter().chain(words).collect::<Vec<_>>())
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("redis-server cannot be started: `apt-get install redis-server`, or set REDIS_SERVER")?;
        let mut redis = Self { process, address, data };
        redis
            .wait()
            .await
            .with_context(|| format!("redis-server did not start; its log: {}", redis.log()))?;
        Ok(redis)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// The CPU time of all its threads.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.process.id())
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + TIMEOUT;
        while Instant::now() < end {
            if let Some(status) = self.process.try_wait()? {
                bail!("it ended: {status}");
            }
            if self.answers().unwrap_or_default() {
                return Ok(());
            }
            sleep(GLANCE).await;
        }
        bail!("it does not answer")
    }

    fn answers(&self) -> io::Result<bool> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG\r\n")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
