//! Recognises a browser whose page opens a new WebSocket without naming its session.
//!
//! The original's page reconnects and sends only pings. A cookie that pages cannot read identifies the
//! browser. The request numbers, which continue on the new WebSocket, tell its tabs apart.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};

use crate::protocols::{
    base_path::BasePath,
    cookies::{set_cookie, values},
};

const NAME: &str = "kurento_browser";

const BYTES: usize = 16;

/// A browser, as used by the pages of one origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrowserId([u8; 32]);

impl BrowserId {
    /// Identifies the browser that sends `headers`, and makes the cookie for one that has none.
    ///
    /// The origin of the page is part of the identity: pages of two origins count as two browsers.
    pub fn of(headers: &HeaderMap, encrypted: bool, base: &BasePath) -> (Self, Option<HeaderValue>) {
        let (secret, cookie) = match secret_in(headers) {
            Some(secret) => (secret, None),
            None => {
                let secret = new_secret();
                let cookie = cookie(&secret, encrypted, base);
                (secret, Some(cookie))
            }
        };
        let origin = headers.get(header::ORIGIN).map_or(&b""[..], HeaderValue::as_bytes);
        let digest = Sha256::new().chain_update(secret).chain_update([0]).chain_update(origin).finalize();
        (Self(digest.into()), cookie)
    }
}

fn secret_in(headers: &HeaderMap) -> Option<String> {
    let is_secret =
        |value: &String| BASE64_URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == BYTES);
    values(headers, NAME).find(is_secret)
}

fn new_secret() -> String {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).expect("the operating system has randomness");
    BASE64_URL_SAFE_NO_PAD.encode(random)
}

/// Lasts until the browser is closed. `encrypted`: for requests over TLS only.
fn cookie(secret: &str, encrypted: bool, base: &BasePath) -> HeaderValue {
    let cookie = Cookie::build((NAME, secret)).path(base.join("/room"));
    let cookie = cookie.http_only(true).same_site(SameSite::Lax);
    set_cookie(&(if encrypted { cookie.secure(true) } else { cookie }).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: Option<&str>, origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_browser_is_identified_by_cookie_and_origin() {
        let (here, there) = ("https://call.example", "https://other.example");
        let base = "/visits".parse().unwrap();
        let (first, cookie) = BrowserId::of(&headers(None, here), true, &base);
        let cookie = cookie.unwrap();
        let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
        assert_eq!(attributes, "HttpOnly; SameSite=Lax; Secure; Path=/visits/room");
        let kept = format!("other=1; {pair}; more=2");
        assert_eq!(BrowserId::of(&headers(Some(&kept), here), true, &base), (first.clone(), None));
        assert_ne!(BrowserId::of(&headers(Some(pair), there), true, &base).0, first);
        assert_ne!(BrowserId::of(&headers(None, here), true, &base).0, first);
        assert!(BrowserId::of(&headers(Some("kurento_browser=short"), here), false, &base).1.is_some());
    }
}
