//! What documents point at exists: links, headings, files and tests.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

const DOCUMENTS: [&str; 3] = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];

/// Folders whose files documents name between backticks.
const FOLDERS: [&str; 7] = ["benches/", "deploy/", "docs/", "frontend/src/", "scripts/", "src/", "tests/"];

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for target in between(&text, "](", ")").into_iter().filter(|target| !target.contains("://")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { document.clone() } else { document.with_file_name(path) };
            assert!(root().join(&file).exists(), "{}: {target}", document.display());
            assert!(
                anchor.is_empty() || headings(&file).contains(anchor),
                "{}: {target}",
                document.display()
            );
        }
    }
}

#[test]
fn every_file_that_a_document_names_exists() {
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let names = between(&text, "`", "`").into_iter();
        let names = names.filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder)));
        for name in names.filter(|name| !name.contains(['<', '*', ' ', '…', '\n'])) {
            assert!(root().join(name).exists(), "{}: {name}", document.display());
        }
    }
}

#[test]
fn every_test_that_the_failure_tables_name_exists() {
    let text = fs::read_to_string(root().join("docs/failures.md")).unwrap();
    let tests: Vec<_> = between(&text, "`", "`").into_iter().filter(|name| name.contains("::")).collect();
    assert!(!tests.is_empty());
    let sources = sources();
    for test in tests {
        let (modules, name) = test.rsplit_once("::").unwrap();
        let folder = modules.replace("::", "/");
        let is_in = |path: &str| path.contains(&format!("/{folder}"));
        let is_module = |path: &str| path.contains(&format!("/{folder}/{name}"));
        let function = format!("fn {name}(");
        let found =
            sources.iter().any(|(path, text)| is_module(path) || is_in(path) && text.contains(&function));
        assert!(found, "docs/failures.md: {test}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Documents for readers, from the root of the repository.
fn documents() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let names = entries.map(|entry| Path::new("docs").join(entry.unwrap().file_name()));
    let in_docs = names.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    in_docs.chain(DOCUMENTS.map(PathBuf::from)).collect()
}

/// Every text between two marks, outside code blocks.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let prose = text.split("```").step_by(2);
    let parts = prose.flat_map(|prose| {
        let mut rest = prose;
        std::iter::from_fn(move || {
            let (_, after) = rest.split_once(open)?;
            let (inner, after) = after.split_once(close)?;
            rest = after;
            Some(inner)
        })
    });
    parts.collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn headings(file: &Path) -> HashSet<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let titles = text.lines().filter(|line| line.starts_with('#'));
    titles
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            title.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
        })
        .collect()
}

/// The text of every Rust file of the tests and the server, with its path.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![root().join("tests"), root().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
