//! Dependency rules: which part of the source may use which.

mod document;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
};

use source::{Source, breaking, sources, sources_in};

/// Most lines of a Rust file, with its tests, so that a file has one subject.
const MAX_LINES: usize = 400;

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
fn a_door_knows_the_core_and_nothing_outside() {
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
}

/// The names in the list `doors![…]` of `protocols/mod.rs`.
fn doors() -> Vec<String> {
    let declarations = fs::read_to_string(protocols().join("mod.rs")).unwrap();
    let list = declarations.rsplit_once("doors![").and_then(|(_, rest)| rest.split_once(']'));
    let doors: Vec<_> = list.unwrap().0.split(',').map(|door| door.trim().to_owned()).collect();
    assert!(doors.iter().all(|door| protocols().join(door).is_dir()), "{doors:?}");
    doors
}

fn protocols() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocols")
}

#[test]
fn a_door_is_a_folder_and_two_lines() {
    let declarations = fs::read_to_string(protocols().join("mod.rs")).unwrap();
    for door in doors() {
        let named = declarations.lines().filter(|line| mentions_word(line, &door));
        let named: Vec<_> = named.filter(|line| !line.starts_with("//")).collect();
        assert_eq!(named.len(), 2, "{named:?}");
        assert_eq!(named[0], format!("pub mod {door};"));
        let folder = format!("protocols/{door}/");
        for source in sources().iter().filter(|source| !source.is_in(&folder)) {
            let is_used = source.mentions_inside(&format!("protocols::{door}"))
                || imports_from_protocols(&source.code).any(|name| name == door);
            assert!(!is_used, "{} does not compile without the {door} door", source.path);
        }
    }
}

fn mentions_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// The modules that a file imports by `protocols::{…}`, one a line, as rustfmt writes them.
fn imports_from_protocols(code: &str) -> impl Iterator<Item = &str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = code.lines();
    let opening = lines.find(|line| line.ends_with("protocols::{")).map_or(usize::MAX, indent);
    let inside = lines.take_while(move |line| indent(line) > opening);
    inside
        .filter(move |line| indent(line) == opening + 4)
        .filter_map(|line| line.trim().split([':', ',']).next())
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
    assert_eq!(breaking(everywhere_but(&["config/"]), &["env::var", "std::env", "dotenvy"]), NOTHING);
    assert_eq!(
        breaking(
            everywhere_but(&["app/"]),
            &["LocalRegistry::new", "RedisRegistry::join", "SqliteStore::open"]
        ),
        NOTHING
    );
    assert_eq!(
        breaking(
            everywhere_but(&["app/", "main.rs", "data_folder.rs", "telemetry.rs", "listener.rs"]),
            &["anyhow"]
        ),
        NOTHING
    );
}

#[test]
fn every_file_says_what_lives_there_and_has_one_subject() {
    for folder in ["src", "tests", "benches"] {
        for source in sources_in(folder) {
            let (path, lines) = (format!("{folder}/{}", source.path), source.text.lines().count());
            assert!(source.text.starts_with("//!"), "{path} does not open with what lives there");
            assert!(lines <= MAX_LINES, "{path} has {lines} lines");
        }
    }
}

#[test]
fn there_is_no_way_around_the_compiler() {
    for source in sources() {
        assert!(!source.code.contains("unsafe "), "{}", source.path);
        assert!(source.is_test() || !source.code.contains(".unwrap()"), "{}", source.path);
    }
}
