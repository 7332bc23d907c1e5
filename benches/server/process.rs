//! One process of a server, with its own data folder and port.

use std::{
    env,
    fs::{self, File, ReadDir},
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, ChildStdout, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::settings::Settings;
use crate::{
    machine::{Cores, cpu_seconds},
    model::contender::Contender,
};

const LOG: &str = "server.log";

/// A process that runs until it is dropped.
pub struct Process {
    contender: Contender,
    settings: Settings,
    cores: Cores,
    data: TempDir,
    address: SocketAddr,
    running: Running,
}

struct Running {
    process: Child,
    /// Kept open, as the server may print more than its address.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    pub fn start(contender: Contender, settings: &Settings, cores: Cores) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let (running, address) = Running::start(contender, settings, cores, data.path(), any)?;
        Ok(Self { contender, settings: settings.clone(), cores, data, address, running })
    }

    /// Kills it and starts it again, at the same address and with the same data.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.running.kill();
        let (contender, cores, listen) = (self.contender, self.cores, self.address);
        let (settings, data) = (self.settings.clone(), self.data.path().to_owned());
        // On another thread, as clients try to resume meanwhile.
        let again = spawn_blocking(move || Running::start(contender, &settings, cores, &data, listen));
        (self.running, self.address) = again.await??;
        Ok(())
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time of all its threads, user and system.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.pid())
    }

    /// Physical memory, in bytes.
    pub fn resident_bytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(kib.parse::<f64>()? * 1024.0)
    }

    /// Number of open files and connections.
    pub fn open_files(&self) -> anyhow::Result<u32> {
        Ok(self.descriptors()?.count().try_into()?)
    }

    /// Number of open connections and listeners.
    pub fn open_sockets(&self) -> anyhow::Result<u32> {
        let targets = self.descriptors()?.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:"));
        Ok(sockets.count().try_into()?)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }

    fn pid(&self) -> u32 {
        self.running.process.id()
    }

    fn descriptors(&self) -> anyhow::Result<ReadDir> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid()))?)
    }
}

impl Running {
    fn start(
        contender: Contender,
        settings: &Settings,
        cores: Cores,
        data: &Path,
        listen: SocketAddr,
    ) -> anyhow::Result<(Self, SocketAddr)> {
        let log = File::options().create(true).append(true).open(data.join(LOG))?;
        let mut process = cores
            .server_command(&contender.command()?)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("NODE_ENV", "production")
            .envs(env::var_os("JANUS").map(|program| ("JANUS", program)))
            .env("LISTEN", listen.to_string())
            .env("PORT", listen.port().to_string())
            .env("OPS_LISTEN", "127.0.0.1:0")
            .env("MEDIA", "off")
            .env("NEW_SESSIONS_PER_ADDRESS", "0")
            .env("EVENTS_PER_ADDRESS", "0")
            .env("DATA_DIR", data)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .current_dir(data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{contender} cannot be started"))?;
        let mut stdout = BufReader::new(process.stdout.take().context("no output")?);
        let port = read_port(&mut stdout);
        // The process has an owner before anything can fail, so that it ends with this program.
        let running = Self { process, _stdout: stdout };
        let port = port.with_context(|| {
            let log = fs::read_to_string(data.join(LOG)).unwrap_or_default();
            format!("{contender} did not start: {log}")
        })?;
        Ok((running, (listen.ip(), port).into()))
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

/// Reads the port. Every server prints `open http://host:port/`.
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
