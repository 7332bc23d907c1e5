//! Whether the machine was ours alone: what others used of it while something was measured.

use std::{fs, time::Duration};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::cores;
use crate::progress::show;

/// What Linux counts CPU time in, for every process that reads it: `USER_HZ`. Source: proc(5), time(7).
const TICKS_PER_SECOND: f64 = 100.0;

/// The load for each core above which the machine counts as noisy.
const NOISY_LOAD: f64 = 0.5;

/// The part of the machine that others may use, in percent, before it counts as noisy.
const NOISY_PERCENT: f64 = 5.0;

/// The same for a single measurement, in which ticks and the kernel's own threads weigh more.
const DISTURBING_PERCENT: f64 = 10.0;

/// Waits, at most so long, until the machine is not noisy. The load average still holds what we did ourselves a
/// moment ago, so what others use right now counts too.
pub async fn wait_for_quiet(patience: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + patience;
    while load_average()? > NOISY_LOAD * cores() && Instant::now() < end {
        let watch = Watch::start()?;
        sleep(Duration::from_secs(2)).await;
        if watch.others_percent()? < NOISY_PERCENT {
            return Ok(());
        }
        show("the machine is busy, waiting");
    }
    Ok(())
}

/// The time of a memory access, in nanoseconds, above which the machine's memory counts as somebody else's as well: two
/// to three times what a quiet server's takes.
const SLOW_MEMORY_NS: f64 = 250.0;

/// What was noticed at each measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disturbances {
    /// What others used of the machine meanwhile, in percent. A measurement is short, so it is not known exactly.
    pub each_percent: Vec<f64>,
    /// How long a memory access took afterwards, in nanoseconds.
    pub memory_ns: Vec<f64>,
}

/// How much others disturbed a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// What others used of the machine meanwhile, in percent, the machine below it included.
    pub others_percent: f64,
    /// What was noticed at each measurement.
    #[serde(flatten)]
    pub each: Disturbances,
    /// The load average of the minute before.
    pub load_before: f64,
}

impl Noise {
    /// Whether the whole was disturbed, or more of its measurements than medians can bear.
    pub fn is_noisy(&self) -> bool {
        self.others_percent > NOISY_PERCENT
            || 5 * self.disturbed() > self.each.each_percent.len()
            || self.memory_ns() > SLOW_MEMORY_NS
    }

    /// The median time of a memory access, in nanoseconds.
    pub fn memory_ns(&self) -> f64 {
        let mut all = self.each.memory_ns.clone();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// How many measurements were disturbed.
    pub fn disturbed(&self) -> usize {
        self.each.each_percent.iter().filter(|percent| **percent > DISTURBING_PERCENT).count()
    }
}

/// Watches the machine while something is measured.
pub struct Watch {
    load_before: f64,
    began: Instant,
    everybody: f64,
    ours: f64,
}

impl Watch {
    pub fn start() -> anyhow::Result<Self> {
        Ok(Self {
            load_before: load_average()?,
            began: Instant::now(),
            everybody: busy_seconds()?,
            ours: own_seconds()?,
        })
    }

    /// To be called when every server has ended: only then their time is known.
    pub fn finish(self, each: Disturbances) -> anyhow::Result<Noise> {
        let others_percent = self.others_percent()?;
        Ok(Noise { others_percent, each, load_before: self.load_before })
    }

    /// What others used of the machine since the beginning, in percent.
    pub fn others_percent(&self) -> anyhow::Result<f64> {
        let others = busy_seconds()? - self.everybody - (own_seconds()? - self.ours);
        let available = self.began.elapsed().as_secs_f64() * cores();
        Ok((others / available * 100.0).max(0.0))
    }
}

/// The CPU time of this process, with the children that have ended and were waited for.
fn own_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold anything; after it come the fields from the third on.
    let (_, fields) = stat.rsplit_once(") ").context("no such process")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
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
