//! What a relayed message and a whole call set-up cost: this server beside a Node service of the same protocol.
//!
//! One load generator drives both, in turn, and checks every message. The report is Markdown on standard output;
//! `make bench` puts it into `docs/benchmarks.md`.

mod calls;
mod client;
mod machine;
mod options;
mod pair;
mod relay;
mod report;
mod sample;
mod server;

use std::io::{self, Write};

use anyhow::Context;

use self::{
    machine::{Cores, Watch},
    options::Options,
    report::Report,
    sample::Sample,
    server::{Program, Server},
};

fn main() -> anyhow::Result<()> {
    // Whoever runs every target as a test does not ask for minutes of load.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let options = Options::from_env()?;
    machine::allow_many_connections()?;
    let cores = Cores::claim();
    // After the core was claimed: the runtime's threads inherit it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(options, cores))?;
    io::stdout().write_all(report.to_string().as_bytes()).context("standard output is closed")
}

async fn measure(options: Options, cores: Cores) -> anyhow::Result<Report> {
    let programs = [Program::switchboard()?, Program::node_peer()];
    machine::wait_for_quiet(options.patience).await?;
    let watch = Watch::start()?;
    let mut samples = [const { Vec::new() }; 2];
    for repetition in 0..options.repetitions {
        progress(&format!("repetition {} of {}", repetition + 1, options.repetitions));
        for turn in order(repetition) {
            samples[turn].push(sample(&programs[turn], cores, &options).await?);
        }
    }
    Ok(Report { facts: watch.finish(cores)?, options, samples })
}

/// Who goes first changes, so that a drift of the machine favours nobody.
fn order(repetition: u32) -> [usize; 2] {
    if repetition.is_multiple_of(2) { [0, 1] } else { [1, 0] }
}

async fn sample(program: &Program, cores: Cores, options: &Options) -> anyhow::Result<Sample> {
    let server = Server::start(program, cores)?;
    let sample = Sample::take(&server, options).await;
    sample.with_context(|| format!("{} failed; its log: {:?}", program.name, server.log()))
}

/// Says on standard error what is going on; standard output is the report.
fn progress(what: &str) {
    let _ = writeln!(io::stderr(), "bench: {what}");
}
