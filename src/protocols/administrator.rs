//! Requests of administrators: those from this machine, and those with the administrator's token.

use std::net::IpAddr;

use axum::http::{Extensions, HeaderMap, Uri, header};

use super::{http::bearer_token, options::Secret, proxies::PeerAddress};

/// Headers that show that a proxy forwarded the request.
const FORWARDED: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/// Whether a request comes from an administrator: from this machine, or with `token` as a bearer token.
pub fn is_administrator(headers: &HeaderMap, extensions: &Extensions, token: &Secret) -> bool {
    bearer_token(headers).is_some_and(|shown| token.is(shown)) || is_local(headers, extensions)
}

/// Whether a browser marks the request as caused by a page of another site, or as a prefetch. Neither is
/// intended by the user.
pub fn is_foreign_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
        || headers.contains_key("sec-purpose")
        || headers.contains_key("purpose")
}

/// Whether the request was sent on this machine, to this machine, without a proxy.
///
/// The `Host` header must name this machine too: proxies without headers of their own pass it on, and a page
/// whose name resolves to this machine (DNS rebinding) cannot change it.
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
    fn only_a_request_from_this_machine_to_this_machine_is_local() {
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
