//! Reads the configuration, starts logging, runs the server.

use std::{io::Write, process::ExitCode};

use switchboard::{app, config::Config, telemetry};
use tracing::warn;

fn main() -> ExitCode {
    let (config, warnings) = Config::load();
    match run(config, warnings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "switchboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config, warnings: Vec<String>) -> anyhow::Result<()> {
    telemetry::start_logging(config.log_format, &config.log)?;
    for warning in warnings {
        warn!("{warning}");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(app::run(config))
}
