//! The costs of this server, measured beside others that do the same work.
//!
//! A [`Workload`](workloads::Workload) is one kind of work, a [`Contender`](model::contender::Contender) is a
//! server that can do it, and a [`Section`](model::results::Section) holds the results. One load generator
//! drives all contenders in turn and checks every message. `make bench` runs everything; [`options`]
//! describes how to run a part.
#![allow(clippy::cast_precision_loss, reason = "what is counted here stays far below 2^52")]

mod load;
mod machine;
mod model;
mod options;
mod peers;
mod progress;
mod report;
mod self_check;
mod server;
mod workloads;

use anyhow::Context;

use self::{
    machine::{
        Cores,
        memory::Memory,
        watch::{self, Disturbances, Watch},
    },
    model::{
        contender::Contender,
        results::{Figures, Sample, Section, Stored},
    },
    options::Options,
    progress::show,
    server::Server,
    workloads::Workload,
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(which) = arguments.iter().find_map(|argument| argument.strip_prefix("--serve=")) {
        return peers::serve(which);
    }
    // Without `--bench` cargo runs this as a test, which takes no minutes of load.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let options = Options::from_env()?;
    let names: Vec<_> = workloads::all(options.size).iter().map(|workload| workload.name()).collect();
    options.check_names(&names)?;
    let stored = Stored::new(options.folder.clone());
    if !options.report_only {
        measure_all(&options, &stored)?;
    }
    report::write(&stored, &workloads::all(options.size), &options.report)
}

fn measure_all(options: &Options, stored: &Stored) -> anyhow::Result<()> {
    machine::allow_many_connections()?;
    let cores = Cores::claim();
    // After the core was claimed, so that the runtime's threads inherit it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(self_check::run())?;
    let mut memory = Memory::new();
    for workload in workloads::all(options.size) {
        if options.wants(workload.name()) {
            let section = runtime.block_on(measure(workload.as_ref(), options, cores, &mut memory))?;
            stored.put(workload.name(), &section)?;
        }
    }
    Ok(())
}

/// Measures one workload: all repetitions of all cases with all contenders. Figures that are compared are
/// measured in a row.
async fn measure(
    workload: &dyn Workload,
    options: &Options,
    cores: Cores,
    memory: &mut Memory,
) -> anyhow::Result<Section> {
    watch::wait_for_quiet(options.quiet_within).await?;
    let watch = Watch::start()?;
    let repetitions = options.repetitions.unwrap_or_else(|| workload.repetitions(options.size));
    let (mut samples, mut noise) = (Vec::new(), Disturbances::default());
    for repetition in 0..repetitions {
        for (case, name) in workload.cases().into_iter().enumerate() {
            let turns = rotated(workload.contenders(case), repetition);
            for contender in turns {
                show(&format!("{} {}/{repetitions}: {name}, {contender}", workload.name(), repetition + 1));
                let watch = Watch::start()?;
                let figures = sample(workload, case, contender, cores).await?;
                noise.each_percent.push(watch.others_percent()?);
                noise.memory_ns.push(memory.access_ns());
                samples.push(Sample { case: name.clone(), contender, repetition, figures });
            }
        }
    }
    Section::new(options.size, repetitions, cores, watch.finish(noise)?, samples)
}

/// Changes the first contender of each repetition, so that a drift of the machine favours none.
fn rotated(mut contenders: Vec<Contender>, repetition: u32) -> Vec<Contender> {
    let by = repetition as usize % contenders.len().max(1);
    contenders.rotate_left(by);
    contenders
}

async fn sample(
    workload: &dyn Workload,
    case: usize,
    contender: Contender,
    cores: Cores,
) -> anyhow::Result<Figures> {
    let mut server =
        Server::start(contender, workload.layout(case), &workload.settings(case).await?, cores).await?;
    let figures = workload.measure(case, &mut server).await;
    figures.with_context(|| format!("{contender} failed; its log: {:?}", server.log()))
}
