//! The page as a whole.

use std::fmt::Write as _;

use super::{tables, targets};
use crate::{
    machine::Machine,
    model::{results::Section, size::Size, spread::number},
    workloads::Workload,
};

/// The handwritten introduction.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The handwritten notes on optimisations.
const NOTES: &str = include_str!("notes.md");

pub fn text(measured: &[(&dyn Workload, Section)]) -> String {
    let sections: Vec<_> = measured.iter().map(|(workload, section)| one(*workload, section)).collect();
    format!("{INTRODUCTION}\n{}\n{NOTES}", sections.join("\n"))
}

fn one(workload: &dyn Workload, section: &Section) -> String {
    let mut text =
        format!("## {}\n\n{}\n\n{}\n", workload.heading(), workload.about(), circumstances(section));
    text += &targets::table(&workload.targets(), section);
    for plot in workload.plots(section) {
        let _ = writeln!(text, "![{}](benchmarks/{}.svg)\n", plot.title, plot.name);
    }
    for figure in workload.figures() {
        text += &tables::of(&figure, section);
    }
    text
}

/// Time, place and noise of the measurements.
fn circumstances(section: &Section) -> String {
    let Section { taken_at, commit, repetitions, noise, machine, .. } = section;
    let Machine { cores, cpu_model, kernel, node, .. } = machine;
    let verdict = if noise.is_noisy() {
        "**Noisy**: the rates mean little, and the CPU times are less precise."
    } else {
        "Quiet."
    };
    let size =
        if section.size == Size::Quick { "**A quick run, too short for reliable figures.** " } else { "" };
    format!(
        "{size}Taken {taken_at} at {commit}; repetitions: {repetitions}. {cores} cores ({cpu_model}), Linux {kernel}, \
         Node {node}. {} Other processes used {} % of the machine and disturbed {} of {} measurements; load average \
         before {}; a memory access took {} ns. {verdict}\n",
        placement(machine),
        number(noise.others_percent, 1),
        noise.disturbed(),
        noise.each.each_percent.len(),
        number(noise.load_before, 2),
        number(noise.memory_ns(), 0),
    )
}

fn placement(machine: &Machine) -> &'static str {
    match (machine.pinned, machine.siblings) {
        (true, false) => "The server had one core, the load generator another.",
        (true, true) => "The server had one core, the load generator another; both are threads of one core.",
        (false, _) => "Nothing was pinned to a core: `taskset` or the cores are missing.",
    }
}
