//! The two cookies of the direct door: who somebody is, for their page to read, and the secret that proves it.
//!
//! A name goes into its cookie as it is, but for `%` and what is not ASCII, which are percent-encoded: browsers do not
//! agree on what other bytes mean. Names come back in either form. Source: RFC 6265.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

use super::{session::Session, username::Username};

const USERNAME: &str = "user_username";
const SESSION: &str = "user_session";

/// What is percent-encoded in a name besides everything that is not ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Who a request says that it comes from. Proves nothing.
pub fn username(headers: &HeaderMap) -> Option<Username> {
    let value = values(headers, USERNAME).next()?;
    percent_decode(value).decode_utf8().ok()?.parse().ok()
}

/// The session that comes with a request and has this digest.
pub fn session(headers: &HeaderMap, digest: &str) -> Option<Session> {
    values(headers, SESSION)
        .filter_map(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .find(|session: &Session| session.digest() == digest)
}

/// Lets the page read its user's name for as long as the browser is open, as the original does.
pub fn keep_username(username: &Username) -> HeaderValue {
    let value = utf8_percent_encode(username.as_str(), ENCODED);
    text(&format!("{USERNAME}={value}; path=/"))
}

/// Has the browser, and no page, keep the session for `unused`. With `encrypted` it is never sent in the clear.
pub fn keep_session(session: &Session, unused: Duration, encrypted: bool) -> HeaderValue {
    // 0 would have it forgotten.
    let (value, seconds) = (session.as_str(), unused.as_secs().max(1));
    let secure = if encrypted { "; Secure" } else { "" };
    text(&format!("{SESSION}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"))
}

/// Has the browser forget both.
pub fn forget() -> [HeaderValue; 2] {
    [USERNAME, SESSION]
        .map(|name| text(&format!("{name}=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")))
}

fn text(cookie: &str) -> HeaderValue {
    HeaderValue::try_from(cookie).expect("no control characters are in there")
}

/// The values of all cookies called `name`.
fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    let pairs =
        headers.get_all(header::COOKIE).into_iter().flat_map(|value| value.as_bytes().split(|b| *b == b';'));
    pairs.filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        // Some clients put values into quotes, which no name can hold.
        Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn username_in(cookie: &[u8]) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(cookie).unwrap())]);
        username(&headers).map(|username| username.as_str().to_owned())
    }

    #[test]
    fn every_name_comes_back_from_its_cookie() {
        for name in ["ann", "Ann Lee", "100%", "%41", "a=b&c", "Zoë", "נועה", "👩\u{200d}⚕\u{fe0f}"]
        {
            let cookie = keep_username(&name.parse().unwrap());
            let value = cookie.to_str().unwrap().strip_suffix("; path=/").unwrap();
            assert!(value.is_ascii());
            assert_eq!(username_in(format!("other=1; {value}; more=2").as_bytes()).as_deref(), Some(name));
        }
        assert_eq!(keep_username(&"Ann Lee".parse().unwrap()), "user_username=Ann Lee; path=/");
    }

    #[test]
    fn names_are_read_however_a_client_writes_them() {
        for (cookie, name) in [
            ("user_username=ann".as_bytes(), Some("ann")),
            (b"a=b;user_username=ann;", Some("ann")),
            (b"user_username=\"ann\"", Some("ann")),
            ("user_username=Zoë".as_bytes(), Some("Zoë")),
            (b"user_username=100%", Some("100%")),
            (b"user_username=Zo\xeb", None),
            (b"user_username=", None),
            (b"user_username", None),
            (b"xuser_username=ann", None),
            (b"user_username2=ann", None),
        ] {
            assert_eq!(username_in(cookie).as_deref(), name, "{}", String::from_utf8_lossy(cookie));
        }
    }

    #[test]
    fn a_session_is_found_among_others_by_its_digest() {
        let (mine, other) = (Session::random(), Session::random());
        let cookie = format!("user_session={}; user_session={}", other.as_str(), mine.as_str());
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        assert_eq!(session(&headers, &mine.digest()).unwrap().as_str(), mine.as_str());
        assert!(session(&headers, &Session::random().digest()).is_none());
    }
}
