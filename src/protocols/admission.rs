//! Rate limits by client address over all doors: one token bucket for new sessions and one for events.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{Extensions, HeaderMap, Request, StatusCode};

use super::http::EmptyRefusal;

use super::proxies::TrustedProxies;

/// Time in which an empty bucket of sessions is refilled.
const REFILL: Duration = Duration::from_secs(10);

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
    proxies: Arc<TrustedProxies>,
}

impl Admission {
    /// Creates the limits of `quotas`, by the addresses of clients behind `proxies`.
    pub fn new(quotas: Quotas, proxies: Arc<TrustedProxies>) -> Self {
        let events = NonZeroU32::new(quotas.events)
            .map(|rate| Quota::per_second(rate).allow_burst(rate.saturating_mul(EVENT_BURST)));
        Self {
            sessions: AddressLimit::new(quotas.sessions, REFILL),
            events: AddressLimit::of(events),
            max_away: if quotas.sessions == 0 { usize::MAX } else { quotas.sessions as usize },
            proxies,
        }
    }

    /// The most seats without a connection that one client may hold: the size of its burst of sessions.
    pub fn max_away(&self) -> usize {
        self.max_away
    }

    /// The client that a request comes from.
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> ClientAddress {
        ClientAddress(self.proxies.client_address(headers, extensions).map(bucket))
    }

    /// Whether the client's connection uses TLS, according to a trusted proxy.
    pub fn is_encrypted(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        self.proxies.requested(headers, extensions).scheme.is_some_and(|scheme| scheme == "https")
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
    use std::net::SocketAddr;

    use super::*;
    use crate::protocols::proxies::PeerAddress;

    fn client(admission: &Admission, peer: &str) -> ClientAddress {
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
        admission.client(&HeaderMap::new(), &extensions)
    }

    fn admission(sessions: u32, events: u32) -> Admission {
        Admission::new(Quotas { sessions, events }, Arc::default())
    }

    fn admits(admission: &Admission, peer: &str) -> bool {
        admission.admits_session(client(admission, peer))
    }

    #[test]
    fn each_address_has_its_own_burst() {
        let limited = admission(2, 0);
        let verdicts: Vec<_> = (0..3).map(|_| admits(&limited, "192.0.2.1")).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(admits(&limited, "192.0.2.2"));
        assert!((0..9).all(|_| admits(&admission(0, 0), "192.0.2.1")));
    }

    #[test]
    fn events_have_their_own_bucket() {
        let limited = admission(1, 2);
        let client = client(&limited, "192.0.2.1");
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
}
