//! The log and the metrics.

use std::io::IsTerminal;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterFn, LevelFilter},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::LogFormat;

/// Starts logging to standard error. `filter` has the form of `RUST_LOG`.
///
/// # Errors
///
/// `filter` is invalid, or logging was already started.
pub fn start_logging(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("RUST_LOG is not a valid filter")?;
    let pretty = match format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let output: Box<dyn Layer<Registry> + Send + Sync> = if pretty {
        fmt::layer().with_writer(std::io::stderr).with_target(false).boxed()
    } else {
        fmt::layer().with_writer(std::io::stderr).json().flatten_event(true).boxed()
    };
    // Without the hint, every record of every library would be built and then discarded.
    let discreet =
        FilterFn::new(is_discreet).with_max_level_hint(filter.max_level_hint().unwrap_or(LevelFilter::TRACE));
    let output = output.with_filter(filter).with_filter(discreet);
    tracing_subscriber::registry().with(output).try_init().context("logging was started before")
}

/// True for records that cannot contain payloads. Libraries log payloads at `debug` and `trace`; this crate
/// does not.
fn is_discreet(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || metadata.target().starts_with("switchboard")
}

/// Starts the metrics. Must be called once in a process.
///
/// # Errors
///
/// The metrics were already started.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().context("metrics were started before")
}
