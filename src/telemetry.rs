//! The log and the metrics.

use std::io::IsTerminal;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, FilterFn, LevelFilter},
    fmt,
    layer::{Filter, SubscriberExt},
    reload,
    util::SubscriberInitExt,
};

use crate::config::LogFormat;

/// The filter of the log, which may change while the process runs.
pub struct LogFilter(reload::Handle<BoxedFilter, Registry>);

type BoxedFilter = Box<dyn Filter<Registry> + Send + Sync>;

impl LogFilter {
    /// Replaces the filter. `filter` has the form of `RUST_LOG`.
    ///
    /// # Errors
    ///
    /// `filter` is invalid.
    pub fn set(&self, filter: &str) -> anyhow::Result<()> {
        self.0.reload(discreet(filter)?).context("the log has ended")
    }
}

/// Starts logging to standard error. `filter` has the form of `RUST_LOG`.
///
/// # Errors
///
/// `filter` is invalid, or logging was already started.
pub fn start_logging(format: LogFormat, filter: &str) -> anyhow::Result<LogFilter> {
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
    let (filter, handle) = reload::Layer::new(discreet(filter)?);
    let output = output.with_filter(filter);
    tracing_subscriber::registry().with(output).try_init().context("logging was started before")?;
    Ok(LogFilter(handle))
}

/// The filter `text` without records that may contain payloads.
fn discreet(text: &str) -> anyhow::Result<BoxedFilter> {
    let filter = EnvFilter::try_new(text).context("RUST_LOG is not a valid filter")?;
    // Without the hint, every record of every library would be built and then discarded.
    let discreet =
        FilterFn::new(is_discreet).with_max_level_hint(filter.max_level_hint().unwrap_or(LevelFilter::TRACE));
    Ok(Box::new(filter.and(discreet)))
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
