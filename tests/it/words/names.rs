//! Finds the names of tests.

use super::{
    files::Syntax,
    passage::{Line, Passage},
};

/// The names of a file's tests, as prose.
pub fn of_tests(text: &str, syntax: Syntax) -> Vec<Passage> {
    let lines = match syntax {
        Syntax::Rust => of_rust(text),
        Syntax::Script => of_scripts(text),
        Syntax::Python => functions(text, "def test_", |_| true),
        _ => Vec::new(),
    };
    lines.iter().map(Passage::new).collect()
}

/// Functions under a `#[test]` attribute, whatever the runtime.
fn of_rust(text: &str) -> Vec<Line> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    functions(text, "fn ", |index| {
        let above = lines[..index].iter().rev();
        let mut attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

fn functions(text: &str, keyword: &str, applies: impl Fn(usize) -> bool) -> Vec<Line> {
    let name = |line: &str| {
        let start = line.find(keyword)? + keyword.len();
        let end = line[start..].find('(')? + start;
        Some(line[start..end].replace('_', " "))
    };
    let lines = text.lines().enumerate().filter(|(index, _)| applies(*index));
    lines.filter_map(|(index, line)| Some(Line { number: index + 1, text: name(line)? })).collect()
}

/// The first argument of `test(`, `it(` and `describe(`, and of what their `.each(…)` returns.
fn of_scripts(text: &str) -> Vec<Line> {
    let calls = ["test", "it", "describe"].iter().flat_map(|name| text.match_indices(name));
    let calls = calls.filter(|(start, _)| {
        text[..*start].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-')
    });
    let names = calls.filter_map(|(start, name)| argument(text, start + name.len()));
    names
        .map(|(offset, name)| Line {
            number: text[..offset].matches('\n').count() + 1,
            text: name.to_owned(),
        })
        .collect()
}

/// The text that a call after `offset` has as its first argument, with its own offset.
fn argument(text: &str, offset: usize) -> Option<(usize, &str)> {
    let call = &text[offset..];
    let open = if call.starts_with(".each(") {
        call.find(")(")? + 2
    } else {
        let option = call
            .strip_prefix('.')
            .map_or(0, |rest| 1 + rest.len() - rest.trim_start_matches(char::is_alphabetic).len());
        call[option..].strip_prefix('(')?;
        option + 1
    };
    let start = offset + open + call[open..].len() - call[open..].trim_start().len();
    let quote = text[start..].chars().next().filter(|c| ['"', '\'', '`'].contains(c))?;
    let inner = start + 1;
    let end = text[inner..].find(quote)?;
    Some((inner, &text[inner..inner + end]))
}
