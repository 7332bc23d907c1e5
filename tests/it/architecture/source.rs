//! The sources as the dependency rules see them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A Rust file.
pub struct Source {
    /// Relative to its folder, which is `src/` unless another is named, with `/`: `core/room/mod.rs`.
    pub path: String,
    pub text: String,
    /// The text without comments and without the part after `#[cfg(test)]`.
    pub code: String,
}

impl Source {
    pub fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
    }

    pub fn mentions(&self, what: &str) -> bool {
        self.code.match_indices(what).any(|(start, _)| {
            let before = self.code[..start].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '.')
        })
    }

    pub fn mentions_inside(&self, what: &str) -> bool {
        self.code.contains(what)
    }
}

/// Every Rust file in `src/`.
pub fn sources() -> Vec<Source> {
    sources_in("src")
}

/// Every Rust file in a folder of the repository.
pub fn sources_in(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.iter().map(|file| source(&root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
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

/// Every source that breaks a rule, with the forbidden word.
pub fn breaking(applies: impl Fn(&Source) -> bool, forbidden: &[&str]) -> Vec<String> {
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
