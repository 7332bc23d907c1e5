//! Web origins that may use the doors: the server's own origin, and the configured ones.

use std::{
    net::Ipv6Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowOrigin, CorsLayer};
use tracing::warn;

use super::proxies::TrustedProxies;

/// The web origins whose pages may use this server. A request without `Origin` comes from no page and is
/// allowed.
#[derive(Debug, Clone)]
pub struct AllowedOrigins {
    any: bool,
    listed: Arc<[Listed]>,
    proxies: Arc<TrustedProxies>,
}

/// A page of this origin may not use this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginRefused;

#[derive(Debug)]
struct Listed {
    origin: WebOrigin,
    /// True for `https://*.clinic.example`: every name below that host.
    with_subdomains: bool,
}

/// A web origin in normal form. Source: RFC 6454, section 4.
#[derive(Debug, PartialEq, Eq)]
struct WebOrigin {
    scheme: String,
    host: String,
    port: u16,
}

impl AllowedOrigins {
    /// Allows `origins` (`https://clinic.example`, `https://*.clinic.example`, `*` for all) in addition to
    /// the server's own origin, as clients and `proxies` name it.
    pub fn new(origins: &[HeaderValue], proxies: Arc<TrustedProxies>) -> Self {
        let listed = origins.iter().filter_map(|origin| Listed::parse(origin.to_str().ok()?)).collect();
        Self { any: origins.iter().any(|origin| origin == "*"), listed, proxies }
    }

    /// Whether the page that sent a request is allowed.
    pub fn allows(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        self.any || self.names(origin, headers, extensions)
    }

    /// As [`allows`](Self::allows), for a request that is about to be served. Logs the first refusal with
    /// what was compared.
    ///
    /// # Errors
    /// The page is not allowed.
    pub fn check<B>(&self, request: &http::Request<B>) -> Result<(), OriginRefused> {
        let (headers, extensions) = (request.headers(), request.extensions());
        match headers.get(header::ORIGIN) {
            Some(origin) if !self.allows(headers, extensions) => {
                self.log_first_refusal(origin, headers, extensions);
                Err(OriginRefused)
            }
            _ => Ok(()),
        }
    }

    /// Adds the CORS headers for the allowed origins to `router`.
    ///
    /// Pages of the own and of listed origins may send credentials; pages that only `*` allows may not. A
    /// refused page may read its refusal, which holds nothing but the reason. Source: Fetch standard, "HTTP
    /// extensions".
    pub fn layer(&self, router: Router) -> Router {
        router.layer(self.cors()).layer(from_fn_with_state(self.clone(), make_refusal_readable))
    }

    fn cors(&self) -> CorsLayer {
        let (origins, with_credentials) = (self.clone(), self.clone());
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |_, parts: &Parts| {
                origins.allows(&parts.headers, &parts.extensions)
            }))
            .allow_credentials(AllowCredentials::predicate(move |origin, parts| {
                with_credentials.names(origin, &parts.headers, &parts.extensions)
            }))
            .allow_methods([Method::GET, Method::POST, Method::PUT])
            .allow_headers(AllowHeaders::mirror_request())
            .max_age(Duration::from_hours(1))
    }

    /// True for the server's own origin and the listed ones.
    fn names(&self, origin: &HeaderValue, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let Some(origin) = origin.to_str().ok().and_then(WebOrigin::parse) else { return false };
        self.listed.iter().any(|listed| listed.includes(&origin)) || self.is_own(&origin, headers, extensions)
    }

    /// The server's own origin has the host and the effective port of the request. Behind a proxy that ends
    /// TLS only the page and the proxy know the scheme, and with it the default port.
    fn is_own(&self, origin: &WebOrigin, headers: &HeaderMap, extensions: &Extensions) -> bool {
        let requested = self.proxies.requested(headers, extensions);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let Some(host) = requested.host.as_deref().or(host) else { return false };
        let scheme = requested.scheme.as_deref().unwrap_or(&origin.scheme);
        let Some((host, port)) = host_and_port(host) else { return false };
        let port = port.or(requested.port).or_else(|| default_port(scheme));
        normal_host(host) == origin.host && port == Some(origin.port)
    }

    fn log_first_refusal(&self, origin: &HeaderValue, headers: &HeaderMap, extensions: &Extensions) {
        static IS_TOLD: AtomicBool = AtomicBool::new(false);
        if IS_TOLD.swap(true, Ordering::Relaxed) {
            return;
        }
        let requested = self.proxies.requested(headers, extensions);
        warn!(
            ?origin,
            host = ?headers.get(header::HOST),
            proxy_says = ?requested,
            "a page of another origin was refused; if it is yours, add the origin to CORS_ORIGINS, or let the \
             proxy pass on the Host header with its port"
        );
    }
}

async fn make_refusal_readable(
    State(origins): State<AllowedOrigins>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN);
    let foreign = origin.filter(|_| !origins.allows(request.headers(), request.extensions())).cloned();
    let mut response = next.run(request).await;
    if let Some(origin) = foreign.filter(|_| response.status() == StatusCode::FORBIDDEN) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

impl Listed {
    fn parse(text: &str) -> Option<Self> {
        let with_subdomains = text.contains("://*.");
        let origin = WebOrigin::parse(&text.replacen("://*.", "://", 1))?;
        Some(Self { origin, with_subdomains })
    }

    fn includes(&self, origin: &WebOrigin) -> bool {
        if !self.with_subdomains {
            return self.origin == *origin;
        }
        let label = origin.host.strip_suffix(&self.origin.host).and_then(|label| label.strip_suffix('.'));
        let is_below = label.is_some_and(|label| !label.is_empty());
        is_below && (&self.origin.scheme, self.origin.port) == (&origin.scheme, origin.port)
    }
}

impl WebOrigin {
    /// Reads `scheme://host` and `scheme://host:port` of a scheme with a default port.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, (host, port)) = (scheme.to_ascii_lowercase(), host_and_port(rest)?);
        let port = port.or_else(|| default_port(&scheme))?;
        Some(Self { scheme, host: normal_host(host), port })
    }
}

/// A host in lower case, without a dot at its end, an IPv6 address in its shortest form.
///
/// Proxies change all of these.
fn normal_host(host: &str) -> String {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')?.parse::<Ipv6Addr>().ok());
    match address {
        Some(address) => format!("[{address}]"),
        None => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    }
}

/// Splits `host`, `host:` or `host:port`; an IPv6 address stands in brackets.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let end_of_host = text.find(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match text[end_of_host..].find(':').map(|colon| text.split_at(end_of_host + colon)) {
        Some((host, ":")) => (host, None),
        Some((host, port)) => (host, Some(port[1..].parse().ok()?)),
        None => (text, None),
    };
    (!host.is_empty()).then_some((host, port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::protocols::proxies::PeerAddress;

    fn request(lines: &[(&'static str, &'static str)]) -> Request<()> {
        let mut request = Request::new(());
        for (name, value) in lines {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        request.extensions_mut().insert(PeerAddress(SocketAddr::from(([127, 0, 0, 1], 1))));
        request
    }

    fn origins(listed: &[&'static str], proxies: &str) -> AllowedOrigins {
        let listed: Vec<_> = listed.iter().map(|origin| HeaderValue::from_static(origin)).collect();
        AllowedOrigins::new(&listed, Arc::new(proxies.parse().unwrap()))
    }

    #[test]
    fn the_own_origin_has_the_host_and_the_port_of_the_request() {
        for (host, origin, is_own) in [
            ("call.example:8080", "https://call.example:8080", true),
            ("call.example:8080", "http://CALL.example:8080", true),
            ("call.example", "https://call.example", true),
            ("call.example", "https://call.example:443", true),
            ("call.example:443", "https://call.example", true),
            ("call.example:80", "http://call.example", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("[::1]", "http://[::1]", true),
            ("[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080", true),
            ("[2001:DB8::0:1]", "https://[2001:db8::1]", true),
            ("call.example:", "https://call.example", true),
            ("call.example", "https://call.example.", true),
            ("CALL.example.:8080", "http://call.example:8080", true),
            ("call.example:", "https://call.example:8443", false),
            ("call.example:99999", "https://call.example", false),
            ("call.example..", "https://call.example", false),
            ("call.example:8080", "https://call.example", false),
            ("call.example", "https://call.example:8443", false),
            ("call.example:80", "https://call.example", false),
            ("call.example:8080", "https://call.example:8080.evil.example", false),
            ("call.example", "null", false),
            ("call.example", "file://", false),
            ("", "https://", false),
        ] {
            let allowed = origins(&[], "none").check(&request(&[("host", host), ("origin", origin)]));
            assert_eq!(allowed.is_ok(), is_own, "{host} {origin}");
        }
        assert_eq!(origins(&[], "none").check(&request(&[("host", "call.example")])), Ok(()), "no page");
    }

    #[test]
    fn a_trusted_proxy_tells_the_scheme_host_and_port_of_the_own_origin() {
        let page = ("origin", "https://call.example:8443");
        for lines in [
            &[("host", "call.example"), ("x-forwarded-port", "8443"), page][..],
            &[("host", "inner:8080"), ("x-forwarded-host", "call.example:8443"), page],
            &[("host", "inner:8080"), ("forwarded", "proto=https;host=\"call.example:8443\""), page],
            &[("host", "call.example"), ("x-forwarded-proto", "wss"), ("x-forwarded-port", "8443"), page],
        ] {
            assert!(origins(&[], "127.0.0.1").check(&request(lines)).is_ok(), "{lines:?}");
            assert!(origins(&[], "none").check(&request(lines)).is_err(), "{lines:?}");
        }
        let page = ("origin", "https://call.example");
        let of_web_sockets = [("host", "call.example"), ("x-forwarded-proto", "wss"), page];
        assert!(origins(&[], "127.0.0.1").check(&request(&of_web_sockets)).is_ok());
        let other_port = [("host", "call.example"), ("x-forwarded-proto", "http"), page];
        assert!(origins(&[], "127.0.0.1").check(&request(&other_port)).is_err());
    }

    #[test]
    fn listed_origins_are_allowed_with_subdomains_where_so_listed() {
        let allows = |listed: &[&'static str], origin| {
            origins(listed, "none").check(&request(&[("host", "call.example"), ("origin", origin)])).is_ok()
        };
        assert!(allows(&["https://clinic.example"], "https://clinic.example"));
        assert!(allows(&["HTTPS://Clinic.Example:443"], "https://clinic.example"));
        assert!(!allows(&["https://clinic.example"], "http://clinic.example"));
        assert!(!allows(&["https://clinic.example"], "https://a.clinic.example"));
        let below = &["https://*.clinic.example"];
        assert!(allows(below, "https://a.clinic.example") && allows(below, "https://b.a.clinic.example"));
        for other in ["https://clinic.example", "https://evilclinic.example", "http://a.clinic.example"] {
            assert!(!allows(below, other), "{other}");
        }
        assert!(!allows(below, "https://.clinic.example"));
        assert!(allows(&["*"], "null"));
    }
}
