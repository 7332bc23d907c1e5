//! Compares received text with the pattern of a transcript.

use std::collections::HashMap;

/// Values of placeholders.
#[derive(Default)]
pub struct Known(HashMap<String, String>);

impl Known {
    /// `text` with the values of its placeholders.
    pub fn fill_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
    }

    /// Compares received text with `pattern`, in which `\n` is a line break, and stores the values of new
    /// placeholders.
    pub fn check(&mut self, pattern: &str, came: &str) -> Result<(), String> {
        let (pattern, came) = (self.fill_in(pattern), came.replace('\n', "\\n"));
        let found = matched(&pattern, &came).ok_or_else(|| format!("got {came}"))?;
        self.0.extend(found.into_iter().filter(|(name, _)| name != "*"));
        Ok(())
    }
}

/// The value of each placeholder of `pattern`, if `text` matches.
fn matched(pattern: &str, text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let (first, mut placeholders) = placeholders(pattern);
    let mut rest = text.strip_prefix(first)?;
    let last = placeholders.pop();
    for (name, literal) in placeholders {
        let (value, after) = rest.split_once(literal)?;
        found.push((name.to_owned(), value.to_owned()));
        rest = after;
    }
    match last {
        Some((name, literal)) => found.push((name.to_owned(), rest.strip_suffix(literal)?.to_owned())),
        None if !rest.is_empty() => return None,
        None => {}
    }
    Some(found)
}

/// The text before the first placeholder, and each placeholder with the text after it.
fn placeholders(pattern: &str) -> (&str, Vec<(&str, &str)>) {
    let is_name = |name: &str| {
        name == "*" || (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-'))
    };
    let next = |text| {
        str::match_indices(text, '<').find_map(|(start, _)| {
            let (name, after) = text[start + 1..].split_once('>')?;
            is_name(name).then_some((&text[..start], name, after))
        })
    };
    let Some((first, mut name, mut rest)) = next(pattern) else { return (pattern, Vec::new()) };
    let mut found = Vec::new();
    while let Some((literal, following, after)) = next(rest) {
        found.push((name, literal));
        (name, rest) = (following, after);
    }
    found.push((name, rest));
    (first, found)
}

#[test]
fn placeholder_matches_the_same_text_throughout() {
    let mut known = Known::default();
    known.check("a <x>; <*>; <y>", "a 1; 2; 3<b>").unwrap();
    assert_eq!(known.fill_in("<x><y><*>"), "13<b><*>");
    assert!(known.check("<x>", "1").is_ok() && known.check("<x>", "2").is_err());
    assert!(known.check("<z>\\n", "line\n").is_ok() && known.check("b", "bc").is_err());
}
