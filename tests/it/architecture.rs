//! The tree is the architecture: which part may know which, as tests over the source.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest a file may be, its tests aside: beyond this it has more than one subject.
const MAX_LINES: usize = 400;

struct Source {
    /// From `src/`, with `/`: `core/room/mod.rs`.
    path: String,
    text: String,
    /// The text without comments and without what follows `#[cfg(test)]`.
    code: String,
}

impl Source {
    fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/")
    }

    fn mentions(&self, what: &str) -> bool {
        self.code.match_indices(what).any(|(start, _)| {
            let before = self.code[..start].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '.')
        })
    }

    fn mentions_inside(&self, what: &str) -> bool {
        self.code.contains(what)
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.iter().map(|file| source(&root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn source(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).unwrap();
    let until_tests = text.split("#[cfg(test)]").next().unwrap();
    let code =
        until_tests.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    Source { path, text, code }
}

/// Every source that breaks a rule, with the word that does.
fn breaking(applies: impl Fn(&Source) -> bool, forbidden: &[&str]) -> Vec<String> {
    let sources = sources();
    let checked = sources.iter().filter(|source| applies(source) && !source.is_test());
    checked
        .flat_map(|source| {
            forbidden
                .iter()
                .filter(|what| source.mentions(what))
                .map(|what| format!("{}: {what}", source.path))
        })
        .collect()
}

const NOTHING: [String; 0] = [];

#[test]
fn the_core_knows_no_protocol_no_store_and_no_broker() {
    let outside = [
        "crate::app",
        "crate::cluster",
        "crate::config",
        "crate::data_folder",
        "crate::frontend",
        "crate::greeting",
        "crate::listener",
        "crate::media",
        "crate::ops",
        "crate::protocols",
        "crate::store",
        "crate::telemetry",
        "axum",
        "http::",
        "hyper",
        "metrics::",
        "mongodb",
        "redis",
        "rusqlite",
        "serde",
        "serde_json",
        "socketioxide",
        "tower",
    ];
    assert_eq!(breaking(|source| source.is_in("core/"), &outside), NOTHING);
}

/// The folders of the core, lowest first: each may use those before it.
const CORE_FOLDERS: [&str; 5] = ["model", "ports", "delivery", "room", "hub"];

#[test]
fn folders_of_the_core_use_only_lower_ones() {
    let sources = sources();
    for (position, folder) in CORE_FOLDERS.iter().enumerate() {
        let own = format!("core/{folder}/");
        for source in sources.iter().filter(|source| source.is_in(&own)) {
            for higher in &CORE_FOLDERS[position + 1..] {
                let is_used = source.mentions(&format!("{higher}::"))
                    || source.mentions_inside(&format!("core::{higher}"));
                assert!(!is_used, "{} uses core/{higher}", source.path);
            }
        }
    }
}

#[test]
fn only_the_hub_of_the_core_awaits() {
    for source in sources().iter().filter(|source| source.is_in("core/") && !source.is_test()) {
        let is_asynchronous = ["async move", "tokio::spawn"].iter().any(|word| source.mentions(word))
            || source.mentions_inside(".await")
            || (source.mentions("async fn") && !source.is_in("core/ports/"));
        assert!(!is_asynchronous || source.is_in("core/hub/"), "{} awaits", source.path);
    }
}

#[test]
fn a_door_knows_the_core_and_no_other_door() {
    let outside = [
        "crate::app",
        "crate::cluster",
        "crate::config",
        "crate::frontend",
        "crate::greeting",
        "crate::listener",
        "crate::ops",
        "crate::store",
        "crate::telemetry",
    ];
    assert_eq!(breaking(|source| source.is_in("protocols/"), &outside), NOTHING);
    let doors = doors();
    for door in &doors {
        let siblings: Vec<_> = doors.iter().filter(|other| *other != door).collect();
        let siblings: Vec<_> = siblings.iter().map(|other| format!("protocols::{other}")).collect();
        let siblings: Vec<_> = siblings.iter().map(String::as_str).collect();
        let folder = format!("protocols/{door}/");
        for source in sources().iter().filter(|source| source.is_in(&folder)) {
            assert!(!siblings.iter().any(|sibling| source.mentions_inside(sibling)), "{}", source.path);
        }
    }
    let is_of_door = |source: &Source| doors.iter().any(|door| source.is_in(&format!("protocols/{door}/")));
    let shared = |source: &Source| source.is_in("protocols/") && !is_of_door(source);
    for source in sources().iter().filter(|source| shared(source) && source.path != "protocols/mod.rs") {
        assert!(
            !doors.iter().any(|door| source.mentions_inside(&format!("protocols::{door}"))),
            "{}",
            source.path
        );
    }
}

/// The folders in `protocols/` that its `mod.rs` does not declare by name: those are shared.
fn doors() -> Vec<String> {
    let protocols = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocols");
    let declared = fs::read_to_string(protocols.join("mod.rs")).unwrap();
    let folders = fs::read_dir(protocols).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.path().is_dir());
    let folders = folders.map(|entry| entry.file_name().into_string().unwrap());
    folders.filter(|folder| !declared.contains(&format!("pub mod {folder};"))).collect()
}

#[test]
fn back_ends_know_the_core_and_neither_each_other_nor_a_door() {
    let outside = ["crate::app", "crate::config", "crate::protocols", "crate::ops", "crate::listener"];
    assert_eq!(breaking(|source| source.is_in("store/") || source.is_in("cluster/"), &outside), NOTHING);
    assert_eq!(breaking(|source| source.is_in("store/"), &["crate::cluster"]), NOTHING);
    assert_eq!(breaking(|source| source.is_in("cluster/"), &["crate::store"]), NOTHING);
}

#[test]
fn the_forwarding_unit_knows_only_what_the_core_calls_things() {
    let outside = [
        "crate::app",
        "crate::cluster",
        "crate::config",
        "crate::core::hub",
        "crate::core::room",
        "crate::listener",
        "crate::ops",
        "crate::protocols",
        "crate::store",
        "crate::telemetry",
        "axum",
        "serde",
    ];
    assert_eq!(breaking(|source| source.is_in("media/"), &outside), NOTHING);
}

#[test]
fn one_place_each_for_libraries_time_settings_and_back_ends() {
    let everywhere_but = |allowed: &'static [&'static str]| {
        move |source: &Source| !allowed.iter().any(|place| source.is_in(place))
    };
    assert_eq!(breaking(everywhere_but(&["protocols/mesh/"]), &["socketioxide"]), NOTHING);
    assert_eq!(breaking(everywhere_but(&["store/mongo"]), &["mongodb::"]), NOTHING);
    assert_eq!(breaking(everywhere_but(&["store/sqlite"]), &["rusqlite"]), NOTHING);
    assert_eq!(breaking(everywhere_but(&["cluster/"]), &["redis::"]), NOTHING);
    assert_eq!(breaking(everywhere_but(&["media/forwarding/"]), &["str0m"]), NOTHING);
    assert_eq!(
        breaking(everywhere_but(&["core/ports/clock.rs"]), &["Instant::now", "SystemTime::now"]),
        NOTHING
    );
    assert_eq!(breaking(everywhere_but(&["config.rs"]), &["env::var", "std::env", "dotenvy"]), NOTHING);
    assert_eq!(
        breaking(
            everywhere_but(&["app.rs"]),
            &["LocalRegistry::new", "RedisRegistry::join", "SqliteStore::open"]
        ),
        NOTHING
    );
    assert_eq!(
        breaking(
            everywhere_but(&["app.rs", "main.rs", "data_folder.rs", "telemetry.rs", "listener.rs"]),
            &["anyhow"]
        ),
        NOTHING
    );
}

#[test]
fn every_file_says_what_lives_there_and_has_one_subject() {
    for source in sources() {
        assert!(source.text.starts_with("//!"), "{} does not open with what lives there", source.path);
        let lines = source.text.split("#[cfg(test)]").next().unwrap().lines().count();
        assert!(source.is_test() || lines <= MAX_LINES, "{} has {lines} lines", source.path);
    }
}

#[test]
fn there_is_no_way_around_the_compiler() {
    for source in sources() {
        assert!(!source.code.contains("unsafe "), "{}", source.path);
        assert!(source.is_test() || !source.code.contains(".unwrap()"), "{}", source.path);
    }
}
