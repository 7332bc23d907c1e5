//! The hand-written files of the repository, by syntax.

use std::{fs, path::Path};

/// Folders that hold no hand-written text, by name.
const SKIPPED_FOLDERS: [&str; 6] = [".cache", ".git", "dist", "node_modules", "screenshots", "target"];

/// Files that a program writes, and texts that state the words themselves.
const SKIPPED_FILES: [&str; 3] = ["frontend/src/signaling/wire.ts", "tests/it/words", "LICENSE"];

/// Where string literals are texts for people: errors, answers and pages.
const FOLDERS_WITH_TEXTS: [&str; 3] = ["src/", "frontend/public/demos/", "frontend/src/lib/i18n/texts/en/"];

/// How a file marks its comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `//` and `/* */`, raw strings, lifetimes.
    Rust,
    /// TypeScript, JavaScript and style sheets: `//` and `/* */`, templates, regular expressions.
    Script,
    /// `#`, outside quotes.
    Hash,
    /// `#` and docstrings.
    Python,
    /// `--`.
    Dashes,
    /// All of it is prose.
    Document,
}

/// A file of the repository.
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// How it marks comments.
    pub syntax: Syntax,
    /// Its content.
    pub text: String,
}

impl File {
    /// A file with a given content.
    ///
    /// # Panics
    ///
    /// When the syntax of such a file is unknown.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), syntax: syntax(path).unwrap(), text: text.to_owned() }
    }

    /// True if its string literals are texts for people.
    pub fn has_texts(&self) -> bool {
        FOLDERS_WITH_TEXTS.iter().any(|folder| self.path.starts_with(folder))
    }
}

/// Every hand-written file of a known syntax, in the order of paths.
pub fn all() -> Vec<File> {
    let mut files = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), files);
            }
        } else if syntax(&path).is_some() && !SKIPPED_FILES.iter().any(|skipped| path.starts_with(skipped)) {
            files.push(File::new(&path, &fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

fn syntax(path: &str) -> Option<Syntax> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match (name, extension) {
        (_, "rs") => Some(Syntax::Rust),
        (_, "ts" | "tsx" | "mjs" | "js" | "css") => Some(Syntax::Script),
        (_, "py") => Some(Syntax::Python),
        (_, "lua" | "sql") => Some(Syntax::Dashes),
        (_, "md" | "html") => Some(Syntax::Document),
        (_, "sh" | "toml" | "yaml" | "template" | "example") | ("Makefile" | "Dockerfile", _) => {
            Some(Syntax::Hash)
        }
        _ if path == ".ci/run" || path.starts_with("tests/transcripts/") => Some(Syntax::Hash),
        _ => None,
    }
}
