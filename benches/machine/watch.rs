//! The machine's use by other processes during a measurement.

use std::{fs, time::Duration};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::cores;
use crate::progress::show;

/// The unit of Linux's CPU times, `USER_HZ`. Source: proc(5), time(7).
const TICKS_PER_SECOND: f64 = 100.0;

/// Load per core above which the machine is noisy.
const NOISY_LOAD: f64 = 0.5;

/// Use by other processes, in percent, above which the machine is noisy.
const NOISY_PERCENT: f64 = 5.0;

/// The same for a single measurement, in which ticks and kernel threads weigh more.
const DISTURBING_PERCENT: f64 = 10.0;

/// Waits until the machine is quiet, at most for `limit`. The load average still includes this process's
/// own past load, so the present use by other processes decides too.
pub async fn wait_for_quiet(limit: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + limit;
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

/// Duration of a memory access, in nanoseconds, above which other guests use the host's memory: two to three
/// times that of a quiet machine.
const SLOW_MEMORY_NS: f64 = 250.0;

/// Disturbances of each measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disturbances {
    /// Use of the machine by other processes, in percent. A measurement is short, so this is imprecise.
    pub each_percent: Vec<f64>,
    /// Duration of a memory access after the measurement, in nanoseconds.
    pub memory_ns: Vec<f64>,
}

/// Disturbances of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Use of the machine by other processes and by its host, in percent.
    pub others_percent: f64,
    /// Disturbances of each measurement.
    #[serde(flatten)]
    pub each: Disturbances,
    /// The load average of the minute before.
    pub load_before: f64,
}

impl Noise {
    /// Whether the whole was disturbed, or more measurements than medians tolerate.
    pub fn is_noisy(&self) -> bool {
        self.others_percent > NOISY_PERCENT
            || 5 * self.disturbed() > self.each.each_percent.len()
            || self.memory_ns() > SLOW_MEMORY_NS
    }

    /// The median duration of a memory access, in nanoseconds.
    pub fn memory_ns(&self) -> f64 {
        let mut all = self.each.memory_ns.clone();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// Number of disturbed measurements.
    pub fn disturbed(&self) -> usize {
        self.each.each_percent.iter().filter(|percent| **percent > DISTURBING_PERCENT).count()
    }
}

/// Observes the machine during a measurement.
pub struct Watch {
    load_before: f64,
    began: Instant,
    machine: f64,
    ours: f64,
}

impl Watch {
    pub fn start() -> anyhow::Result<Self> {
        Ok(Self {
            load_before: load_average()?,
            began: Instant::now(),
            machine: busy_seconds()?,
            ours: own_seconds()?,
        })
    }

    /// Ends the observation. Call it after every server has ended, as only then their CPU time is known.
    pub fn finish(self, each: Disturbances) -> anyhow::Result<Noise> {
        let others_percent = self.others_percent()?;
        Ok(Noise { others_percent, each, load_before: self.load_before })
    }

    /// Use by other processes since the start, in percent.
    pub fn others_percent(&self) -> anyhow::Result<f64> {
        let others = busy_seconds()? - self.machine - (own_seconds()? - self.ours);
        let available = self.began.elapsed().as_secs_f64() * cores();
        Ok((others / available * 100.0).max(0.0))
    }
}

/// The CPU time of this process and its ended, reaped children.
fn own_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may contain anything; the fields from the third on follow it.
    let (_, fields) = stat.rsplit_once(") ").context("no such process")?;
    let ticks: Vec<f64> = fields.split(' ').skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// The time that all cores together were used, or taken by the host. Interrupts count, as their work for a
/// process is part of that process's time.
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
