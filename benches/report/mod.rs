//! The report: `benchmarks.md` and its plots, made from all stored results.

mod axis;
mod page;
mod svg;
mod tables;
mod targets;

use std::{fs, path::Path};

use anyhow::Context;

use crate::{model::results::Stored, workloads::Workload};

/// Writes the report to `path`.
pub fn write(stored: &Stored, workloads: &[Box<dyn Workload>], path: &Path) -> anyhow::Result<()> {
    let mut measured = Vec::new();
    for workload in workloads {
        if let Some(section) = stored.get(workload.name())? {
            measured.push((workload.as_ref(), section));
        }
    }
    for (workload, section) in &measured {
        for plot in workload.plots(section) {
            let path = stored.folder().join(plot.name).with_extension("svg");
            fs::write(path, svg::draw(&plot))?;
        }
    }
    let text = page::text(&measured);
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
