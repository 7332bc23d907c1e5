//! Reads all settings from all sources, and says where a wrong one comes from.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    ffi::{OsStr, OsString},
    path::Path,
};

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ErrorKind},
    parser::ValueSource,
};

use super::{
    Config, dotenv,
    sources::{Found, Sources, as_argument, is_secret},
};

/// The settings of the process, as they were read at one time.
pub struct Settings {
    /// The values.
    pub config: Config,
    /// Texts for the log: names that are misspelt or set twice, and values that let strangers in.
    pub warnings: Vec<String>,
    /// What was set outside the command line, by name.
    values: BTreeMap<String, String>,
}

/// The source of a value, by the argument that it became.
type Origins = HashMap<String, String>;

impl Settings {
    /// Reads `.env`, the environment and the command line. Ends the process after an error or the help.
    pub fn load() -> Self {
        Self::load_again().unwrap_or_else(|error| error.exit())
    }

    /// As [`load`](Self::load), for a process that runs. The environment of a process never changes; `.env`
    /// and files of secrets do.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn load_again() -> Result<Self, clap::Error> {
        let arguments: Vec<_> = std::env::args_os().collect();
        Self::read(&arguments, std::env::vars_os(), Path::new(".env"))
    }

    /// The names of settings that differ from `earlier`.
    pub fn changed_since(&self, earlier: &Self) -> Vec<String> {
        let names = self.values.keys().chain(earlier.values.keys());
        let changed = names.filter(|name| self.values.get(*name) != earlier.values.get(*name));
        let mut changed: Vec<_> = changed.cloned().collect();
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// Takes the value of one setting from `other`.
    pub fn adopt(&mut self, name: &str, other: &Self) {
        match other.values.get(name) {
            Some(value) => _ = self.values.insert(name.to_owned(), value.clone()),
            None => _ = self.values.remove(name),
        }
    }

    pub(super) fn read(
        arguments: &[OsString],
        environment: impl Iterator<Item = (OsString, OsString)>,
        file: &Path,
    ) -> Result<Self, clap::Error> {
        let arguments = without_empty(arguments);
        let mut command = Config::command();
        command.build();
        let given = given_on_command_line(&arguments, &command)?;
        let fail = |problem: String| Config::command().error(ErrorKind::ValueValidation, problem);
        let sources = Sources::new(environment, dotenv::read(file).map_err(fail)?);
        let (mut set, mut origins, mut values) = (arguments[..1].to_vec(), Origins::new(), BTreeMap::new());
        for arg in command.get_arguments() {
            let Some(name) = arg.get_env().and_then(OsStr::to_str) else { continue };
            if given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
                continue;
            }
            if let Some(found) = find(&sources, name, is_secret(arg)).map_err(fail)? {
                set.extend(as_argument(arg, &found).map_err(fail)?);
                origins.insert(arg.to_string(), found.source);
                values.insert(name.to_owned(), found.value);
            }
        }
        set.extend_from_slice(&arguments[1..]);
        let matches = without_env().try_get_matches_from(set);
        let matches = matches.map_err(|error| explain(error, &command, &origins))?;
        let config = Config::from_arg_matches(&matches)?;
        let warnings = sources.warnings(&command).into_iter().chain(config.warnings()).collect();
        Ok(Self { config, warnings, values })
    }
}

/// The value of a setting, under its own name or one that other systems give it.
fn find(sources: &Sources, name: &str, is_secret: bool) -> Result<Option<Found>, String> {
    let found = sources.value(name, is_secret)?;
    match name {
        "LISTEN" if found.is_none() => Ok(sources.value("PORT", false)?.map(Found::into_address_of_its_port)),
        "REDIS_URL" if found.is_none() => sources.value("SIGNALS_REDIS_ADDR", false),
        _ => Ok(found),
    }
}

/// The arguments without options that have an empty value.
fn without_empty(arguments: &[OsString]) -> Vec<OsString> {
    let mut kept: Vec<OsString> = Vec::new();
    for argument in arguments {
        let is_option = |text: &OsString| text.to_string_lossy().starts_with("--");
        match argument.to_str() {
            Some("") if kept.len() > 1 && kept.last().is_some_and(is_option) => _ = kept.pop(),
            Some(text) if text.starts_with("--") && text.ends_with('=') => {}
            _ => kept.push(argument.clone()),
        }
    }
    kept
}

/// The options without their variables: clap would take an empty one for a value.
fn without_env() -> Command {
    Config::command().mut_args(|arg| arg.env(Resettable::Reset))
}

fn given_on_command_line(arguments: &[OsString], command: &Command) -> Result<ArgMatches, clap::Error> {
    without_env().try_get_matches_from(arguments).map_err(|error| match error.kind() {
        // The help names the variables.
        ErrorKind::DisplayHelp => Config::command().try_get_matches_from(arguments).err().unwrap_or(error),
        _ => explain(error, command, &Origins::new()),
    })
}

/// Adds where a refused value comes from, and leaves the value of a secret out.
fn explain(error: clap::Error, command: &Command, origins: &Origins) -> clap::Error {
    let Some(argument) = error.get(ContextKind::InvalidArg).map(ToString::to_string) else { return error };
    let is_secret = command.get_arguments().any(|arg| arg.to_string() == argument && is_secret(arg));
    let source = origins.get(&argument);
    let problem = match error.source() {
        Some(reason) if is_secret => format!("invalid value for '{argument}': {reason}"),
        _ if is_secret => format!("invalid value for '{argument}'"),
        _ if source.is_none() => return error,
        _ => {
            // The possible values are in the second line.
            let rendered = error.to_string();
            let lines: Vec<_> = rendered.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            lines.join(" ").trim_start_matches("error: ").to_owned()
        }
    };
    let source = source.map(|source| format!(" ({source})")).unwrap_or_default();
    Config::command().error(error.kind(), format!("{problem}{source}"))
}
