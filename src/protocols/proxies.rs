//! Trusted reverse proxies, and what they say of a request.
//!
//! They name the client's address, and the scheme, host and port that the client asked for.
//! Headers: `X-Forwarded-For`, `-Proto`, `-Host`, `-Port`, and `Forwarded` (RFC 7239). They count only in
//! requests of trusted proxies: every client can send them.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use http::{Extensions, HeaderMap};
use ipnet::IpNet;
use tracing::warn;

/// Remote address of a TCP connection. The listener adds it to the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// The networks of trusted proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// What a trusted proxy says of the address that the client asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requested {
    /// `http` or `https`, in lower case.
    pub scheme: Option<String>,
    /// Host, with a port if the client named one.
    pub host: Option<String>,
    /// Port of the proxy that the client connected to.
    pub port: Option<u16>,
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Parses a list of addresses and networks (`10.0.0.0/8`), separated by commas; `none` for an empty one.
    fn from_str(list: &str) -> Result<Self, String> {
        if list.trim().eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let networks: Vec<_> = entries.map(parse_network).collect::<Result<_, _>>()?;
        if networks.is_empty() { Err("no proxies are none".into()) } else { Ok(Self(networks)) }
    }
}

fn parse_network(entry: &str) -> Result<IpNet, String> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let network = bare.parse::<IpNet>().or_else(|_| bare.parse::<IpAddr>().map(IpNet::from));
    let network = network.map(canonical);
    match network {
        // What people write who mean every address; no connection comes from it.
        Ok(network)
            if network.addr().is_unspecified() && network.prefix_len() == network.max_prefix_len() =>
        {
            Err(format!("{entry} is no proxy's address"))
        }
        Ok(network) => Ok(network),
        Err(_) => Err(format!("{entry} is neither an address nor a network like 10.0.0.0/8, nor none")),
    }
}

/// The IPv4 network that a network of IPv4-mapped addresses stands for; other networks as they are.
fn canonical(network: IpNet) -> IpNet {
    /// The length of the prefix that all IPv4-mapped addresses share, in bits.
    const MAPPED: u8 = 96;
    let mapped = match network {
        IpNet::V6(network) => network.addr().to_ipv4_mapped().zip(network.prefix_len().checked_sub(MAPPED)),
        IpNet::V4(_) => None,
    };
    mapped.and_then(|(address, length)| IpNet::new(address.into(), length).ok()).unwrap_or(network)
}

impl TrustedProxies {
    /// The networks that hold addresses of strangers: wider than any that belongs to one owner.
    pub fn wide(&self) -> impl Iterator<Item = &IpNet> {
        // 10.0.0.0/8 and fc00::/7 are private.
        self.0.iter().filter(|network| network.prefix_len() < if network.addr().is_ipv4() { 8 } else { 7 })
    }

    /// Whether `address` is that of a trusted proxy.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client that sent a request; `None` without a [`PeerAddress`].
    ///
    /// It is the last proxy's own where that proxy names no readable one: what a client wrote is never
    /// believed.
    pub fn client_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<PeerAddress>()?.0.ip().to_canonical();
        if !self.contain(peer) {
            warn_of_untrusted(headers);
            return Some(peer);
        }
        // A proxy that knows only one of the two passes the other on as the client wrote it. Nearly all know
        // the older one.
        let hops = if headers.contains_key("x-forwarded-for") {
            hops(headers, "x-forwarded-for", ip_of)
        } else {
            hops(headers, "forwarded", |element| ip_of(parameter(element, "for")?))
        };
        Some(self.last_untrusted(peer, &hops))
    }

    /// What a trusted proxy says of the requested address; nothing if the request is not from one.
    pub fn requested(&self, headers: &HeaderMap, extensions: &Extensions) -> Requested {
        let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        if !peer.is_some_and(|peer| self.contain(peer)) {
            return Requested::default();
        }
        let element = self.element_of_the_client(headers);
        let forwarded = |name| element.and_then(|element| parameter(element, name));
        let scheme = last(headers, "x-forwarded-proto").or_else(|| forwarded("proto"));
        let host = last(headers, "x-forwarded-host").or_else(|| forwarded("host"));
        Requested {
            scheme: scheme.and_then(scheme_of_pages),
            host: host.map(str::to_owned),
            port: last(headers, "x-forwarded-port").and_then(|port| port.parse().ok()),
        }
    }

    /// The element of `Forwarded` about the client: the last one that a trusted proxy did not cause.
    fn element_of_the_client<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let mut of_client = None;
        for element in elements(headers, "forwarded").rev() {
            of_client = Some(element).filter(|element| !element.is_empty());
            let caller = parameter(element, "for").and_then(ip_of);
            if !caller.is_some_and(|caller| self.contain(caller)) {
                break;
            }
        }
        of_client
    }

    /// The last address that is not a proxy's, from the right: each proxy appends the address of its caller.
    fn last_untrusted(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
        let mut reporter = peer;
        for hop in hops.iter().rev() {
            match hop {
                Some(address) if self.contain(*address) => reporter = *address,
                Some(address) => return *address,
                None => break,
            }
        }
        reporter
    }
}

/// The entries of a list header, over all its lines, each read by `read`.
fn hops(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    elements(headers, name).map(read).collect()
}

/// The entries of a list header, over all its lines; empty ones for lines that are no text.
fn elements<'a>(headers: &'a HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or_default());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The last entry of a list header.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).into_iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|entry| !entry.is_empty())
}

/// The scheme of the page; some proxies state `wss` for a WebSocket, or another protocol than HTTP.
fn scheme_of_pages(stated: &str) -> Option<String> {
    match stated.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some("http".into()),
        "https" | "wss" => Some("https".into()),
        _ => None,
    }
}

/// A parameter of a `Forwarded` element, without quotes. Source: RFC 7239, section 4.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    let value = value.trim();
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, as an
/// IPv4 address where it stands for one.
fn ip_of(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// Logs once that a proxy is not trusted, or that a client pretends to be one.
fn warn_of_untrusted(headers: &HeaderMap) {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let is_proxied = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    if is_proxied && !IS_TOLD.swap(true, Ordering::Relaxed) {
        warn!(
            "a request with X-Forwarded-For or Forwarded came from an address that is not in TRUSTED_PROXIES: \
             if it is your proxy's, add it, or all clients behind it share one limit"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &str, lines: &[(&'static str, &str)]) -> (HeaderMap, Extensions) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
        (headers, extensions)
    }

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies: TrustedProxies = "127.0.0.1, 10.0.0.0/8, fd00::/8".parse().unwrap();
        let (headers, extensions) = request(peer, lines);
        proxies.client_address(&headers, &extensions).unwrap().to_string()
    }

    #[test]
    fn an_address_is_read_in_every_form_that_proxies_write() {
        for (written, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5555", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:5555", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("198.51.100.7,192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, 10.1.2.3, 127.0.0.1", "192.0.2.1"),
        ] {
            assert_eq!(client("::ffff:127.0.0.1", &[("x-forwarded-for", written)]), address, "{written}");
        }
        for (written, address) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("for=198.51.100.7, For=\"[2001:db8::1]:5555\";proto=https;by=10.0.0.1", "2001:db8::1"),
            ("for=unknown", "127.0.0.1"),
            ("for=_hidden", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
        ] {
            assert_eq!(client("127.0.0.1", &[("forwarded", written)]), address, "{written}");
        }
    }

    #[test]
    fn what_a_client_wrote_is_not_believed_behind_an_unreadable_entry() {
        for written in
            ["192.0.2.1, unknown", "192.0.2.1,", "192.0.2.1, 198.51.100.7:http", "192.0.2.1, \u{e9}"]
        {
            assert_eq!(client("127.0.0.1", &[("x-forwarded-for", written)]), "127.0.0.1", "{written}");
        }
        assert_eq!(client("127.0.0.1", &[("x-forwarded-for", "192.0.2.1, unknown, 10.1.2.3")]), "10.1.2.3");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        let lines = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")];
        assert_eq!(client("127.0.0.1", &lines), "192.0.2.2", "the last line is the proxy's");
        let lines = [("forwarded", "for=198.51.100.7"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client("127.0.0.1", &lines), "192.0.2.1");
        assert_eq!(client("203.0.113.5", &[("x-forwarded-for", "192.0.2.1")]), "203.0.113.5", "not trusted");
    }

    #[test]
    fn only_the_nearest_trusted_proxy_says_what_was_requested() {
        let proxies: TrustedProxies = "127.0.0.1".parse().unwrap();
        let requested = |peer, lines: &[(&'static str, &str)]| {
            let (headers, extensions) = request(peer, lines);
            let Requested { scheme, host, port } = proxies.requested(&headers, &extensions);
            (scheme.unwrap_or_default(), host.unwrap_or_default(), port)
        };
        let lines = [
            ("x-forwarded-proto", "http, HTTPS"),
            ("x-forwarded-host", "evil.example, a.example:8443"),
            ("x-forwarded-port", "8443"),
        ];
        assert_eq!(requested("127.0.0.1", &lines), ("https".into(), "a.example:8443".into(), Some(8443)));
        assert_eq!(requested("203.0.113.5", &lines), Default::default(), "not trusted");
        let lines = [("forwarded", "proto=http;host=evil.example, proto=https;host=\"a.example:8443\"")];
        assert_eq!(requested("127.0.0.1", &lines), ("https".into(), "a.example:8443".into(), None));
        let chain = "for=127.0.0.1;host=evil.example, FOR=192.0.2.1;Proto=HTTPS;host=a.example, \
                     for=\"127.0.0.1:99\";proto=http;host=inner";
        assert_eq!(
            requested("127.0.0.1", &[("forwarded", chain)]),
            ("https".into(), "a.example".into(), None)
        );
        for (stated, scheme) in [("wss", "https"), ("WS", "http"), ("h2", ""), ("https", "https")] {
            let lines = [("x-forwarded-proto", stated)];
            assert_eq!(requested("127.0.0.1", &lines), (scheme.into(), String::new(), None), "{stated}");
        }
    }

    #[test]
    fn proxies_are_addresses_networks_or_none() {
        let parse = |list: &str| list.parse::<TrustedProxies>();
        let contain = |list: &str, address: &str| parse(list).unwrap().contain(address.parse().unwrap());
        assert!(contain("10.0.0.0/8", "10.255.0.1") && !contain("10.0.0.0/8", "11.0.0.1"));
        assert!(contain("::ffff:192.0.2.1", "192.0.2.1") && contain("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(contain("fd00::/8,127.0.0.1", "fd12::1"));
        assert_eq!(parse("None").unwrap(), TrustedProxies::default());
        assert!(contain("::ffff:10.0.0.0/104", "10.1.2.3") && contain("[::1]", "::1"));
        for wrong in ["nginx", "10.0.0.0/33", "10.0.0.1:80", "0.0.0.0", "::"] {
            assert!(parse(wrong).unwrap_err().starts_with(wrong), "{wrong}");
        }
        assert!(parse(" , ").is_err());
        let wide = |list: &str| parse(list).unwrap().wide().count();
        assert_eq!(wide("0.0.0.0/0,::/0,128.0.0.0/1,::ffff:0:0/96,2000::/3"), 5);
        assert_eq!(wide("10.0.0.0/8,fc00::/7,127.0.0.1,173.245.48.0/20"), 0);
    }
}
