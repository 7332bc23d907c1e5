//! Web origins in settings.

use std::str::FromStr;

use axum::http::HeaderValue;

use crate::protocols::options::origin_text;

/// A web origin in the form that browsers send, `https://*.clinic.example`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub HeaderValue);

/// Second labels under which registries of countries give names to anybody: `co.uk`.
const REGISTRIES: [&str; 8] = ["ac", "co", "com", "edu", "gov", "ne", "net", "org"];

impl Origin {
    /// True for the subdomains of a name that strangers have names below: `https://*.com`.
    pub(super) fn is_wide(&self) -> bool {
        let Some((_, name)) = self.0.to_str().ok().and_then(|text| text.split_once("://*.")) else {
            return false;
        };
        let name = name.split(':').next().unwrap_or(name);
        match name.split_once('.') {
            // Reserved for one machine or one site. Sources: RFC 6761, RFC 6762, ICANN (internal).
            None => !matches!(name, "localhost" | "local" | "internal" | "test"),
            Some((second, country)) => country.len() == 2 && REGISTRIES.contains(&second),
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = origin_text(text).and_then(|origin| HeaderValue::from_str(&origin).ok());
        value
            .map(Self)
            .ok_or_else(|| "an origin is like https://clinic.example, https://*.clinic.example, or *".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_of_strangers_are_wide() {
        let is_wide = |text: &str| text.parse::<Origin>().unwrap().is_wide();
        for text in ["https://*.com", "HTTPS://*.Example:8443", "https://*.co.uk", "https://*.com.au."] {
            assert!(is_wide(text), "{text}");
        }
        let narrow = [
            "https://*.clinic.example",
            "https://com",
            "http://*.localhost:3000",
            "https://*.co.clinic",
            "*",
        ];
        assert!(!narrow.into_iter().any(is_wide));
    }
}
