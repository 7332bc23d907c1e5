//! Web origins that may use the doors: the server's own origin, and the configured ones.

use axum::http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use tower_http::cors::{AllowCredentials, AllowHeaders, AllowOrigin, CorsLayer};

/// The web origins whose pages may use this server. A request without `Origin` comes from no page and is
/// allowed.
#[derive(Debug, Clone)]
pub struct AllowedOrigins {
    any: bool,
    listed: Vec<HeaderValue>,
}

impl AllowedOrigins {
    /// Allows `origins` (`https://clinic.example`; `*` for all) in addition to the server's own origin.
    pub fn new(origins: &[HeaderValue]) -> Self {
        Self { any: origins.iter().any(|origin| origin == "*"), listed: origins.to_vec() }
    }

    /// Whether the origin of a request with these headers is allowed.
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        headers.get(header::ORIGIN).is_none_or(|origin| self.lists(origin) || is_same_host(origin, headers))
    }

    /// The CORS headers for the allowed origins. Source: Fetch standard, "HTTP extensions".
    pub fn cors_layer(&self) -> CorsLayer {
        let origins = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, parts: &Parts| {
                origins.lists(origin) || is_same_host(origin, &parts.headers)
            }))
            .allow_methods([Method::GET, Method::POST, Method::PUT])
            .allow_headers(AllowHeaders::mirror_request())
            .max_age(std::time::Duration::from_hours(1))
    }

    /// As [`cors_layer`](Self::cors_layer), for a door that identifies users by cookies. Pages of listed
    /// origins may send cookies; pages that only `*` allows may not.
    pub fn cors_layer_with_cookies(&self) -> CorsLayer {
        let origins = self.clone();
        self.cors_layer().allow_credentials(AllowCredentials::predicate(move |origin, parts| {
            origins.listed.contains(origin) || is_same_host(origin, &parts.headers)
        }))
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        self.any || self.listed.contains(origin)
    }
}

/// The scheme is left out of the comparison: behind a proxy that ends TLS only the page knows it.
fn is_same_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let origin_host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin_host.is_some_and(|origin_host| host.is_some_and(|host| origin_host.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(listed: &[&'static str], origin: Option<&'static str>) -> bool {
        let listed: Vec<_> = listed.iter().map(|origin| HeaderValue::from_static(origin)).collect();
        let mut headers =
            HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("call.example:8080"))]);
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        AllowedOrigins::new(&listed).allows(&headers)
    }

    #[test]
    fn only_the_own_and_listed_origins_are_allowed() {
        assert!(allows(&[], None));
        assert!(allows(&[], Some("https://call.example:8080")));
        assert!(!allows(&[], Some("https://call.example")));
        assert!(!allows(&[], Some("null")));
        assert!(!allows(&[], Some("https://call.example:8080.evil.example")));
        assert!(allows(&["https://clinic.example"], Some("https://clinic.example")));
        assert!(!allows(&["https://clinic.example"], Some("http://clinic.example")));
        assert!(allows(&["*"], Some("null")));
    }
}
