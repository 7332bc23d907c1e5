//! Where settings come from: the environment, `.env`, files of secrets, and systemd's credentials.
//!
//! A setting `NAME` is also read as `SWB_NAME`, which wins. An empty value is no value. What Kubernetes puts
//! into the environment for its Services (`MEDIA_PORT=tcp://10.0.0.1:80`) is not a setting.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fs,
    path::PathBuf,
};

use clap::{Arg, ArgAction, Command};

use super::dotenv::Entry;
use crate::protocols::options::truth;

/// The prefix under which every setting can be set too.
const PREFIX: &str = "SWB_";

/// What a misspelt name may differ from a setting's to be taken for it, from 0 to 1 (equal).
const SIMILAR: f64 = 0.8;

/// The environment and the files of this process.
pub(super) struct Sources {
    environment: HashMap<String, String>,
    /// Variables whose values are not UTF-8.
    unreadable: HashSet<String>,
    file: Vec<Entry>,
    credentials: Option<PathBuf>,
}

/// A value that a setting has from outside the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: String,
    /// Its source, for people: `SEAT_LEASE` or `SEAT_LEASE in .env, line 3`.
    pub(super) source: String,
}

impl Found {
    /// The value of `LISTEN` that a port alone stands for.
    pub(super) fn into_address_of_its_port(self) -> Self {
        Self { value: format!("0.0.0.0:{}", self.value.trim()), ..self }
    }
}

impl Sources {
    pub(super) fn new(environment: impl Iterator<Item = (OsString, OsString)>, file: Vec<Entry>) -> Self {
        let (mut readable, mut unreadable) = (HashMap::new(), HashSet::new());
        for (name, value) in environment {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => _ = readable.insert(name, value),
                Err(_) => _ = unreadable.insert(name),
            }
        }
        let credentials = readable.get("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self { environment: readable, unreadable, file, credentials }
    }

    /// The value of the setting called `name`. A secret may be in a file: `NAME_FILE`, or the systemd
    /// credential of that name.
    ///
    /// # Errors
    /// The value is not UTF-8, the file cannot be read or is empty, or the secret is set twice.
    pub(super) fn value(&self, name: &str, is_secret: bool) -> Result<Option<Found>, String> {
        let names = [format!("{PREFIX}{name}"), name.to_owned()];
        if let Some(name) = names.iter().find(|name| self.unreadable.contains(*name)) {
            return Err(format!("{name} is not UTF-8"));
        }
        let direct = self.plain(name);
        if !is_secret {
            return Ok(direct);
        }
        match (direct, self.plain(&format!("{name}_FILE"))) {
            (Some(direct), Some(file)) => Err(format!("{} and {} are both set", direct.source, file.source)),
            (Some(direct), None) => Ok(Some(direct)),
            (None, Some(Found { value: path, source })) => {
                read_secret(path.into()).map(Some).map_err(|error| format!("{source}: {error}"))
            }
            (None, None) => {
                let credential = self.credentials.as_ref().map(|folder| folder.join(name));
                // An error means that there is one, which this user may not see.
                credential.filter(|path| path.try_exists().unwrap_or(true)).map(read_secret).transpose()
            }
        }
    }

    /// Faults of the sources that stop nothing: names that are no settings, and names that are set twice.
    pub(super) fn warnings(&self, command: &Command) -> Vec<String> {
        let mut known: Vec<_> = command.get_arguments().flat_map(names_of).collect();
        known.extend(["PORT", "SIGNALS_REDIS_ADDR"].map(str::to_owned));
        let is_known = |name: &str| known.iter().any(|known| known == without_prefix(name));
        let mut warnings = Vec::new();
        for Entry { line, key, .. } in &self.file {
            if !is_known(key) {
                warnings.push(format!(".env, line {line}: {}", unknown(key, &known)));
            } else if let Some(first) = self.first_in_file(key).filter(|first| first.line < *line) {
                warnings.push(format!(
                    ".env, line {line}: {key} is set in line {} already, which counts",
                    first.line
                ));
            }
        }
        let prefixed = self.environment.iter().filter(|(name, _)| name.starts_with(PREFIX));
        let mut strange: Vec<_> = prefixed
            .filter(|(name, value)| !is_known(name) && !is_of_a_service(name, value))
            .map(|(name, _)| unknown(name, &known))
            .collect();
        strange.sort_unstable();
        warnings.extend(strange);
        warnings
    }

    /// The first entry of the file that sets `key`; an empty value sets nothing.
    fn first_in_file(&self, key: &str) -> Option<&Entry> {
        self.file.iter().find(|entry| entry.key == key && !entry.value.trim().is_empty())
    }

    fn plain(&self, name: &str) -> Option<Found> {
        let prefixed = format!("{PREFIX}{name}");
        let in_environment = |name: &str| {
            let value = self.environment.get(name).filter(|value| !is_service_address(value))?;
            Some(Found { value: value.clone(), source: name.to_owned() })
        };
        let in_file = |name: &str| {
            let Entry { line, value, .. } = self.first_in_file(name)?;
            Some(Found { value: value.clone(), source: format!("{name} in .env, line {line}") })
        };
        let mut candidates =
            [&prefixed, name].map(in_environment).into_iter().chain([&prefixed, name].map(in_file));
        candidates.find_map(|found| found.filter(|found| !found.value.trim().is_empty()))
    }
}

/// The names under which a setting is known, without the prefix.
fn names_of(arg: &Arg) -> Vec<String> {
    let name = arg.get_env().map(|name| name.to_string_lossy().into_owned());
    let file = name.clone().filter(|_| is_secret(arg)).map(|name| format!("{name}_FILE"));
    name.into_iter().chain(file).collect()
}

/// Secrets are the settings whose values the help hides.
pub(super) fn is_secret(arg: &Arg) -> bool {
    arg.is_hide_env_values_set()
}

/// The command-line form of a setting's value.
///
/// # Errors
/// A switch that is neither on nor off.
pub(super) fn as_argument(arg: &Arg, found: &Found) -> Result<Option<OsString>, String> {
    let Some(long) = arg.get_long() else { return Ok(None) };
    let value = found.value.trim();
    if let Some(delimiter) = arg.get_value_delimiter() {
        // A list may end with a comma.
        let entries: Vec<_> =
            value.split(delimiter).map(str::trim).filter(|entry| !entry.is_empty()).collect();
        let list = entries.join(&delimiter.to_string());
        return Ok(Some(list).filter(|list| !list.is_empty()).map(|list| format!("--{long}={list}").into()));
    }
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return Ok(Some(format!("--{long}={value}").into()));
    }
    match truth(value) {
        Ok(true) => Ok(Some(format!("--{long}").into())),
        Ok(false) => Ok(None),
        Err(reason) => Err(format!("invalid value '{value}' for '--{long}': {reason} ({})", found.source)),
    }
}

fn read_secret(path: PathBuf) -> Result<Found, String> {
    let source = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(value) if value.trim().is_empty() => Err(format!("{source} is empty")),
        Ok(value) => Ok(Found { value: value.trim_end_matches(['\r', '\n']).to_owned(), source }),
        Err(error) => Err(format!("{source} cannot be read: {error}")),
    }
}

fn unknown(name: &str, known: &[String]) -> String {
    let bare = without_prefix(name).to_ascii_uppercase();
    let similar = known.iter().map(|known| (strsim::jaro_winkler(&bare, known), known));
    let nearest = similar.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness >= SIMILAR);
    let hint = nearest.map(|(_, nearest)| format!("; did you mean {nearest}?")).unwrap_or_default();
    format!("{name} is no setting{hint}")
}

fn without_prefix(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// The value that Kubernetes gives `<SERVICE>_PORT`.
fn is_service_address(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// A name that Kubernetes makes for a Service. Source: Kubernetes, "Service", environment variables.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let is_numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT") && is_service_address(value)
        || name.split("_PORT_").skip(1).any(is_numbered)
}
