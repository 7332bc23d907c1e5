//! Applies changed settings to the running process, when it gets SIGHUP.

use tokio::signal::unix::Signal;
use tracing::{Level, enabled, error, info, warn};

use crate::{config::Settings, telemetry::LogFilter};

/// The one setting that needs no restart.
const LOG: &str = "RUST_LOG";

/// The settings in effect, and what they can be applied to without a restart.
pub struct Reload {
    in_effect: Settings,
    log: LogFilter,
}

impl Reload {
    /// `settings` are those that the process was started with.
    pub fn new(settings: Settings, log: LogFilter) -> Self {
        Self { in_effect: settings, log }
    }

    /// Reads the settings again at each signal, until the process ends.
    pub async fn run(mut self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            match Settings::load_again() {
                Ok(settings) => self.apply(&settings),
                Err(problem) => {
                    let problem = problem.to_string();
                    let problem = problem.lines().next().unwrap_or_default().trim_start_matches("error: ");
                    error!(problem, "nothing was reloaded: a setting is wrong");
                }
            }
        }
    }

    /// Applies what can change while the server runs. Certificates will belong here too.
    fn apply(&mut self, settings: &Settings) {
        for warning in &settings.warnings {
            warn!("{warning}");
        }
        let changed = settings.changed_since(&self.in_effect);
        let (reloaded, waiting): (Vec<_>, Vec<_>) = changed.into_iter().partition(|name| *name == LOG);
        let tell = || {
            info!(
                reloaded = reloaded.join(", "),
                needs_a_restart = waiting.join(", "),
                "the settings were read again"
            );
        };
        // Under the filter that shows it.
        let is_shown_before = enabled!(Level::INFO);
        if is_shown_before {
            tell();
        }
        if let Err(problem) = self.log.set(&settings.config.log) {
            error!(problem = &*problem.to_string(), "the log filter was not changed");
            return;
        }
        self.in_effect.adopt(LOG, settings);
        if !is_shown_before {
            tell();
        }
    }
}
