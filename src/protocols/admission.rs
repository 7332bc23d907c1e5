//! How much one client may ask of all doors together: token buckets for each address, one for sessions that are
//! opened and one for events.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{Extensions, HeaderMap};

/// How soon an emptied bucket is full again: an address may open its burst of sessions anew every ten seconds.
const REFILL: Duration = Duration::from_secs(10);

/// The address of the other end of a TCP connection; the listener puts it into every request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// Whom a request comes from, as far as limits go: an address, or a subscriber line's whole IPv6 network. By default
/// nobody known, who is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Client(Option<IpAddr>);

impl Client {
    /// Its address, or the lowest of its network.
    pub fn address(self) -> Option<IpAddr> {
        self.0
    }
}

/// How much one client may ask for. 0 stands for no limit.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// Sessions opened in one burst; as many again within ten seconds.
    pub sessions: u32,
    /// Events and other requests a second, with bursts of [`EVENT_BURST`] seconds' worth.
    pub events: u32,
}

/// For how many seconds a client that was quiet may do everything at once: a waiting room full of people behind one
/// address sets its calls up in the same moment.
pub const EVENT_BURST: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// Limits how fast one client opens sessions and sends events, at whatever door.
pub struct Admission {
    sessions: Option<DefaultKeyedRateLimiter<IpAddr>>,
    events: Option<DefaultKeyedRateLimiter<IpAddr>>,
    max_away: usize,
    trusted_proxies: Vec<IpAddr>,
}

impl Admission {
    /// Admits what `quotas` allow.
    ///
    /// `trusted_proxies` are believed when they say, in `X-Forwarded-For`, whom they speak for.
    pub fn new(quotas: Quotas, trusted_proxies: Vec<IpAddr>) -> Self {
        let sessions = NonZeroU32::new(quotas.sessions)
            .and_then(|burst| Some(Quota::with_period(REFILL / burst.get())?.allow_burst(burst)));
        let events = NonZeroU32::new(quotas.events)
            .map(|rate| Quota::per_second(rate).allow_burst(rate.saturating_mul(EVENT_BURST)));
        Self {
            sessions: sessions.map(RateLimiter::keyed),
            events: events.map(RateLimiter::keyed),
            max_away: if quotas.sessions == 0 { usize::MAX } else { quotas.sessions as usize },
            trusted_proxies,
        }
    }

    /// How many seats without a connection one client may hold: as many as it may open sessions at once.
    pub fn max_away(&self) -> usize {
        self.max_away
    }

    /// Whom a request comes from.
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Client {
        Client(self.address(headers, extensions).map(bucket))
    }

    /// Whether the client's own connection is encrypted, as a trusted proxy says (`X-Forwarded-Proto`).
    pub fn is_encrypted(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip().to_canonical());
        let schemes = headers.get_all("x-forwarded-proto").into_iter().next_back();
        let scheme = schemes.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        peer.is_some_and(|peer| self.trusted_proxies.contains(&peer))
            && scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
    }

    /// Whether the client may open a session now.
    pub fn admits_session(&self, client: Client) -> bool {
        admits(self.sessions.as_ref(), client)
    }

    /// Whether the client may send an event, or ask for anything else that costs work, now.
    pub fn admits_event(&self, client: Client) -> bool {
        admits(self.events.as_ref(), client)
    }

    /// Forgets addresses that have not asked for anything for a while. To be called now and then.
    pub fn forget_idle(&self) {
        for limiter in [&self.sessions, &self.events].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<PeerAddress>()?.0.ip().to_canonical();
        if !self.trusted_proxies.contains(&peer) {
            return Some(peer);
        }
        // The last proxy appends whom it was called by; whatever stands further left anybody may have written.
        let forwarded =
            headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let client = forwarded
            .flat_map(|value| value.split(','))
            .filter_map(|address| address.trim().parse::<IpAddr>().ok())
            .rfind(|address| !self.trusted_proxies.contains(address));
        Some(client.unwrap_or(peer))
    }
}

fn admits(limiter: Option<&DefaultKeyedRateLimiter<IpAddr>>, client: Client) -> bool {
    match (limiter, client.0) {
        (Some(limiter), Some(address)) => limiter.check_key(&address).is_ok(),
        _ => true,
    }
}

/// How often each client may do something that lasts, such as taking a name.
pub struct Allowance(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl Allowance {
    /// `times` in one burst, and as many again within `period`. 0 stands for no limit.
    pub fn new(times: u32, period: Duration) -> Self {
        let quota = NonZeroU32::new(times)
            .and_then(|burst| Some(Quota::with_period(period / burst.get())?.allow_burst(burst)));
        Self(quota.map(RateLimiter::keyed))
    }

    /// Whether the client may do it now.
    pub fn admits(&self, client: Client) -> bool {
        admits(self.0.as_ref(), client)
    }

    /// Forgets clients that have all of it again. To be called now and then.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// A subscriber line has a whole IPv6 /64 to itself; it is one client here.
fn bucket(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn request(peer: &str, forwarded: Option<&str>) -> (HeaderMap, Extensions) {
        let mut headers = HeaderMap::new();
        if let Some(forwarded) = forwarded {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
        (headers, extensions)
    }

    fn admission(sessions: u32, events: u32, trusted_proxies: Vec<IpAddr>) -> Admission {
        Admission::new(Quotas { sessions, events }, trusted_proxies)
    }

    fn admits(admission: &Admission, peer: &str, forwarded: Option<&str>) -> bool {
        let (headers, extensions) = request(peer, forwarded);
        admission.admits_session(admission.client(&headers, &extensions))
    }

    #[test]
    fn each_address_has_a_burst_of_its_own() {
        let limited = admission(2, 0, vec![]);
        let verdicts: Vec<_> = (0..3).map(|_| admits(&limited, "192.0.2.1", None)).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(admits(&limited, "192.0.2.2", None));
        assert!((0..9).all(|_| admits(&admission(0, 0, vec![]), "192.0.2.1", None)));
    }

    #[test]
    fn events_have_a_bucket_of_their_own() {
        let limited = admission(1, 2, vec![]);
        let (headers, extensions) = request("192.0.2.1", None);
        let client = limited.client(&headers, &extensions);
        assert!(limited.admits_session(client));
        let admitted = (0..100).take_while(|_| limited.admits_event(client)).count();
        assert_eq!(admitted, 2 * EVENT_BURST.get() as usize);
    }

    #[test]
    fn an_allowance_is_each_clients_own() {
        let allowance = Allowance::new(2, Duration::from_hours(1));
        let client = |address: &str| Client(address.parse().ok());
        let verdicts: Vec<_> = (0..3).map(|_| allowance.admits(client("192.0.2.1"))).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(allowance.admits(client("192.0.2.2")));
        assert!((0..9).all(|_| Allowance::new(0, Duration::from_hours(1)).admits(client("192.0.2.1"))));
    }

    #[test]
    fn encryption_is_what_the_nearest_trusted_proxy_says() {
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let encrypted = |peer: &str, scheme: Option<&'static str>| {
            let (mut headers, extensions) = request(peer, None);
            let name = HeaderName::from_static("x-forwarded-proto");
            headers.extend(scheme.map(|scheme| (name, HeaderValue::from_static(scheme))));
            admission(0, 0, vec![proxy]).is_encrypted(&headers, &extensions)
        };
        assert!(encrypted("127.0.0.1", Some("https")));
        assert!(encrypted("127.0.0.1", Some("http, HTTPS")));
        assert!(!encrypted("127.0.0.1", Some("https, http")));
        assert!(!encrypted("127.0.0.1", None));
        assert!(!encrypted("203.0.113.5", Some("https")), "not a proxy of ours");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_for_its_own_caller() {
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let limited = admission(1, 0, vec![proxy]);
        assert!(admits(&limited, "127.0.0.1", Some("192.0.2.1")));
        assert!(!admits(&limited, "127.0.0.1", Some("198.51.100.7, 192.0.2.1")), "a forged first entry");
        assert!(admits(&limited, "127.0.0.1", Some("192.0.2.9")));
        assert!(admits(&limited, "203.0.113.5", Some("192.0.2.50")));
        assert!(!admits(&limited, "203.0.113.5", Some("192.0.2.51")), "not a proxy of ours");
    }
}
