//! The path of a page, for which a room is claimed.

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::core::ports::record_store::MAX_RECORD_NAME_BYTES;

/// A page's path in normal form: without leading slashes, and without percent-encoding. It is decoded until
/// nothing changes, because the original client sends it encoded once in JSON, and twice in a query. The root
/// is `/`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UrlPath(Box<str>);

/// Why a text is not a [`UrlPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlPathError {
    /// The path is missing or empty.
    Missing,
    /// The path is longer than the name of a record.
    TooLong,
    /// The path is not UTF-8, or contains control characters.
    Forbidden,
}

impl UrlPath {
    /// Parses the `urlPath` of a query, with its slashes encoded or not.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn of_query(uri: &Uri) -> Result<Self, UrlPathError> {
        let parameters = uri.query().unwrap_or_default().split('&');
        let mut values = parameters.filter_map(|parameter| parameter.strip_prefix("urlPath="));
        Self::parse(values.next().ok_or(UrlPathError::Missing)?)
    }

    /// Parses a path as the client sent it.
    ///
    /// # Errors
    /// As [`UrlPathError`].
    pub fn parse(text: &str) -> Result<Self, UrlPathError> {
        if text.is_empty() {
            return Err(UrlPathError::Missing);
        }
        // One encoded byte takes three.
        if text.len() > 3 * MAX_RECORD_NAME_BYTES {
            return Err(UrlPathError::TooLong);
        }
        let path = decoded(text)?;
        if path.chars().any(char::is_control) {
            return Err(UrlPathError::Forbidden);
        }
        let path = path.trim_start_matches('/');
        if path.len() > MAX_RECORD_NAME_BYTES {
            return Err(UrlPathError::TooLong);
        }
        Ok(Self(if path.is_empty() { "/".into() } else { path.into() }))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn decoded(text: &str) -> Result<String, UrlPathError> {
    let mut text = text.to_owned();
    loop {
        let decoded = percent_decode_str(&text).decode_utf8().map_err(|_| UrlPathError::Forbidden)?;
        if decoded == text {
            return Ok(text);
        }
        text = decoded.into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_encodings_of_a_path_are_equal() {
        let path = UrlPath::parse("caf\u{e9}/7").ok();
        for query in ["/caf%C3%A9/7", "caf%C3%A9%2F7", "%2Fcaf%25C3%25A9%2F7&more=1", "//caf%c3%a9/7"] {
            let uri: Uri = format!("/getRoomId?before=0&urlPath={query}").parse().unwrap();
            assert!(UrlPath::of_query(&uri).ok() == path, "{query}");
        }
        for text in ["/caf%C3%A9/7", "/caf\u{e9}/7"] {
            assert!(UrlPath::parse(text).ok() == path, "{text}");
        }
        assert_eq!(UrlPath::parse("/").unwrap().as_str(), "/");
        assert_eq!(UrlPath::parse("/%2541").unwrap().as_str(), "A");
        assert_eq!(UrlPath::parse("/100%").unwrap().as_str(), "100%");
    }

    #[test]
    fn invalid_paths_are_refused_with_their_reason() {
        for (query, error) in [
            ("", UrlPathError::Missing),
            ("?", UrlPathError::Missing),
            ("?urlPath=", UrlPathError::Missing),
            ("?urlpath=x", UrlPathError::Missing),
            ("?urlPath=%ff", UrlPathError::Forbidden),
            ("?urlPath=a%2500", UrlPathError::Forbidden),
            (&format!("?urlPath={}", "x".repeat(1_025)), UrlPathError::TooLong),
        ] {
            let uri: Uri = format!("/getRoomId{query}").parse().unwrap();
            assert_eq!(UrlPath::of_query(&uri).err(), Some(error), "{query:.20}");
        }
    }
}
