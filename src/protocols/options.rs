//! Value types of options: secrets and times.

use std::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::weak_secret::{Weakness, weakness_of};

/// Text that must not be printed. Empty when the option is not set.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, if the option is set.
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Whether the secret is set and equals `offered`. Runs in constant time for texts of one length.
    pub fn is(&self, offered: &str) -> bool {
        // The time of the comparison reveals digests only, which a client cannot choose.
        self.reveal().is_some_and(|secret| Sha256::digest(secret) == Sha256::digest(offered))
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(not set)" } else { "Secret(…)" })
    }
}

/// Parses a secret that cannot be guessed; empty for none.
///
/// # Errors
/// The secret is weak.
pub fn strong_secret(text: &str) -> Result<Secret, Weakness> {
    let Ok(secret) = text.parse::<Secret>();
    secret.reveal().and_then(weakness_of).map_or(Ok(secret.clone()), Err)
}

/// The longest lease, grace or time-out. A longer one would never be seen to end.
pub const MAX_TIME: Duration = Duration::from_hours(7 * 24);

/// The longest lifetime of what the store keeps: ten years.
const MAX_LIFETIME: Duration = Duration::from_hours(3_650 * 24);

/// The largest number of a limit. A larger one limits nothing.
const MAX_COUNT: usize = 1_000_000;

/// Parses the URL of a Redis, or the `host:port` that the original signals server takes.
///
/// # Errors
/// Never: connecting tells what is wrong, without the password.
pub fn redis_url(text: &str) -> Result<Secret, Infallible> {
    let text = text.trim();
    if text.is_empty() || text.contains("://") {
        return text.parse();
    }
    let host = if text.starts_with(':') { "localhost" } else { "" };
    format!("redis://{host}{text}").parse()
}

/// Parses a time of more than zero, such as `30s` or `500ms`.
///
/// # Errors
/// A message for the administrator.
pub fn duration(text: &str) -> Result<Duration, String> {
    time_up_to(text, MAX_TIME, "7d")
}

/// Parses the lifetime of what the store keeps, such as `12h` or `30d`.
///
/// # Errors
/// A message for the administrator.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    time_up_to(text, MAX_LIFETIME, "3650d")
}

/// Parses a time of at least one second, for values that the protocol has in whole seconds.
///
/// # Errors
/// A message for the administrator.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.as_secs() == 0 { Err("must be at least 1s".into()) } else { Ok(duration) }
}

fn time_up_to(text: &str, most: Duration, name_of_most: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text.trim());
    let duration = parsed.map_err(|_| "a time is like 30s, 500ms or 2m".to_owned())?;
    match duration {
        Duration::ZERO => Err("must be longer than nothing".into()),
        duration if duration > most => Err(format!("must be at most {name_of_most}")),
        duration => Ok(duration),
    }
}

/// Parses `true` or `false`, also as yes and no, on and off, 1 and 0.
///
/// # Errors
/// A message for the administrator.
pub fn truth(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

/// Parses a limit of at least one.
///
/// # Errors
/// A message for the administrator.
pub fn count(text: &str) -> Result<usize, String> {
    bounded(text, 1, MAX_COUNT)
}

/// Parses a number in a range.
///
/// # Errors
/// A message for the administrator.
pub fn bounded(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("must be a number from {least} to {most}"))
}

/// Parses a web origin into the form that browsers send: `https://clinic.example`; also
/// `https://*.clinic.example`, and `*`. Source: RFC 6454, section 6.2.
pub fn origin_text(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if text == "*" {
        return Some(text);
    }
    let (scheme, host) = text.strip_suffix('/').unwrap_or(&text).split_once("://")?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let (any, name) = host.strip_prefix("*.").map_or(("", host), |name| ("*.", name));
    let (name, port) = name.rsplit_once(':').filter(|_| !name.ends_with(']')).unwrap_or((name, "1"));
    let is_valid = is_host(name, !any.is_empty()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_valid.then(|| format!("{scheme}://{host}"))
}

/// Whether `text` is a name, or an address if `has_subdomains` is false: addresses have none.
fn is_host(text: &str, has_subdomains: bool) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return !has_subdomains && address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !label.is_empty() && label.len() < 64 && label.chars().all(is_part)
    };
    let is_address = text.parse::<Ipv4Addr>().is_ok();
    text.split('.').all(is_label) && !(is_address && has_subdomains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_secret_matches_no_text() {
        let secret: Secret = " sesame ".parse().unwrap();
        assert!(secret.is("sesame") && !secret.is("Sesame") && !secret.is(""));
        assert!(!"".parse::<Secret>().unwrap().is(""));
    }

    #[test]
    fn an_address_of_the_original_signals_server_is_a_redis_url() {
        for (text, url) in [
            ("localhost:6379", Some("redis://localhost:6379")),
            (":6379", Some("redis://localhost:6379")),
            ("rediss://:p@db/1", Some("rediss://:p@db/1")),
            (" ", None),
        ] {
            let Ok(secret) = redis_url(text);
            assert_eq!(secret.reveal(), url, "{text}");
        }
    }

    #[test]
    fn an_origin_is_read_into_the_form_that_browsers_send() {
        for (text, sent) in [
            (" HTTPS://Clinic.Example/ ", "https://clinic.example"),
            ("https://clinic.example:443", "https://clinic.example"),
            ("http://clinic.example:80", "http://clinic.example"),
            ("http://clinic.example:443", "http://clinic.example:443"),
            ("https://*.clinic.example:8443", "https://*.clinic.example:8443"),
            ("http://[::1]:5173", "http://[::1]:5173"),
            ("http://10.0.0.1", "http://10.0.0.1"),
            ("*", "*"),
        ] {
            assert_eq!(origin_text(text).as_deref(), Some(sent), "{text}");
        }
        for text in [
            "clinic.example",
            "ftp://clinic.example",
            "https://*",
            "https://a.*.example",
            "https://*.*.example",
            "https://*.10.0.0.1",
            "https://*.[::1]",
            "https://a..example",
            "https://a.example:0",
            "https://a.example:",
            "https://ann@a.example",
            "https://a.example/x",
            "https://a.example?x",
            "https://[a]",
            "null",
        ] {
            assert_eq!(origin_text(text), None, "{text}");
        }
    }

    #[test]
    fn times_and_numbers_have_useful_bounds() {
        assert_eq!(duration(" 2m").unwrap(), Duration::from_mins(2));
        assert_eq!(lifetime("90d").unwrap(), Duration::from_hours(90 * 24));
        for text in ["0s", "30", "8d", "1000years", "-1s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(seconds("900ms").is_err() && lifetime("11years").is_err());
        assert!(count("0").is_err() && count("-1").is_err() && count("18446744073709551615").is_err());
        assert_eq!(count("1"), Ok(1));
    }
}
