//! The words of comments, test names, texts and documents, as tests: plain English, short first sentences,
//! and comments within the declared width.

mod banned;
mod comments;
mod doc_comments;
mod files;
mod names;
mod passage;

use std::env;

use files::{File, Syntax};
use passage::Passage;

/// The longest a comment line may be, in characters: rustfmt's `max_width`, and biome's `lineWidth` in the
/// call page.
const WIDTH: usize = 110;
const PAGE_WIDTH: usize = 100;

/// The most words in the first sentence of a doc comment.
const FIRST_SENTENCE: usize = 20;

#[test]
fn comments_test_names_texts_and_documents_use_no_banned_word() {
    let hits: Vec<_> = checked().iter().flat_map(banned_words).collect();
    assert!(hits.is_empty(), "{} banned words:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn comments_fit_the_declared_width() {
    let hits: Vec<_> = checked().iter().flat_map(wide_comments).collect();
    assert!(hits.is_empty(), "{} comments are too wide:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn doc_comments_begin_with_a_short_sentence() {
    let hits: Vec<_> = checked().iter().flat_map(long_first_sentences).collect();
    assert!(hits.is_empty(), "{} first sentences are too long:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn planted_words_are_found_in_every_syntax() {
    let planted = [
        ("a.rs", "fn f() {} // Whoever joins", 1),
        ("a.rs", "/// Takes\n/// note of it.\nfn f() {}", 1),
        ("a.rs", "/* one\n   somebody's seat */", 2),
        ("a.rs", "#[test]\nfn nobody_is_lost() {}", 2),
        ("a.rs", "let url = \"https://a\"; // goes on", 1),
        ("a.rs", "let c = '\"'; // in vain", 1),
        ("a.rs", "let raw = r#\"\"\"#; //! What is already stored", 1),
        ("a.ts", "const a = 'x'; /* anew */", 1),
        ("a.mjs", "const a = /[\"/]/; // besides", 1),
        ("a.mjs", "test('whom it tells', () => {})", 1),
        ("a.test.ts", "it.each([1, 2])(\n  'is taken for %s',\n)", 2),
        ("a.sh", "echo '# nobody' # somebody", 1),
        ("a.py", "def test_nobody_is_lost():\n    pass", 1),
        ("a.py", "def f():\n    \"\"\"Whoever.\"\"\"", 2),
        ("a.lua", "local a = 1 -- anew", 1),
        ("a.md", "A seat\nwhich goes\non.", 2),
        ("a.html", "<p>\nWhoever</p>", 2),
        ("src/a.rs", "\n#[error(\"for nobody\")]", 2),
        ("src/a.rs", "let raw = r#\"a call \"goes on\"\"#;", 1),
        ("src/a.rs", "let text = \"the call goes \\\n    on\";", 1),
        ("frontend/public/demos/a.js", "say(`somebody`);", 1),
    ];
    for (path, text, line) in planted {
        let found = banned_words(&File::new(path, text));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(&format!("{path}:{line}: ")), "{found:?}");
    }
}

#[test]
fn code_other_strings_and_code_spans_are_not_prose() {
    let innocent = [
        ("a.rs", "let nobody = \"whoever // anew\";"),
        ("a.rs", "// `nobody` and `GET /whoever`"),
        ("a.rs", "// What is needed is the seat, besideswise"),
        ("a.rs", "fn nobody_is_lost() {}"),
        ("a.ts", "const nobody = `// whoever`;"),
        ("a.sh", "echo \"# nobody\""),
        ("a.md", "`nobody` sits in `whoever`"),
    ];
    for (path, text) in innocent {
        let expected = usize::from(text.contains("What is needed"));
        assert_eq!(banned_words(&File::new(path, text)).len(), expected, "{text}");
    }
}

#[test]
fn planted_wide_comments_are_found_in_every_syntax() {
    for (path, mark) in [("a.rs", "//"), ("a.mjs", " * "), ("a.sh", "#"), ("a.py", "#"), ("a.lua", "--")] {
        let wide = format!("let a = 1;\n{mark}{}", "x".repeat(WIDTH));
        assert_eq!(wide_comments(&File::new(path, &wide)).len(), 1, "{path}");
        assert_eq!(wide_comments(&File::new(path, &wide.replace(mark, "let"))).len(), 0, "{path}");
    }
}

#[test]
fn a_planted_long_first_sentence_is_found() {
    let long = "Word ".repeat(FIRST_SENTENCE);
    let found = |text: &str| long_first_sentences(&File::new("src/a.rs", text));
    assert_eq!(found(&format!("//! Short.\n\n/// {long}\n/// more.\nfn f() {{}}")).len(), 1);
    assert_eq!(found(&format!("/// {long}more\nfn f() {{}}"))[0], "src/a.rs:1: 21 words");
    for text in ["`code span`", "\n///\n/// In another paragraph", ". In another sentence"] {
        assert_eq!(found(&format!("/// {}{text}\nfn f() {{}}", long.trim())), [""; 0], "{text}");
    }
    assert_eq!(found(&format!("// {long}more")), [""; 0], "no doc comment");
}

/// Every hand-written file; with `WORDS_IN=src/core/`, only those in that folder.
fn checked() -> Vec<File> {
    let mut files = files::all();
    if let Ok(folder) = env::var("WORDS_IN") {
        files.retain(|file| file.path.starts_with(&folder));
    }
    files
}

/// Each banned word of a file's prose, as `path:line: word`.
fn banned_words(file: &File) -> Vec<String> {
    let passages = prose(file).into_iter();
    let hits = passages.flat_map(|passage| {
        let found = banned::find(passage.text());
        found.into_iter().map(move |(offset, word)| (passage.line_at(offset), word))
    });
    hits.map(|(line, word)| format!("{}:{line}: {word}", file.path)).collect()
}

/// Each doc comment of `src` with a long first sentence, as `path:line: words`.
fn long_first_sentences(file: &File) -> Vec<String> {
    if file.syntax != Syntax::Rust || !file.path.starts_with("src/") {
        return Vec::new();
    }
    let sentences = doc_comments::first_sentences(&file.text).into_iter();
    let counted = sentences.map(|sentence| (sentence.line_at(0), doc_comments::words_in(sentence.text())));
    let long = counted.filter(|(_, words)| *words > FIRST_SENTENCE);
    long.map(|(line, words)| format!("{}:{line}: {words} words", file.path)).collect()
}

/// Each comment line of a file that is wider than declared, as `path:line`.
fn wide_comments(file: &File) -> Vec<String> {
    let width = if file.path.starts_with("frontend/") { PAGE_WIDTH } else { WIDTH };
    let marks: &[&str] = match file.syntax {
        Syntax::Rust | Syntax::Script => &["//", "/*", "* "],
        Syntax::Hash | Syntax::Python => &["#"],
        Syntax::Dashes => &["--"],
        Syntax::Document => return Vec::new(),
    };
    let opens = |line: &str| marks.iter().any(|mark| line.trim_start().starts_with(mark));
    let wide = |line: &str| opens(line) && line.chars().count() > width;
    let lines = file.text.lines().enumerate().filter(|(_, line)| wide(line));
    lines.map(|(index, _)| format!("{}:{}", file.path, index + 1)).collect()
}

/// Comments, test names, texts and documents: everything in a file that is written for people.
fn prose(file: &File) -> Vec<Passage> {
    let lines = match file.syntax {
        Syntax::Document => passage::document(&file.text),
        Syntax::Rust | Syntax::Script => comments::slashes(&file.text, file.syntax),
        Syntax::Hash | Syntax::Python => comments::marked(&file.text, "#"),
        Syntax::Dashes => comments::marked(&file.text, "--"),
    };
    let mut passages = passage::join(lines);
    passages.extend(names::of_tests(&file.text, file.syntax));
    if file.has_texts() && matches!(file.syntax, Syntax::Rust | Syntax::Script) {
        passages.extend(comments::strings(&file.text, file.syntax).iter().map(Passage::new));
    }
    if file.syntax == Syntax::Python {
        passages.extend(passage::join(comments::docstrings(&file.text)));
    }
    passages
}
