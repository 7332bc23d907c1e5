//! The results, stored as a JSON file per workload.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command, sync::LazyLock, time::SystemTime};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{contender::Contender, size::Size};
use crate::machine::{Cores, Machine, watch::Noise};

/// The values of one measurement, by the key of the [`Figure`](super::figure::Figure).
pub type Figures = BTreeMap<String, f64>;

/// The results of one workload in one run.
#[derive(Serialize, Deserialize)]
pub struct Section {
    /// RFC 3339, in UTC.
    pub taken_at: String,
    /// The measured commit, as `git describe` names it.
    pub commit: String,
    pub size: Size,
    pub repetitions: u32,
    pub machine: Machine,
    pub noise: Noise,
    pub samples: Vec<Sample>,
}

/// The result of one measurement of one contender.
#[derive(Serialize, Deserialize)]
pub struct Sample {
    pub case: String,
    pub contender: Contender,
    /// Counts from 0. Contenders are compared within a repetition only.
    pub repetition: u32,
    pub figures: Figures,
}

impl Section {
    pub fn new(
        size: Size,
        repetitions: u32,
        cores: Cores,
        noise: Noise,
        samples: Vec<Sample>,
    ) -> anyhow::Result<Self> {
        let machine = Machine::describe(cores)?;
        Ok(Self { taken_at: now(), commit: COMMIT.clone(), size, repetitions, machine, noise, samples })
    }

    /// Each case once, in the order of measurement.
    pub fn cases(&self) -> Vec<&str> {
        let mut cases: Vec<&str> = Vec::new();
        for sample in &self.samples {
            if !cases.contains(&sample.case.as_str()) {
                cases.push(&sample.case);
            }
        }
        cases
    }

    /// The measured contenders, ours first.
    pub fn contenders(&self) -> Vec<Contender> {
        let measured = |contender: &Contender| self.samples.iter().any(|s| s.contender == *contender);
        Contender::ALL.into_iter().filter(measured).collect()
    }

    /// The values of a figure, one per repetition that has it.
    pub fn values(&self, case: &str, contender: Contender, figure: &str) -> Vec<f64> {
        let samples = self.samples.iter().filter(|s| s.case == case && s.contender == contender);
        samples.filter_map(|sample| sample.figures.get(figure).copied()).collect()
    }

    /// Ours as a multiple of theirs, within each repetition.
    pub fn multiples(&self, case: &str, figure: &str, of: Contender) -> Vec<f64> {
        self.ratios(figure, (case, Contender::Switchboard), (case, of))
    }

    /// Ours in one case as a multiple of ours in another, within each repetition.
    pub fn times(&self, case: &str, other: &str, figure: &str) -> Vec<f64> {
        self.ratios(figure, (case, Contender::Switchboard), (other, Contender::Switchboard))
    }

    fn ratios(&self, figure: &str, over: (&str, Contender), under: (&str, Contender)) -> Vec<f64> {
        let find = |(case, contender): (&str, Contender), repetition| {
            let mut samples = self.samples.iter();
            let sample = samples.find(|s: &&Sample| {
                s.case == case && s.contender == contender && s.repetition == repetition
            })?;
            sample.figures.get(figure).copied()
        };
        let repetitions = 0..self.repetitions;
        repetitions.filter_map(|number| Some(find(over, number)? / find(under, number)?)).collect()
    }
}

/// The folder of the results.
pub struct Stored {
    folder: PathBuf,
}

impl Stored {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn folder(&self) -> &PathBuf {
        &self.folder
    }

    pub fn put(&self, workload: &str, section: &Section) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let text = serde_json::to_string_pretty(section)? + "\n";
        let path = self.path(workload);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// `None` if this workload was never measured.
    pub fn get(&self, workload: &str) -> anyhow::Result<Option<Section>> {
        let path = self.path(workload);
        if !path.exists() {
            return Ok(None);
        }
        let section = serde_json::from_str(&fs::read_to_string(&path)?);
        section.map(Some).with_context(|| format!("{} is not what this version writes", path.display()))
    }

    fn path(&self, workload: &str) -> PathBuf {
        self.folder.join(format!("{workload}.json"))
    }
}

#[expect(clippy::disallowed_methods, reason = "results say when they were taken")]
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Read once, before stored results make the tree dirty.
static COMMIT: LazyLock<String> = LazyLock::new(|| {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    text.and_then(|text| String::from_utf8(text).ok()).map_or("unknown".into(), |text| text.trim().to_owned())
});
