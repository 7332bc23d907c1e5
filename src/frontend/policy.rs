//! Security headers of the call page: what it may load and use, and which pages may frame it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// The page loads from its own server only, and has no inline scripts or styles.
///
/// `'self'` includes the server's `WebSocket`s, except in Safari before 16: there the call page stays with
/// long polling, and the demos of other doors do not connect. `wss:` would let a script send anything
/// anywhere. Source: Content Security Policy Level 3, "Does url match expression in origin".
const CONTENT: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; \
                       media-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; \
                       frame-ancestors 'self'";

/// The page may use the features that a call needs; no page may use the others.
///
/// In a frame, the surrounding page must allow these features too. Source: Permissions Policy.
const PERMISSIONS: &str = "autoplay=(self), camera=(self), clipboard-write=(self), display-capture=(self), \
                           fullscreen=(self), microphone=(self), picture-in-picture=(self), \
                           screen-wake-lock=(self), speaker-selection=(self), accelerometer=(), \
                           browsing-topics=(), clipboard-read=(), encrypted-media=(), \
                           geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), \
                           magnetometer=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), \
                           usb=(), xr-spatial-tracking=()";

/// The headers of every response with a file of the page.
pub struct Policy {
    headers: HeaderMap,
}

impl Policy {
    /// Lets pages of `frame_ancestors` and of the server itself show the page in a frame.
    pub fn new(frame_ancestors: &[HeaderValue]) -> Self {
        let ancestors = frame_ancestors.iter().filter_map(|origin| origin.to_str().ok());
        let content = ancestors
            .filter(|origin| !origin.is_empty())
            .fold(CONTENT.to_owned(), |content, origin| content + " " + origin);
        let content = HeaderValue::try_from(content).expect("made of headers' values");
        let headers = [
            (header::CONTENT_SECURITY_POLICY, content),
            (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        Self { headers: HeaderMap::from_iter(headers) }
    }

    /// Adds the headers to those of a response.
    pub fn write_to(&self, headers: &mut HeaderMap) {
        headers.extend(self.headers.clone());
    }
}
