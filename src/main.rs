//! Reads the configuration, starts logging, runs the server.

use std::{io::Write, process::ExitCode};

use switchboard::{app, config::Config, telemetry};

fn main() -> ExitCode {
    // Before any thread exists: reading `.env` changes the environment.
    let config = Config::load();
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "switchboard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    telemetry::start_logging(config.log_format, &config.log)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(app::run(config))
}
