//! Options of the signals door, with the names and the notation of its document: addresses like `:8080`,
//! times like `1m30s`.

use std::time::Duration;

use axum::http::HeaderValue;

use crate::protocols::{
    listen_address::OptionalListenAddress,
    options::{MAX_TIME, bounded, origin_text},
};

/// Units of time in nanoseconds. A name comes before its prefixes.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// The longest time in nanoseconds that the notation allows, about 292 years.
const MAX_NANOS: f64 = 9.223_372e18;

/// Options of the signals door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Signals door")]
pub struct Options {
    /// Additional address to listen on for clients, like :8080. Optional: every --listen address serves the
    /// signals door.
    #[arg(long, env = "SIGNALS_ADDR", value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    pub addr: OptionalListenAddress,

    /// Additional address to listen on for operators, like :8090. Optional: --ops-listen serves /healthz and
    /// /debug too.
    #[arg(
        long,
        env = "SIGNALS_HEALTHZ_ADDR",
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true
    )]
    pub healthz_addr: OptionalListenAddress,

    /// Web origin whose pages may use the signals door: one origin, or *. Every response names it;
    /// --cors-origins is for the other doors.
    #[arg(long, env = "SIGNALS_ORIGIN", value_name = "ORIGIN", default_value = "http://localhost:8080", value_parser = origin)]
    pub origin: HeaderValue,

    /// Number of seats in a call.
    #[arg(long, env = "SIGNALS_SEAT_COUNT", value_name = "NUMBER", default_value = "2", value_parser = seat_count)]
    pub seat_count: usize,

    /// How long a participant without a connection keeps the seat.
    #[arg(long, env = "SIGNALS_SEAT_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = some_time)]
    pub seat_timeout: Duration,

    /// How long a WebSocket may take from its request to its JOIN message; 0s: no limit.
    #[arg(long, env = "SIGNALS_WS_HANDSHAKE_TIMEOUT", value_name = "TIME", default_value = "15s", value_parser = time)]
    pub ws_handshake_timeout: Duration,

    /// How long an open WebSocket may take to send its JOIN message; 0s: no limit.
    #[arg(long, env = "SIGNALS_WS_JOIN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = time)]
    pub ws_join_timeout: Duration,

    /// Time between two pings on a WebSocket; at most half of --ws-read-timeout.
    #[arg(long, env = "SIGNALS_WS_PING_INTERVAL", value_name = "TIME", default_value = "5s", value_parser = some_time)]
    pub ws_ping_interval: Duration,

    /// How long a WebSocket may be silent before the connection counts as lost.
    #[arg(long, env = "SIGNALS_WS_READ_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = some_time)]
    pub ws_read_timeout: Duration,

    /// The largest body of an offer, an answer or a candidate, in bytes of JSON.
    #[arg(long, env = "SIGNALS_MAX_BODY", value_name = "BYTES", default_value = "65536", value_parser = max_body)]
    pub max_body: usize,
}

/// Parses one origin, or `*`. It is compared with what browsers send, so it has their form.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let origin = origin_text(text).filter(|origin| !origin.contains("://*"));
    let value = origin.and_then(|origin| HeaderValue::from_str(&origin).ok());
    value.ok_or_else(|| "an origin is like https://clinic.example, or *".into())
}

fn seat_count(text: &str) -> Result<usize, String> {
    bounded(text, 1, 1_000)
}

fn max_body(text: &str) -> Result<usize, String> {
    bounded(text, 1, 1024 * 1024)
}

fn some_time(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time.is_zero() { Err("must be longer than nothing".into()) } else { Ok(time) }
}

/// Parses a time in Go's notation that is not absurdly long.
fn time(text: &str) -> Result<Duration, String> {
    let time = go_time(text.trim())?;
    if time > MAX_TIME { Err("must be at most 168h, 7 days".into()) } else { Ok(time) }
}

/// Parses a time in Go's notation: `30s`, `1m30s`, `1.5h`, `250ms`, `0`.
fn go_time(text: &str) -> Result<Duration, String> {
    let nanos = if text == "0" { Some(0.0) } else { nanos(text) };
    let nanos = nanos.filter(|nanos| *nanos <= MAX_NANOS);
    let time = nanos.and_then(|nanos| Duration::try_from_secs_f64(nanos / 1e9).ok());
    time.ok_or_else(|| "a time is like 30s, 1m30s or 500ms".into())
}

fn nanos(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|digits| *digits > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| {
            let after = rest.strip_prefix(unit);
            after.is_some_and(|after| !after.starts_with(char::is_alphabetic))
        })?;
        sum += number * nanos;
        rest = &rest[unit.len()..];
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_notation_of_go() {
        for (text, millis) in [
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("1h0m0.5s", 3_600_500),
            ("250ms", 250),
            ("1500us", 1),
            ("1500µs", 1),
            ("0s", 0),
            ("0", 0),
            (".5s", 500),
        ] {
            assert_eq!(time(text).map(|time| time.as_millis()), Ok(millis), "{text}");
        }
        for text in ["", "30", "s", "-1s", "1 s", "1d", "1sec", "1e3s", "1.2.3s", "1s1", "169h", "9999999h"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(some_time("0s").is_err());
    }

    #[test]
    fn an_origin_has_the_form_that_browsers_send() {
        for (text, sent) in [
            ("*", "*"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("HTTPS://Clinic.Example/", "https://clinic.example"),
            ("https://clinic.example:443", "https://clinic.example"),
        ] {
            assert_eq!(origin(text).unwrap(), sent, "{text}");
        }
        for text in ["", "clinic.example", "https://", "https://a/b", "https://a\nb", "https://*.a.example"] {
            assert!(origin(text).is_err(), "{text}");
        }
    }
}
