//! Rate limits by client address over all doors: one token bucket for new sessions and one for events.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{Extensions, HeaderMap, Request, StatusCode};

use super::http::EmptyRefusal;

/// Time in which an empty bucket of sessions is refilled.
const REFILL: Duration = Duration::from_secs(10);

/// Remote address of a TCP connection. The listener adds it to the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// Key of the rate limits: the IPv4 address of a client, or its IPv6 /64 network. The default has no address
/// and no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// The address, or the lowest address of the network.
    pub fn address(self) -> Option<IpAddr> {
        self.0
    }
}

/// Rates that one client may use. 0 means no limit.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// New sessions in one burst; the bucket refills within ten seconds.
    pub sessions: u32,
    /// Events and other requests per second; a burst may have [`EVENT_BURST`] times as many.
    pub events: u32,
}

/// Seconds of events that a quiet client may send in one burst.
///
/// Many people behind one address may set up their calls in the same moment.
pub const EVENT_BURST: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// The client has used up its rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyRequests;

/// Why a page may not open a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The page has an origin that is not allowed.
    ForeignOrigin,
    /// The client has used up its rate limit.
    TooManyRequests,
}

impl NotAdmitted {
    /// The refusal for `door`, if its refusals have no body.
    pub fn at(self, door: &'static str) -> EmptyRefusal {
        match self {
            Self::ForeignOrigin => EmptyRefusal::new(door, StatusCode::FORBIDDEN, "origin_not_allowed"),
            Self::TooManyRequests => {
                EmptyRefusal::new(door, StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
            }
        }
    }
}

/// Limits the rate at which one client opens sessions and sends events, over all doors.
pub struct Admission {
    sessions: AddressLimit,
    events: AddressLimit,
    max_away: usize,
    trusted_proxies: Vec<IpAddr>,
}

impl Admission {
    /// Creates the limits of `quotas`.
    ///
    /// `X-Forwarded-For` counts only in requests from `trusted_proxies`.
    pub fn new(quotas: Quotas, trusted_proxies: Vec<IpAddr>) -> Self {
        let events = NonZeroU32::new(quotas.events)
            .map(|rate| Quota::per_second(rate).allow_burst(rate.saturating_mul(EVENT_BURST)));
        Self {
            sessions: AddressLimit::new(quotas.sessions, REFILL),
            events: AddressLimit::of(events),
            max_away: if quotas.sessions == 0 { usize::MAX } else { quotas.sessions as usize },
            trusted_proxies,
        }
    }

    /// The most seats without a connection that one client may hold: the size of its burst of sessions.
    pub fn max_away(&self) -> usize {
        self.max_away
    }

    /// The client that a request comes from.
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> ClientAddress {
        ClientAddress(self.address(headers, extensions).map(bucket))
    }

    /// Whether the client's connection uses TLS, according to a trusted proxy (`X-Forwarded-Proto`).
    pub fn is_encrypted(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip().to_canonical());
        let schemes = headers.get_all("x-forwarded-proto").into_iter().next_back();
        let scheme = schemes.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        peer.is_some_and(|peer| self.trusted_proxies.contains(&peer))
            && scheme.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
    }

    /// Counts `request` as a new session. Returns the client that sent it.
    ///
    /// # Errors
    /// The client has no session left in its bucket.
    pub fn admit_session<B>(&self, request: &Request<B>) -> Result<ClientAddress, TooManyRequests> {
        let client = self.client(request.headers(), request.extensions());
        if self.admits_session(client) { Ok(client) } else { Err(TooManyRequests) }
    }

    /// Counts `request` as an event. Returns the client that sent it.
    ///
    /// # Errors
    /// The client has no event left in its bucket.
    pub fn admit_event<B>(&self, request: &Request<B>) -> Result<ClientAddress, TooManyRequests> {
        let client = self.client(request.headers(), request.extensions());
        if self.admits_event(client) { Ok(client) } else { Err(TooManyRequests) }
    }

    /// Whether the client may open a session now.
    pub fn admits_session(&self, client: ClientAddress) -> bool {
        self.sessions.admits(client)
    }

    /// Whether the client may send an event, or make another request that costs work, now.
    pub fn admits_event(&self, client: ClientAddress) -> bool {
        self.events.admits(client)
    }

    /// Drops the buckets of idle addresses. To be called about once a minute.
    pub fn forget_idle(&self) {
        self.sessions.forget_idle();
        self.events.forget_idle();
    }

    fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<PeerAddress>()?.0.ip().to_canonical();
        if !self.trusted_proxies.contains(&peer) {
            return Some(peer);
        }
        // Each proxy appends the address of its caller. Entries further left may be forged.
        let forwarded =
            headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let client = forwarded
            .flat_map(|value| value.split(','))
            .filter_map(|address| address.trim().parse::<IpAddr>().ok())
            .rfind(|address| !self.trusted_proxies.contains(address));
        Some(client.unwrap_or(peer))
    }
}

/// Rate limit by client address for one kind of action.
pub struct AddressLimit(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl AddressLimit {
    /// Allows `times` in one burst; the bucket refills within `period`. 0 means no limit.
    pub fn new(times: u32, period: Duration) -> Self {
        let quota = NonZeroU32::new(times)
            .and_then(|burst| Some(Quota::with_period(period / burst.get())?.allow_burst(burst)));
        Self::of(quota)
    }

    fn of(quota: Option<Quota>) -> Self {
        Self(quota.map(RateLimiter::keyed))
    }

    /// Counts an action of the client. Returns whether it is allowed.
    pub fn admits(&self, client: ClientAddress) -> bool {
        match (&self.0, client.0) {
            (Some(limiter), Some(address)) => limiter.check_key(&address).is_ok(),
            _ => true,
        }
    }

    /// Drops full buckets. To be called about once a minute.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// The key of an address. One subscriber has a whole IPv6 /64, so the network is the key.
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
    fn each_address_has_its_own_burst() {
        let limited = admission(2, 0, vec![]);
        let verdicts: Vec<_> = (0..3).map(|_| admits(&limited, "192.0.2.1", None)).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(admits(&limited, "192.0.2.2", None));
        assert!((0..9).all(|_| admits(&admission(0, 0, vec![]), "192.0.2.1", None)));
    }

    #[test]
    fn events_have_their_own_bucket() {
        let limited = admission(1, 2, vec![]);
        let (headers, extensions) = request("192.0.2.1", None);
        let client = limited.client(&headers, &extensions);
        assert!(limited.admits_session(client));
        let admitted = (0..100).take_while(|_| limited.admits_event(client)).count();
        assert_eq!(admitted, 2 * EVENT_BURST.get() as usize);
    }

    #[test]
    fn an_address_limit_counts_each_client_separately() {
        let limit = AddressLimit::new(2, Duration::from_hours(1));
        let client = |address: &str| ClientAddress(address.parse().ok());
        let verdicts: Vec<_> = (0..3).map(|_| limit.admits(client("192.0.2.1"))).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(limit.admits(client("192.0.2.2")));
        assert!((0..9).all(|_| AddressLimit::new(0, Duration::from_hours(1)).admits(client("192.0.2.1"))));
    }

    #[test]
    fn only_the_nearest_trusted_proxy_reports_encryption() {
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
        assert!(!encrypted("203.0.113.5", Some("https")), "not a trusted proxy");
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let limited = admission(1, 0, vec![proxy]);
        assert!(admits(&limited, "127.0.0.1", Some("192.0.2.1")));
        assert!(!admits(&limited, "127.0.0.1", Some("198.51.100.7, 192.0.2.1")), "a forged first entry");
        assert!(admits(&limited, "127.0.0.1", Some("192.0.2.9")));
        assert!(admits(&limited, "203.0.113.5", Some("192.0.2.50")));
        assert!(!admits(&limited, "203.0.113.5", Some("192.0.2.51")), "not a trusted proxy");
    }
}
