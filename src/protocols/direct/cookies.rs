//! The two cookies of the direct door: the name, which the page reads, and the session, which proves it.
//!
//! A name stands in its cookie as it is, except that `%` and characters outside ASCII are percent-encoded:
//! browsers differ in how they treat other bytes. Names are read in both forms. Source: RFC 6265.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, CookieBuilder, Expiration, SameSite, time::OffsetDateTime};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{session::NameSession, username::Username};
use crate::protocols::{
    base_path::BasePath,
    cookies::{set_cookie, values},
};

const USERNAME: &str = "user_username";
const SESSION: &str = "user_session";

/// ASCII characters of a name that are percent-encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The name in the cookie of a request. Proves nothing.
pub fn username(headers: &HeaderMap) -> Option<Username> {
    let value = values(headers, USERNAME).next()?;
    percent_decode_str(&value).decode_utf8().ok()?.parse().ok()
}

/// The session in the cookies of a request that has this digest.
pub fn session(headers: &HeaderMap, digest: &str) -> Option<NameSession> {
    let mut sessions = values(headers, SESSION).filter_map(|value| value.parse().ok());
    sessions.find(|session: &NameSession| session.digest() == digest)
}

/// Sets the cookie with the name until the browser is closed, readable by the page.
pub fn keep_username(username: &Username, base: &BasePath) -> HeaderValue {
    let value = utf8_percent_encode(username.as_str(), ENCODED).to_string();
    // In lower case, as the original writes it.
    set_cookie(&format!("{}; path={}", Cookie::new(USERNAME, value), path(base)))
}

/// Sets the cookie with the session for `lifetime`, hidden from the page. `encrypted`: for requests over TLS
/// only.
pub fn keep_session(
    session: &NameSession,
    lifetime: Duration,
    encrypted: bool,
    base: &BasePath,
) -> HeaderValue {
    // `Max-Age=0` deletes a cookie.
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX).max(1);
    let cookie = everywhere(SESSION, session.as_str(), base)
        .max_age(cookie::time::Duration::seconds(seconds))
        .http_only(true)
        .same_site(SameSite::Lax);
    set_cookie(&(if encrypted { cookie.secure(true) } else { cookie }).build())
}

/// Deletes both cookies.
pub fn forget(base: &BasePath) -> [HeaderValue; 2] {
    [USERNAME, SESSION].map(|name| {
        let cookie = everywhere(name, "", base).max_age(cookie::time::Duration::ZERO);
        set_cookie(&cookie.expires(Expiration::from(OffsetDateTime::UNIX_EPOCH)).build())
    })
}

fn everywhere<'a>(name: &'a str, value: &'a str, base: &BasePath) -> CookieBuilder<'a> {
    Cookie::build((name, value)).path(path(base))
}

/// The path of both cookies, which covers every path of the server.
fn path(base: &BasePath) -> String {
    if *base == BasePath::default() { "/".to_owned() } else { base.to_string() }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    fn username_in(cookie: &[u8]) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(cookie).unwrap())]);
        username(&headers).map(|username| username.as_str().to_owned())
    }

    #[test]
    fn every_name_survives_its_cookie() {
        for name in ["ann", "Ann Lee", "100%", "%41", "a=b&c", "Zoë", "נועה", "👩\u{200d}⚕\u{fe0f}"]
        {
            let cookie = keep_username(&name.parse().unwrap(), &BasePath::default());
            let value = cookie.to_str().unwrap().strip_suffix("; path=/").unwrap();
            assert!(value.is_ascii());
            assert_eq!(username_in(format!("other=1; {value}; more=2").as_bytes()).as_deref(), Some(name));
        }
        let name = "Ann Lee".parse().unwrap();
        assert_eq!(keep_username(&name, &BasePath::default()), "user_username=Ann Lee; path=/");
        assert_eq!(keep_username(&name, &"/visits".parse().unwrap()), "user_username=Ann Lee; path=/visits");
    }

    #[test]
    fn names_are_read_encoded_quoted_or_plain() {
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
        let (mine, other) = (NameSession::random(), NameSession::random());
        let cookie = format!("user_session={}; user_session={}", other.as_str(), mine.as_str());
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        assert_eq!(session(&headers, &mine.digest()).unwrap().as_str(), mine.as_str());
        assert!(session(&headers, &NameSession::random().digest()).is_none());
    }
}
