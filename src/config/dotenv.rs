//! Reads `.env`. dotenvy parses it; here `$` stays literal except in `${NAME}` between double quotes, and
//! entries and errors have their lines.

use std::{collections::BTreeSet, fs, io, path::Path};

/// One `KEY=value` of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Number of its first line.
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// Reads the entries of a file, in order; none if there is no such file.
///
/// # Errors
/// Names the file, the line and the key. Never a value: it may be a secret.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, String> {
    match fs::read(path) {
        Ok(bytes) => {
            text_of(&bytes).and_then(parse).map_err(|problem| format!("{}, {problem}", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// The text in `bytes`.
///
/// # Errors
/// Names the first line that is not UTF-8.
fn text_of(bytes: &[u8]) -> Result<&str, String> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = valid.matches('\n').count();
        let key = valid.lines().nth(line).and_then(key_of).map(|key| format!(" ({key})"));
        format!("line {}{}: is not UTF-8; save the file in that encoding", line + 1, key.unwrap_or_default())
    })
}

fn parse(text: &str) -> Result<Vec<Entry>, String> {
    // Editors of Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().collect();
    let is_entry = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut entries = Vec::new();
    let mut next = 0;
    let Escaped { text: escaped, variables, inner_lines } = escape_dollars(text);
    for parsed in dotenvy::from_read_iter(escaped.as_bytes()) {
        let Ok((key, value)) = parsed else {
            let at = (next..lines.len()).find(|at| is_entry(lines[*at])).unwrap_or(next);
            let key = lines.get(at).and_then(|line| key_of(line)).map(|key| format!(" ({key})"));
            let hint = "is not like KEY=value; put a value with spaces, quotes or # into quotes";
            return Err(format!("line {}{}: {hint}", at + 1, key.unwrap_or_default()));
        };
        let is_its_line = |at: &usize| key_of(lines[*at]) == Some(key.as_str()) && !inner_lines.contains(at);
        let at = (next..lines.len()).find(is_its_line).unwrap_or(next);
        next =
            at + 1 + inner_lines.range(at + 1..).zip(at + 1..).take_while(|(inner, at)| *inner == at).count();
        entries.push(Entry { line: at + 1, key, value });
    }
    check_variables(&variables, &entries)?;
    Ok(entries)
}

/// A `${NAME}` between double quotes.
struct Variable {
    line: usize,
    name: String,
}

/// Refuses variables that are not set: dotenvy would put nothing in their place.
fn check_variables(variables: &[Variable], entries: &[Entry]) -> Result<(), String> {
    for Variable { line, name } in variables {
        let at = entries.iter().rposition(|entry| entry.line <= *line).unwrap_or_default();
        let is_set = std::env::var_os(name).is_some() || entries[..at].iter().any(|entry| entry.key == *name);
        if let Some(Entry { line, key, .. }) = entries.get(at).filter(|_| !is_set) {
            let hint = "use single quotes if it is meant literally";
            return Err(format!("line {line} ({key}): ${{{name}}} is not set; {hint}"));
        }
    }
    Ok(())
}

fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (key, _) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let key = key.trim();
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_key.then_some(key)
}

/// Where a character of the file stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Bare,
    SingleQuotes,
    DoubleQuotes,
    Comment,
}

/// A text in which dotenvy finds no other variables than `variables`.
struct Escaped {
    text: String,
    variables: Vec<Variable>,
    /// Lines, counted from 0, that begin between quotes.
    inner_lines: BTreeSet<usize>,
}

/// Escapes each `$` that dotenvy would take for a variable, except in `${NAME}` between double quotes.
fn escape_dollars(text: &str) -> Escaped {
    let mut escaped = String::with_capacity(text.len());
    let (mut context, mut before) = (Context::Bare, '\n');
    let (mut line, mut variables, mut inner_lines) = (1, Vec::new(), BTreeSet::new());
    for (at, c) in text.char_indices() {
        let is_escaped = before == '\\' && context != Context::SingleQuotes;
        context = match (context, c) {
            (Context::Bare, '#') if before.is_whitespace() => Context::Comment,
            (Context::Bare, '\'') if !is_escaped => Context::SingleQuotes,
            (Context::Bare, '"') if !is_escaped => Context::DoubleQuotes,
            (Context::Comment, '\n') | (Context::SingleQuotes, '\'') => Context::Bare,
            (Context::DoubleQuotes, '"') if !is_escaped => Context::Bare,
            _ => context,
        };
        let variable = variable_at(&text[at..]).filter(|_| context == Context::DoubleQuotes && !is_escaped);
        if let Some(name) = variable {
            variables.push(Variable { line, name: name.to_owned() });
        } else if c == '$' && !is_escaped && matches!(context, Context::Bare | Context::DoubleQuotes) {
            escaped.push('\\');
        }
        if c == '\n' {
            if context != Context::Bare {
                inner_lines.insert(line);
            }
            line += 1;
        }
        escaped.push(c);
        // The second of two backslashes escapes nothing.
        before = if c == '\\' && is_escaped { '.' } else { c };
    }
    Escaped { text: escaped, variables, inner_lines }
}

/// The name in the `${NAME}` with which `text` begins.
fn variable_at(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("${")?.split_once('}')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(usize, String, String)> {
        parse(text).unwrap().into_iter().map(|it| (it.line, it.key, it.value)).collect()
    }

    #[test]
    fn a_dollar_is_literal_except_in_a_variable_between_double_quotes() {
        for (written, value) in [
            ("pa$$word", "pa$$word"),
            ("$HOME", "$HOME"),
            ("${ROOT}/x", "${ROOT}/x"),
            ("'${ROOT}/$x'", "${ROOT}/$x"),
            ("\"${ROOT}/x\"", "/srv/x"),
            ("\"$ROOT/$\"", "$ROOT/$"),
            ("\"\\${ROOT}\"", "${ROOT}"),
            ("a\\$b", "a$b"),
            ("a # it's $5", "a"),
        ] {
            let text = format!("ROOT=/srv\n# it's a comment\nX={written}\nY=1");
            let read = values(&text);
            assert_eq!(read[1], (3, "X".into(), value.into()), "{written}");
            assert_eq!(read[2], (4, "Y".into(), "1".into()), "after {written}");
        }
    }

    #[test]
    fn an_entry_has_the_line_of_its_key() {
        for (text, line) in [
            ("A=\"x\\ny\"\nB=1", 2),
            ("A=\"x\nB=2\ny\"\nB=1", 4),
            ("A='x\n\nB=2'\n\n#B=3\n export  B = 1", 6),
            ("A=\"\n\n\\n\" # it's\r\nB=1", 4),
        ] {
            let read = values(text);
            assert_eq!(read[1], (line, "B".into(), "1".into()), "{text}");
        }
    }

    #[test]
    fn a_dollar_is_as_literal_as_any_other_sign() {
        // The reader itself, with a sign that means nothing to it.
        let plain =
            |text: &str| -> Vec<_> { dotenvy::from_read_iter(text.as_bytes()).map(Result::ok).collect() };
        let mut random = 1_u32;
        for _ in 0..20_000 {
            let text: String = (0..12)
                .map(|_| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ["$", "'", "\"", "\\", "#", " ", "\n", "A=", "x", "=", "\t", "{"]
                        [(random as usize >> 16) % 12]
                })
                .collect();
            let expected: Option<Vec<_>> = plain(&text.replace('$', "§")).into_iter().collect();
            let expected =
                expected.map(|it| it.into_iter().map(|(key, value)| (key, value.replace('§', "$"))));
            let read =
                parse(&text).ok().map(|it| it.into_iter().map(|it| (it.key, it.value)).collect::<Vec<_>>());
            // A backslash before the sign is an escape only of `$`.
            if !text.contains("\\$") {
                assert_eq!(read, expected.map(Iterator::collect), "{text:?}");
            }
        }
    }

    #[test]
    fn a_file_in_another_encoding_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        for (bytes, place) in [
            (b"A=1\r\nTURN_SECRET=caf\xe9\r\n".as_slice(), "line 2 (TURN_SECRET): is not UTF-8"),
            (b"\xff\xfeA\0=\x001\0", "line 1: is not UTF-8"),
        ] {
            fs::write(&path, bytes).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.contains(place) && error.starts_with(path.to_str().unwrap()), "{error}");
        }
    }

    #[test]
    fn an_error_names_line_and_key_and_no_value() {
        for (text, problem) in [
            ("A=1\n\nSESSION_SECRET=hidden word\n", "line 3 (SESSION_SECRET): "),
            ("# x\nhidden\n", "line 2: "),
            ("A=\"1\n2\"\nexport B=hi 'dden\n", "line 3 (B): "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(problem) && !error.contains("hid"), "{error}");
        }
    }
}
