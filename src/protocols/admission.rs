//! Who may open a new session, and how often: a token bucket for each client address.

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

/// Limits how fast one client address opens sessions.
pub struct Admission {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    trusted_proxies: Vec<IpAddr>,
}

impl Admission {
    /// Admits bursts of `burst` new sessions from an address; 0 admits everything.
    ///
    /// `trusted_proxies` are believed when they say, in `X-Forwarded-For`, whom they speak for.
    pub fn new(burst: u32, trusted_proxies: Vec<IpAddr>) -> Self {
        let quota = NonZeroU32::new(burst)
            .and_then(|burst| Some(Quota::with_period(REFILL / burst.get())?.allow_burst(burst)));
        Self { limiter: quota.map(RateLimiter::keyed), trusted_proxies }
    }

    /// Whether the sender of a request may open a session now.
    pub fn admits(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let (Some(limiter), Some(address)) = (&self.limiter, self.client(headers, extensions)) else {
            return true;
        };
        limiter.check_key(&bucket(address)).is_ok()
    }

    /// Forgets addresses that have not opened anything for a while. To be called now and then.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
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

/// A subscriber line has a whole IPv6 /64 to itself; it is one client here.
fn bucket(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
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

    fn admits(admission: &Admission, peer: &str, forwarded: Option<&str>) -> bool {
        let (headers, extensions) = request(peer, forwarded);
        admission.admits(&headers, &extensions)
    }

    #[test]
    fn each_address_has_a_burst_of_its_own() {
        let admission = Admission::new(2, vec![]);
        let verdicts: Vec<_> = (0..3).map(|_| admits(&admission, "192.0.2.1", None)).collect();
        assert_eq!(verdicts, [true, true, false]);
        assert!(admits(&admission, "192.0.2.2", None));
        assert!((0..9).all(|_| admits(&Admission::new(0, vec![]), "192.0.2.1", None)));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_for_its_own_caller() {
        let proxy: IpAddr = "127.0.0.1".parse().unwrap();
        let admission = Admission::new(1, vec![proxy]);
        assert!(admits(&admission, "127.0.0.1", Some("192.0.2.1")));
        assert!(!admits(&admission, "127.0.0.1", Some("198.51.100.7, 192.0.2.1")), "a forged first entry");
        assert!(admits(&admission, "127.0.0.1", Some("192.0.2.9")));
        assert!(admits(&admission, "203.0.113.5", Some("192.0.2.50")));
        assert!(!admits(&admission, "203.0.113.5", Some("192.0.2.51")), "not a proxy of ours");
    }
}
