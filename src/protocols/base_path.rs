//! The path prefix under which clients see the server.

use std::{fmt, str::FromStr, sync::Arc};

/// The prefix of all paths, as clients see them: `/visits`, or empty for none.
///
/// A proxy may strip it or pass it on. What the server tells clients (cookies, redirects, the page) has it in
/// both cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(Arc<str>);

impl BasePath {
    /// The path that clients use for `path`, which begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The part of `path` behind the prefix, with its slash. `None` if the prefix is empty or not there.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&*self.0).filter(|_| !self.0.is_empty())?;
        match rest {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BasePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.trim().trim_matches('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_segment = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
        if path.is_empty() {
            Ok(Self::default())
        } else if path.split('/').all(is_segment) {
            Ok(Self(format!("/{path}").into()))
        } else {
            Err(format!("{text}: is no path like /visits, of letters, digits, - . _ ~ and slashes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_written_with_or_without_slashes() {
        for text in ["/visits", "visits", "/visits/", " /visits "] {
            assert_eq!(text.parse::<BasePath>().unwrap().to_string(), "/visits", "{text}");
        }
        assert_eq!("/a/b-1.x_~/".parse::<BasePath>().unwrap().join("/room"), "/a/b-1.x_~/room");
        for none in ["", "/", "//"] {
            assert_eq!(none.parse(), Ok(BasePath::default()), "{none}");
        }
        for wrong in [
            "https://a.example/visits",
            "/a//b",
            "/a/../b",
            "/.",
            "/a b",
            "/é",
            "/%41",
            "/a?b",
            "/a;b",
            "/a\"b",
        ] {
            assert!(wrong.parse::<BasePath>().unwrap_err().starts_with(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_whole_segments_are_stripped() {
        let base: BasePath = "/visits".parse().unwrap();
        for (path, rest) in [
            ("/visits", Some("/")),
            ("/visits/", Some("/")),
            ("/visits/room/7", Some("/room/7")),
            ("/visits/visits", Some("/visits")),
            ("/visitsx", None),
            ("/room/visits", None),
            ("/", None),
        ] {
            assert_eq!(base.strip(path), rest, "{path}");
        }
        assert_eq!(BasePath::default().strip("/room/7"), None);
    }
}
