//! Who is an administrator: somebody on this machine itself, and whoever has the token.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap, Uri, header};

use super::{admission::PeerAddress, options::Secret};

/// What tells that a request was passed on by a proxy.
const FORWARDED: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// Whether a request is an administrator's: made on this machine, or with `token` as a bearer token.
pub fn is_administrator(headers: &HeaderMap, extensions: &Extensions, token: &Secret) -> bool {
    bearer(headers).is_some_and(|shown| token.is(shown)) || is_local(headers, extensions)
}

/// Whether a browser says that the page of another site makes a request, or that it fetches ahead of its user: in neither
/// case has anybody meant it.
pub fn is_foreign_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
        || headers.contains_key("sec-purpose")
        || headers.contains_key("purpose")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the request was made on this machine, to this machine, with no proxy in between.
///
/// The name that was asked for counts as well: a proxy that says nothing of itself still passes it on, and a page that
/// has its own name resolved to this machine cannot hide it.
fn is_local(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let from_here =
        extensions.get::<PeerAddress>().is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    from_here
        && host.is_some_and(names_this_machine)
        && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

fn names_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Uri>() else { return false };
    let Some(name) = authority.host() else { return false };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_local_request(peer: &str, lines: &[(&'static str, &'static str)]) -> bool {
        let lines =
            lines.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(peer.parse().unwrap()));
        is_local(&lines.collect(), &extensions)
    }

    #[test]
    fn only_what_was_asked_on_this_machine_itself_is_local() {
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"] {
            assert!(is_local_request("127.0.0.1:9", &[("host", host)]), "{host}");
            assert!(is_local_request("[::1]:9", &[("host", host)]), "{host}");
            assert!(!is_local_request("192.0.2.1:9", &[("host", host)]), "{host}");
        }
        for host in ["call.example", "localhost.example", "127.0.0.1.example", "192.0.2.1", "a b", ""] {
            assert!(!is_local_request("127.0.0.1:9", &[("host", host)]), "{host}");
        }
        assert!(!is_local_request("127.0.0.1:9", &[]));
        for name in FORWARDED {
            assert!(!is_local_request("127.0.0.1:9", &[("host", "localhost"), (name, "x")]), "{name}");
        }
    }
}
