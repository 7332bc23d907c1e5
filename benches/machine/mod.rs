//! The machine: assignment of cores, limits, and its description.

pub mod memory;
pub mod watch;

use std::{ffi::OsString, fs, path::Path, process::Command, thread::available_parallelism, time::Duration};

use anyhow::Context;
use nix::{
    sys::resource::{Resource, getrlimit, setrlimit},
    time::clock_getcpuclockid,
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// The assignment of cores.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// The server on one core, the load generator on another.
    Apart,
    /// Any core, as the kernel decides.
    Unpinned,
}

impl Cores {
    /// Pins this process, if the machine has the cores and `taskset`.
    pub fn claim() -> Self {
        let pid = std::process::id().to_string();
        let possible = succeeds(&["taskset", "-c", SERVER_CORE, "true"]);
        if possible && succeeds(&["taskset", "-c", "-p", CLIENT_CORE, &pid]) {
            Self::Apart
        } else {
            Self::Unpinned
        }
    }

    pub fn server_command(self, words: &[OsString]) -> Command {
        let prefix: &[&str] = if self == Self::Apart { &["taskset", "-c", SERVER_CORE] } else { &[] };
        let mut words = prefix.iter().map(OsString::from).chain(words.iter().cloned());
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// A program that may run on any core, whatever core this process is pinned to.
pub fn on_any_core(program: &Path) -> Command {
    let all = format!("0-{:.0}", cores() - 1.0);
    if !succeeds(&["taskset", "-c", &all, "true"]) {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &all]).arg(program);
    command
}

/// The CPU time of all threads of a process, user and system, in seconds. `/proc/PID/stat` has it in steps of
/// 10 ms, this clock in nanoseconds.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.try_into()?))?;
    Ok(Duration::from(clock.now()?).as_secs_f64())
}

fn succeeds(words: &[&str]) -> bool {
    Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success())
}

/// Raises the limit of open files to its maximum, for this process and the servers it starts.
pub fn allow_many_connections() -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// A description of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub cores: f64,
    pub cpu_model: String,
    pub kernel: String,
    pub node: String,
    /// Whether server and load generator had a core each.
    pub pinned: bool,
    /// Whether the two cores are hardware threads of one.
    pub siblings: bool,
}

impl Machine {
    pub fn describe(placement: Cores) -> anyhow::Result<Self> {
        Ok(Self {
            cores: cores(),
            cpu_model: cpu_model(),
            kernel: kernel()?,
            node: node_version()?,
            pinned: placement == Cores::Apart,
            siblings: are_siblings(),
        })
    }
}

pub fn cores() -> f64 {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    let count = count.max(available_parallelism().map_or(1, usize::from));
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, model)| model).to_owned()
}

/// The version without the suffix of the kernel's builder.
fn kernel() -> anyhow::Result<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(release.trim().split('-').next().unwrap_or_default().to_owned())
}

fn node_version() -> anyhow::Result<String> {
    let output = Command::new("node").arg("--version").output().context("node")?;
    Ok(String::from_utf8(output.stdout)?.trim().trim_start_matches('v').to_owned())
}

fn are_siblings() -> bool {
    let path = format!("/sys/devices/system/cpu/cpu{SERVER_CORE}/topology/thread_siblings_list");
    let siblings = fs::read_to_string(path).unwrap_or_default();
    matches!(siblings.trim(), "0-1" | "0,1")
}
