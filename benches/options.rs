//! The extent of a run. Every option has a default and an environment variable.

use std::{env, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};

use crate::model::size::Size;

/// The measured workloads, and the place of the results.
pub struct Options {
    /// `BENCH_QUICK=1`: minutes instead of an hour.
    pub size: Size,
    /// `BENCH_ONLY=relay,calls`: only these workloads. The results of others stay.
    only: Vec<String>,
    /// `BENCH_REPETITIONS`: repetitions of every measurement instead of the workload's own number.
    pub repetitions: Option<u32>,
    /// `BENCH_QUIET_WITHIN`: seconds to wait for a quiet machine.
    pub quiet_within: Duration,
    /// `BENCH_REPORT_ONLY=1`: writes the report from stored results and measures nothing.
    pub report_only: bool,
    /// `BENCH_OUT`: the folder of `benchmarks.md` and of the folder `benchmarks/`.
    pub report: PathBuf,
    /// The folder of results and plots.
    pub folder: PathBuf,
}

impl Options {
    pub fn from_env() -> anyhow::Result<Self> {
        let size = if env::var_os("BENCH_QUICK").is_some() { Size::Quick } else { Size::Full };
        let out = env::var_os("BENCH_OUT").context("BENCH_OUT is not set; scripts/bench.sh sets it")?;
        let out = PathBuf::from(out);
        let options = Self {
            size,
            only: words("BENCH_ONLY"),
            repetitions: number("BENCH_REPETITIONS")?,
            quiet_within: Duration::from_secs(number("BENCH_QUIET_WITHIN")?.unwrap_or(60).into()),
            report_only: env::var_os("BENCH_REPORT_ONLY").is_some(),
            report: out.join("benchmarks.md"),
            folder: out.join("benchmarks"),
        };
        ensure!(options.repetitions != Some(0), "nothing to measure");
        Ok(options)
    }

    /// Fails if `BENCH_ONLY` names a workload that is not in `known`.
    pub fn check_names(&self, known: &[&str]) -> anyhow::Result<()> {
        for name in &self.only {
            ensure!(known.contains(&name.as_str()), "BENCH_ONLY: no workload {name}");
        }
        Ok(())
    }

    pub fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == workload)
    }
}

/// `BENCH_SOAK`: the minutes of the soak.
pub fn soak(size: Size) -> anyhow::Result<Duration> {
    let default = if size == Size::Full { 20 } else { 1 };
    let minutes = number("BENCH_SOAK")?.unwrap_or(default);
    ensure!(minutes > 0, "BENCH_SOAK: nothing to measure");
    Ok(Duration::from_mins(minutes.into()))
}

fn words(name: &str) -> Vec<String> {
    let text = env::var(name).unwrap_or_default();
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn number(name: &str) -> anyhow::Result<Option<u32>> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    text.parse().map(Some).with_context(|| format!("{name} is not a number"))
}
