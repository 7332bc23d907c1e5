//! A server process under measurement.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{self, Path},
    process::{Child, ChildStdout, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;

use super::machine::{Cores, CpuTimes};

const LOG: &str = "server.log";

/// How a server is started.
pub struct Program {
    pub name: &'static str,
    command: Vec<OsString>,
}

impl Program {
    /// The binary that `SWITCHBOARD_BIN` names, else the one built along with this benchmark.
    pub fn switchboard() -> anyhow::Result<Self> {
        let binary = env::var_os("SWITCHBOARD_BIN");
        let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_switchboard").into());
        // It will not run in this working directory.
        Ok(Self { name: "Switchboard", command: vec![path::absolute(binary)?.into()] })
    }

    pub fn node_peer() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/server.mjs");
        Self { name: "Node", command: vec!["node".into(), script.into()] }
    }
}

/// A server that runs until this is dropped, with a data folder and a port of its own.
pub struct Server {
    process: Child,
    address: SocketAddr,
    data: TempDir,
    /// Kept open: a server may say more than where it is.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    pub fn start(program: &Program, cores: Cores) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let log = File::create(data.path().join(LOG))?;
        let mut process = cores
            .server_command(&program.command)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("NODE_ENV", "production")
            .env("LISTEN", "127.0.0.1:0")
            .env("OPS_LISTEN", "127.0.0.1:0")
            .env("NEW_SESSIONS_PER_ADDRESS", "0")
            .env("EVENTS_PER_ADDRESS", "0")
            .env("DATA_DIR", data.path())
            .current_dir(data.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.name))?;
        let mut stdout = BufReader::new(process.stdout.take().context("no output")?);
        let port = read_port(&mut stdout);
        // The process is given to its owner before anything can fail, so that it never outlives us.
        let mut server = Self { process, address: (Ipv4Addr::LOCALHOST, 0).into(), data, _stdout: stdout };
        let port = port.with_context(|| format!("{} did not start: {}", program.name, server.log()))?;
        server.address.set_port(port);
        Ok(server)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        Ok(CpuTimes::of(&self.process.id().to_string())?.own_seconds)
    }

    pub fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Both servers say where they are in the same words: `open http://host:port/`.
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
