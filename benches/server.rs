//! A server process under measurement.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, ChildStdout, Stdio},
    time::Duration,
};

use anyhow::Context;
use nix::{time::clock_getcpuclockid, unistd::Pid};
use tempfile::TempDir;

use super::{contenders::Contender, load::pair::Place, machine::Cores};

const LOG: &str = "server.log";

/// What a server is told besides where to listen: variables of its environment.
pub type Settings = Vec<(&'static str, String)>;

/// A server that runs until this is dropped, with a data folder and a port of its own.
pub struct Server {
    contender: Contender,
    data: TempDir,
    address: SocketAddr,
    running: Running,
}

struct Running {
    process: Child,
    /// Kept open: a server may say more than where it is.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    pub fn start(contender: Contender, settings: &Settings, cores: Cores) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let (running, port) = Running::start(contender, settings, cores, &data)?;
        Ok(Self { contender, data, address: (Ipv4Addr::LOCALHOST, port).into(), running })
    }

    /// Where its clients meet.
    pub fn place(&self) -> Place {
        Place { contender: self.contender, address: self.address }
    }

    pub fn pid(&self) -> u32 {
        self.running.process.id()
    }

    /// The CPU time of all its threads, user and system: what `/proc/PID/stat` says in steps of 10 ms, to the
    /// nanosecond.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let clock = clock_getcpuclockid(Pid::from_raw(self.pid().try_into()?))?;
        Ok(Duration::from(clock.now()?).as_secs_f64())
    }

    /// Physical memory, in bytes.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(kib.parse::<f64>()? * 1024.0)
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }
}

impl Running {
    fn start(
        contender: Contender,
        settings: &Settings,
        cores: Cores,
        data: &TempDir,
    ) -> anyhow::Result<(Self, u16)> {
        let log = File::create(data.path().join(LOG))?;
        let mut process = cores
            .server_command(&contender.command()?)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("NODE_ENV", "production")
            .env("LISTEN", "127.0.0.1:0")
            .env("PORT", "0")
            .env("OPS_LISTEN", "127.0.0.1:0")
            .env("NEW_SESSIONS_PER_ADDRESS", "0")
            .env("EVENTS_PER_ADDRESS", "0")
            .env("DATA_DIR", data.path())
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .current_dir(data.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{contender} cannot be started"))?;
        let mut stdout = BufReader::new(process.stdout.take().context("no output")?);
        let port = read_port(&mut stdout);
        // The process is given to its owner before anything can fail, so that it never outlives us.
        let running = Self { process, _stdout: stdout };
        let port = port.with_context(|| {
            let log = fs::read_to_string(data.path().join(LOG)).unwrap_or_default();
            format!("{contender} did not start: {log}")
        })?;
        Ok((running, port))
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All servers say where they are in the same words: `open http://host:port/`.
fn read_port(output: &mut impl BufRead) -> anyhow::Result<u16> {
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(url) = line.trim().strip_prefix("open ") {
            let (_, port) = url.trim_end_matches('/').rsplit_once(':').context("no port")?;
            return Ok(port.parse()?);
        }
        line.clear();
    }
    anyhow::bail!("it ended")
}
