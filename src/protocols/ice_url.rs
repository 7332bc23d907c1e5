//! URLs of STUN and TURN servers, checked at start: a URL that browsers reject would break every call.

use std::net::Ipv6Addr;

/// A list of STUN or TURN URLs; empty when the option is not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IceUrls(pub Vec<String>);

impl IceUrls {
    /// Parses a list of `stun:host[:port]` and `stuns:host[:port]`, separated by commas. Source: RFC 7064.
    ///
    /// # Errors
    /// Names the invalid URL and gives a valid example.
    pub fn stun(list: &str) -> Result<Self, String> {
        Self::parse(list, |url| {
            let rest = url.strip_prefix("stun:").or_else(|| url.strip_prefix("stuns:"));
            rest.is_some_and(is_host_and_port).then_some(()).ok_or("stun:stun.your.server:3478")
        })
    }

    /// Parses a list of `turn:host[:port][?transport=udp|tcp]`, or the same with `turns:`, separated by
    /// commas. Source: RFC 7065.
    ///
    /// # Errors
    /// Names the invalid URL and gives a valid example.
    pub fn turn(list: &str) -> Result<Self, String> {
        Self::parse(list, |url| {
            let rest = url.strip_prefix("turn:").or_else(|| url.strip_prefix("turns:")).unwrap_or_default();
            let (server, query) = rest.split_once('?').unwrap_or((rest, "transport=udp"));
            let is_known = matches!(query, "transport=udp" | "transport=tcp");
            (is_known && is_host_and_port(server))
                .then_some(())
                .ok_or("turn:turn.your.server:3478 or turns:turn.your.server:5349?transport=tcp")
        })
    }

    fn parse(list: &str, check: impl Fn(&str) -> Result<(), &'static str>) -> Result<Self, String> {
        let urls = list.split(',').map(str::trim).filter(|url| !url.is_empty());
        let checked = urls.map(with_lower_case_words).map(|url| match check(&url) {
            Ok(()) => Ok(url),
            Err(example) => Err(format!("{url:?} is not an address like {example}")),
        });
        checked.collect::<Result<_, _>>().map(Self)
    }
}

/// Writes the scheme and the query of a URL as browsers compare them. Source: RFC 3986, section 3.1.
fn with_lower_case_words(url: &str) -> String {
    let (rest, query) = url.split_once('?').map_or((url, None), |(rest, query)| (rest, Some(query)));
    let (scheme, host) = rest.split_once(':').unwrap_or((rest, ""));
    let scheme = if host.is_empty() { scheme.to_owned() } else { scheme.to_ascii_lowercase() };
    let colon = if rest.contains(':') { ":" } else { "" };
    let query = query.map(|query| format!("?{}", query.to_ascii_lowercase())).unwrap_or_default();
    format!("{scheme}{colon}{host}{query}")
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("v6", port),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    is_host && is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_be_empty_and_keeps_its_urls_unchanged() {
        assert_eq!(IceUrls::stun(""), Ok(IceUrls::default()));
        let urls = [
            "turn:192.0.2.1",
            "turn:[2001:db8::1]:3478?transport=udp",
            "turns:turn.example:443?transport=tcp",
        ];
        assert_eq!(IceUrls::turn(&urls.join(" , ")).unwrap().0, urls);
        assert_eq!(
            IceUrls::turn("TURNS:A.example?Transport=TCP").unwrap().0,
            ["turns:A.example?transport=tcp"]
        );
        assert_eq!(IceUrls::stun("stun:a.example,stuns:b.example:5349,").unwrap().0.len(), 2);
    }

    #[test]
    fn a_url_that_browsers_reject_is_refused_with_an_example() {
        for url in [
            "stun://a.example",
            "a.example",
            "stun:",
            "stun:a:0",
            "stun:a:70000",
            "stun:a b",
            "turn:a",
            "stun:a?transport=udp",
        ] {
            assert!(IceUrls::stun(url).unwrap_err().contains("stun:stun.your.server:3478"), "{url}");
        }
        for url in [
            "turn:ann:pw@a.example",
            "turn:a?transport=sctp",
            "turn:a?",
            "turn:[::g]",
            "turn:2001:db8::1",
            "stun:a",
        ] {
            assert!(IceUrls::turn(url).unwrap_err().contains(url), "{url}");
        }
    }
}
