//! The machine: which cores are whose, how busy it is, and what it is.

use std::{ffi::OsString, fs, process::Command, thread::available_parallelism, time::Duration};

use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::time::{Instant, sleep};

use super::progress;

/// What Linux counts CPU time in, for every process that reads it: `USER_HZ`. Source: proc(5), time(7).
const TICKS_PER_SECOND: f64 = 100.0;

/// The load for each core above which the machine counts as noisy.
const NOISY_LOAD: f64 = 0.5;

/// The part of the machine that others may use, in percent, before it counts as noisy.
const NOISY_PERCENT: f64 = 5.0;

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// Who runs where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// The server on one core, the load generator on another.
    Apart,
    /// Wherever the kernel puts them.
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

fn succeeds(words: &[&str]) -> bool {
    Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success())
}

/// Raises the limit of open files as far as it goes, for this process and the servers it starts.
pub fn allow_many_connections() -> anyhow::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// Waits, at most so long, until the machine is not noisy; a build that has just ended still shows in its load.
pub async fn wait_for_quiet(patience: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + patience;
    while load_average()? > NOISY_LOAD * cores() && Instant::now() < end {
        progress("the machine is busy, waiting");
        sleep(Duration::from_secs(5)).await;
    }
    Ok(())
}

/// What there is to know about the machine and the time of the run.
pub struct Facts {
    pub cores: f64,
    pub cpu_model: String,
    pub kernel: String,
    pub node: String,
    pub load_average: f64,
    /// How much of the machine was used by others during the run, in percent.
    pub others_percent: f64,
    pub pinned: bool,
    /// Whether the two cores are two threads of one.
    pub siblings: bool,
}

impl Facts {
    pub fn is_noisy(&self) -> bool {
        self.load_average > NOISY_LOAD * self.cores || self.others_percent > NOISY_PERCENT
    }
}

/// Watches the machine during the run.
pub struct Watch {
    load_average: f64,
    began: Instant,
    everybody: f64,
    ours: f64,
}

impl Watch {
    pub fn start() -> anyhow::Result<Self> {
        Ok(Self {
            load_average: load_average()?,
            began: Instant::now(),
            everybody: busy_seconds()?,
            ours: CpuTimes::of("self")?.with_children(),
        })
    }

    /// To be called when every server has ended: only then their time is known.
    pub fn finish(self, placement: Cores) -> anyhow::Result<Facts> {
        let others = busy_seconds()? - self.everybody - (CpuTimes::of("self")?.with_children() - self.ours);
        let available = self.began.elapsed().as_secs_f64() * cores();
        Ok(Facts {
            cores: cores(),
            cpu_model: cpu_model(),
            kernel: kernel()?,
            node: node_version()?,
            load_average: self.load_average,
            others_percent: (others / available * 100.0).max(0.0),
            pinned: placement == Cores::Apart,
            siblings: are_siblings(),
        })
    }
}

/// The CPU time of a process.
pub struct CpuTimes {
    pub own_seconds: f64,
    children_seconds: f64,
}

impl CpuTimes {
    /// `process` is an id, or `self`.
    pub fn of(process: &str) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name, in parentheses, may hold anything; after it come the fields from the third on.
        let (_, fields) = stat.rsplit_once(") ").context("no such process")?;
        let ticks: Vec<f64> = fields.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
        let [user, system, children_user, children_system] = ticks[..] else {
            anyhow::bail!("too few fields: {stat}")
        };
        Ok(Self {
            own_seconds: (user + system) / TICKS_PER_SECOND,
            children_seconds: (children_user + children_system) / TICKS_PER_SECOND,
        })
    }

    /// With those that have ended and were waited for.
    fn with_children(&self) -> f64 {
        self.own_seconds + self.children_seconds
    }
}

/// The time all cores together were used, or taken by the machine below. Interrupts count: what they do for a process
/// is part of that process's own time.
fn busy_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).context("no cpu line")?;
    let ticks: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
        anyhow::bail!("too few fields: {line}")
    };
    Ok((user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND)
}

fn load_average() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().context("no load average")?.parse()?)
}

fn cores() -> f64 {
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

/// The version alone, without what the builder of this kernel called it.
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
