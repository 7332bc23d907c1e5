//! Checks that the files, folders, types and functions that `ARCHITECTURE.md` names exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders whose files the document may name by the end of their path.
const FOLDERS: [&str; 7] = ["benches", "deploy", "docs", "frontend", "scripts", "src", "tests"];

/// Folders inside them that hold no file of the project.
const GENERATED: [&str; 3] = ["dist", "node_modules", "target"];

/// What a file's name ends with, behind the last dot.
const EXTENSIONS: [&str; 16] = [
    "css", "html", "js", "json", "lua", "md", "mjs", "py", "rs", "sh", "sql", "svg", "template", "toml",
    "ts", "yaml",
];

#[test]
fn every_file_and_function_that_architecture_names_exists() {
    let tree = Tree::read();
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let names: Vec<_> =
        spans(&document).into_iter().filter_map(Name::parse).chain(mapped(&document)).collect();
    assert!(names.len() > 50, "the document names {} things", names.len());
    let missing: Vec<_> = names.iter().filter(|name| !tree.has(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_file_that_the_settings_of_tools_name_exists() {
    let tree = Tree::read();
    for settings in ["clippy.toml", "deny.toml", "rustfmt.toml", "Makefile", ".env.example"] {
        let text = fs::read_to_string(root().join(settings)).unwrap();
        let names = text.split(|c: char| !c.is_alphanumeric() && !"_-./".contains(c));
        let names = names.map(|name| name.trim_end_matches('.')).filter(|name| is_rust(Path::new(name)));
        for name in names {
            assert!(tree.has(&Name::File(name.to_owned())), "{settings}: {name}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_is_found() {
    let tree = Tree::read();
    let exists = |span: &str| Name::parse(span).map(|name| tree.has(&name));
    for span in [
        "src/app/mod.rs",
        "tests/it/architecture/document.rs",
        "architecture/document.rs",
        "tests/it/",
        "tests/it",
        "redis/scripts/claim.lua",
        "frontend/src/signaling/wire.ts",
        "docs/mesh.md",
        "Cargo.toml",
        "Tree::read",
        "Tree::read()",
        "Name::File",
        "has_word()",
        "it::architecture::document",
        "document::a_name_that_does_not_exist_is_found",
    ] {
        assert_eq!(exists(span), Some(true), "{span}");
    }
    for span in [
        "src/made_up.rs",
        "tecture/document.rs",
        "tests/made_up/",
        "tests/made_up",
        "tests/it/architec",
        "signaling/made_up.ts",
        "made_up.lua",
        "Tree::made_up",
        "MadeUp::read",
        "Name::MadeUp",
        "document::made_up",
        "made_up::document",
        "made_up()",
    ] {
        assert_eq!(exists(span), Some(false), "{span}");
    }
    for span in ["serde", "unavailable", "make bench", "NODES_SEED=7", "Outbox", "42…[", "crate::protocols"]
    {
        assert_eq!(exists(span), None, "{span}");
    }
}

#[test]
fn the_map_lists_paths_by_indentation() {
    let map = "# A\n\n```text\nsrc/\n  core/       rooms\n    a.rs b.rs   seats\n               that go on\n  c.rs        d.rs\ntests/it/     e\n```\n";
    let paths: Vec<_> = mapped(map)
        .map(|name| match name {
            Name::File(path) => path,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(paths, ["src/", "src/core/", "src/core/a.rs", "src/core/b.rs", "src/c.rs", "tests/it/"]);
}

/// Something in the repository that a code span names.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// The end of a file's path, or of a folder's, which ends with `/`.
    File(String),
    /// A function, field or variant of a type.
    Item { of: String, name: String },
    /// A module, or a function in it.
    Module { path: String, name: String },
    /// A function.
    Function(String),
}

impl Name {
    /// `None` for a span that names none of them.
    fn parse(span: &str) -> Option<Self> {
        let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_path = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
        if is_path(span) && !span.starts_with('/') {
            if is_file(span) || span.ends_with('/') {
                return Some(Self::File(span.to_owned()));
            }
            if span.contains('/') {
                return Some(Self::File(format!("{span}/")));
            }
        }
        let call = span.strip_suffix("()");
        let words: Vec<_> = call.unwrap_or(span).split("::").collect();
        if !words.iter().all(|word| is_word(word)) || words[0] == "crate" {
            return None;
        }
        match words[..] {
            [name] => call.map(|_| Self::Function(name.to_owned())),
            [.., of, name] if of.starts_with(char::is_uppercase) => {
                Some(Self::Item { of: of.to_owned(), name: name.to_owned() })
            }
            [ref modules @ .., name] => Some(Self::Module { path: modules.join("/"), name: name.to_owned() }),
            [] => None,
        }
    }
}

/// The files of the folders and of the root, by their path from the root, and the text of Rust's.
struct Tree(Vec<(String, String)>);

impl Tree {
    fn read() -> Self {
        let at_root = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
        let at_root = at_root.filter(|path| path.is_file());
        let mut files: Vec<_> = at_root
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), String::new()))
            .collect();
        let mut folders: Vec<_> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
            for path in entries.filter(|path| !GENERATED.iter().any(|name| path.ends_with(name))) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = if is_rust(&path) { fs::read_to_string(&path).unwrap() } else { String::new() };
                files.push((path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(), text));
            }
        }
        Self(files)
    }

    fn has(&self, name: &Name) -> bool {
        self.0.iter().any(|(path, text)| {
            // So that a name matches whole folders only.
            let path = format!("/{path}");
            match name {
                Name::File(end) if end.ends_with('/') => path.contains(&format!("/{end}")),
                Name::File(end) => path.ends_with(&format!("/{end}")),
                Name::Item { of, name } => mentions_type(text, of) && has_item(text, name),
                Name::Module { path: module, name } => {
                    let is_module = |module: &str| {
                        path.contains(&format!("/{module}/")) || path.ends_with(&format!("/{module}.rs"))
                    };
                    is_module(&format!("{module}/{name}")) || is_module(module) && has_function(text, name)
                }
                Name::Function(name) => has_function(text, name),
            }
        })
    }
}

/// Whether a text declares the type or implements something for it.
fn mentions_type(text: &str, name: &str) -> bool {
    let declares = |line: &str| {
        let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        ["impl", "trait ", "struct ", "enum "].iter().any(|keyword| line.starts_with(keyword))
    };
    text.lines().filter(|line| declares(line)).any(|line| has_word(line, name))
}

/// Whether a text has a function, a field or a variant of that name.
fn has_item(text: &str, name: &str) -> bool {
    let is_variant = |rest: &str| rest.starts_with([',', '(']) || rest.starts_with(" {");
    let is_part = |line: &str| {
        let line = line.trim_start().trim_start_matches("pub ");
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ") || is_variant(rest))
    };
    has_function(text, name) || text.lines().any(is_part)
}

fn has_function(text: &str, name: &str) -> bool {
    let ends = |rest: &str| rest.starts_with(['(', '<']);
    text.split("fn ").skip(1).any(|rest| rest.strip_prefix(name).is_some_and(ends))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|other| other == word)
}

/// Every code span outside code blocks.
fn spans(document: &str) -> Vec<&str> {
    let prose = document.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

/// The paths that the code block under the first heading lists: a folder's entries are indented under it.
fn mapped(document: &str) -> impl Iterator<Item = Name> {
    let block = document.split("```").nth(1).unwrap_or_default();
    let mut folders: Vec<(usize, String)> = Vec::new();
    let mut paths = Vec::new();
    for line in block.lines().skip(1) {
        let indent = line.len() - line.trim_start().len();
        // Two spaces separate names from their description.
        let names = line.trim_start().split("  ").next().unwrap_or_default();
        let names = names.split(' ').take_while(|word| word.ends_with('/') || is_file(word));
        let names: Vec<_> = names.collect();
        if names.is_empty() {
            continue;
        }
        folders.retain(|(depth, _)| *depth < indent);
        let folder = folders.last().map_or("", |(_, path)| path).to_owned();
        paths.extend(names.iter().map(|name| format!("{folder}{name}")));
        if let [name] = names[..]
            && name.ends_with('/')
        {
            folders.push((indent, format!("{folder}{name}")));
        }
    }
    paths.into_iter().map(Name::File)
}

fn is_file(name: &str) -> bool {
    EXTENSIONS.iter().any(|extension| Path::new(name).extension().is_some_and(|found| found == *extension))
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
