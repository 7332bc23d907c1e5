//! Web origins in settings.

use std::str::FromStr;

use axum::http::HeaderValue;

use crate::protocols::options::origin_text;

/// A web origin in the form that browsers send, `https://*.clinic.example`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = origin_text(text).and_then(|origin| HeaderValue::from_str(&origin).ok());
        value
            .map(Self)
            .ok_or_else(|| "an origin is like https://clinic.example, https://*.clinic.example, or *".into())
    }
}
