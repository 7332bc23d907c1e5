//! By what a browser is known again whose page has lost its WebSocket and does not say which session it had.
//!
//! The original's page opens a new one and sends nothing but pings. The server gives each browser a cookie that no page
//! can read; the numbers of the requests, which go on counting, tell its tabs apart.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const NAME: &str = "kurento_browser";

const BYTES: usize = 16;

/// A browser, as one site's pages use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrowserId([u8; 32]);

impl BrowserId {
    /// Who opens a WebSocket with these headers, and the cookie that they are to keep if they have none.
    ///
    /// The page's origin is part of it: a page of another site, in the same browser, is somebody else.
    pub fn of(headers: &HeaderMap, encrypted: bool) -> (Self, Option<HeaderValue>) {
        let (secret, cookie) = match secret_in(headers) {
            Some(secret) => (secret, None),
            None => {
                let secret = new_secret();
                let cookie = cookie(&secret, encrypted);
                (secret, Some(cookie))
            }
        };
        let origin = headers.get(header::ORIGIN).map_or(&b""[..], HeaderValue::as_bytes);
        let digest = Sha256::new().chain_update(secret).chain_update([0]).chain_update(origin).finalize();
        (Self(digest.into()), cookie)
    }
}

fn secret_in(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let value = pair.trim().strip_prefix(NAME)?.strip_prefix('=')?;
        let is_ours = BASE64_URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == BYTES);
        is_ours.then(|| value.to_owned())
    })
}

fn new_secret() -> String {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).expect("the operating system has randomness");
    BASE64_URL_SAFE_NO_PAD.encode(random)
}

/// Kept until the browser is closed. With `encrypted` it is never sent in the clear.
fn cookie(secret: &str, encrypted: bool) -> HeaderValue {
    let secure = if encrypted { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{NAME}={secret}; Path=/room; HttpOnly; SameSite=Lax{secure}"))
        .expect("no control characters are in there")
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
    fn a_browser_is_known_by_its_cookie_and_its_pages_by_their_site() {
        let (here, there) = ("https://call.example", "https://other.example");
        let (first, cookie) = BrowserId::of(&headers(None, here), true);
        let cookie = cookie.unwrap();
        let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/room; HttpOnly; SameSite=Lax; Secure");
        let kept = format!("other=1; {pair}; more=2");
        assert_eq!(BrowserId::of(&headers(Some(&kept), here), true), (first.clone(), None));
        assert_ne!(BrowserId::of(&headers(Some(pair), there), true).0, first);
        assert_ne!(BrowserId::of(&headers(None, here), true).0, first);
        assert!(BrowserId::of(&headers(Some("kurento_browser=short"), here), false).1.is_some());
    }
}
