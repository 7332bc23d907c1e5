//! Reads the configuration, starts logging, runs the server.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use switchboard::{app, config::Settings, reload::Reload, telemetry};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};
use tracing::warn;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "switchboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    // Before all else: without a receiver, SIGHUP ends the process.
    let runtime = Runtime::new()?;
    let hangups = {
        let _entered = runtime.enter();
        signal(SignalKind::hangup()).context("signals cannot be received")?
    };
    let settings = Settings::load();
    let config = settings.config.clone();
    let log = telemetry::start_logging(config.log_format, &config.log)?;
    for warning in &settings.warnings {
        warn!("{warning}");
    }
    runtime.spawn(Reload::new(settings, log).run(hangups));
    runtime.block_on(app::run(config))
}
