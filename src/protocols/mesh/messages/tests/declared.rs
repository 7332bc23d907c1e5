//! A type of the wire, as TypeScript declares it.

use ts_rs::{Config, TS};

/// A type's name, and its declaration in the form that the page's formatter gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    pub text: String,
}

impl Declared {
    pub fn of<T: TS>() -> Self {
        // No number on this wire is near 2^53, where JavaScript loses integers.
        let config = Config::new().with_large_int("number");
        let text = format!("{}export {}", T::docs().unwrap_or_default(), T::decl(&config));
        Self { name: T::name(&config), text: tidied(&text) }
    }

    /// True if a field of this type may be absent.
    pub fn is_optional(&self, field: &str) -> bool {
        let is_declared = |mark: &str| {
            self.text.lines().any(|line| line.trim_start().starts_with(&format!("{field}{mark}:")))
        };
        assert_ne!(is_declared(""), is_declared("?"), "{} has no field {field}: {}", self.name, self.text);
        is_declared("?")
    }
}

/// Declarations with a line for each field and each comment, semicolons and single quotes.
///
/// The library writes all in one line but for comments, which take three.
fn tidied(text: &str) -> String {
    let mut indent = "";
    let mut tidy = |line: &str| match line {
        "/**" => format!("{indent}/** "),
        "*/" => "*/\n".to_owned(),
        _ if line.starts_with("* ") => format!("{} ", &line[2..]),
        _ if line.ends_with('{') => {
            indent = "  ";
            format!("{line}\n")
        }
        _ if indent.is_empty() => format!("{}\n", alternatives(line)),
        _ => match line.strip_suffix(", };") {
            Some(last) => format!("{indent}{last};\n}};\n"),
            None => format!("{indent}{};\n", line.trim_end_matches(',')),
        },
    };
    text.lines().map(|line| tidy(line.trim())).collect()
}

/// A declaration with a line for each alternative, if there are any.
fn alternatives(line: &str) -> String {
    line.replace('"', "'").replace(" = '", " =\n  | '").replace("' | '", "'\n  | '")
}
