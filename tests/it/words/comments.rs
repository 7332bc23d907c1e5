//! Finds comments and string literals: marks inside strings and regular expressions open no comment.

use super::{files::Syntax, passage::Line};

/// The comments of Rust, TypeScript, JavaScript and style sheets, line by line.
pub fn slashes(text: &str, syntax: Syntax) -> Vec<Line> {
    Scanner::scan(text, syntax).comments
}

/// The string literals of Rust, TypeScript and JavaScript, each with the number of its first line.
pub fn strings(text: &str, syntax: Syntax) -> Vec<Line> {
    Scanner::scan(text, syntax).strings
}

/// Comments that a mark opens at the start of a line or after a space, outside quotes, until the end of the
/// line.
pub fn marked(text: &str, mark: &str) -> Vec<Line> {
    let comment = |line: &str| {
        let starts = line.match_indices(mark).map(|(start, _)| start);
        let mut starts =
            starts.filter(|start| line[..*start].chars().next_back().is_none_or(char::is_whitespace));
        let is_quoted =
            |start: &usize| ['"', '\''].iter().any(|quote| line[..*start].matches(*quote).count() % 2 == 1);
        let start = starts.find(|start| !is_quoted(start))?;
        Some(line[start..].trim_start_matches(['#', '-', '!', ' ']).to_owned())
    };
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| Some(Line { number: index + 1, text: comment(line)? })).collect()
}

/// The lines between `"""` and `"""`.
pub fn docstrings(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut number = 1;
    for (index, part) in text.split("\"\"\"").enumerate() {
        if index % 2 == 1 {
            let inner = part.lines().enumerate();
            lines.extend(inner.map(|(offset, line)| Line { number: number + offset, text: line.to_owned() }));
        }
        number += part.matches('\n').count();
    }
    lines
}

/// Reads source text from front to end.
struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    /// The last character of code that is no space: tells a division from a regular expression.
    last: char,
    syntax: Syntax,
    comments: Vec<Line>,
    strings: Vec<Line>,
}

impl<'a> Scanner<'a> {
    fn scan(text: &'a str, syntax: Syntax) -> Self {
        let (comments, strings) = (Vec::new(), Vec::new());
        let mut scanner = Self { rest: text, line: 1, last: '\n', syntax, comments, strings };
        while !scanner.rest.is_empty() {
            scanner.step();
        }
        scanner
    }

    /// Passes one comment, string or character of code.
    fn step(&mut self) {
        let first = self.rest.chars().next().unwrap();
        let is_rust = self.syntax == Syntax::Rust;
        if self.rest.starts_with("//") {
            self.comment(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.comment(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
        } else if let Some(end) = raw_string(self.rest).filter(|_| is_rust && !is_word(self.last)) {
            self.string(end);
        } else if first == '\'' && is_rust {
            self.pass(character(self.rest));
        } else if matches!(first, '"' | '\'' | '`') && !(first == '`' && is_rust) {
            let ends_with_line = !is_rust && first != '`';
            self.string(string(self.rest, first, ends_with_line));
        } else if first == '/' && !is_rust && "(,=:[!&|?{};\n".contains(self.last) {
            self.pass(regular_expression(self.rest));
        } else {
            self.pass(first.len_utf8());
        }
    }

    /// Keeps the lines of a comment that ends at `end`.
    fn comment(&mut self, end: usize) {
        for (offset, line) in self.rest[..end].lines().enumerate() {
            let text = line.trim().trim_start_matches(['/', '*', '!', ' ']).trim_end_matches("*/");
            self.comments.push(Line { number: self.line + offset, text: text.to_owned() });
        }
        let last = self.last;
        self.pass(end);
        self.last = last;
    }

    /// Keeps a literal that ends at `end`.
    fn string(&mut self, end: usize) {
        let text = self.rest[..end].trim_matches(['"', '\'', '`']);
        self.strings.push(Line { number: self.line, text: text.to_owned() });
        self.pass(end);
    }

    fn pass(&mut self, end: usize) {
        let passed = &self.rest[..end];
        self.line += passed.matches('\n').count();
        self.last = passed.chars().rev().find(|c| !c.is_whitespace()).unwrap_or(self.last);
        self.rest = &self.rest[end..];
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a raw string ends, if one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", &after[..hashes]);
    let open = text.len() - body.len();
    Some(body.find(&close).map_or(text.len(), |end| open + end + close.len()))
}

/// Where a character literal ends; one character on where a lifetime begins.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((escaped, c))) => {
            let after = escaped + c.len_utf8();
            text[after..].find('\'').map_or(after, |end| after + end + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

fn string(text: &str, quote: char, ends_with_line: bool) -> usize {
    let mut is_escaped = false;
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if ends_with_line => return offset,
            _ if c == quote => return offset + 1,
            _ => {}
        }
    }
    text.len()
}

fn regular_expression(text: &str) -> usize {
    let (mut is_escaped, mut in_class) = (false, false);
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return offset,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return offset + 1,
            _ => {}
        }
    }
    text.len()
}
