//! Reading cookies from requests, and writing them into responses. Source: RFC 6265.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::Cookie;

/// The values of all cookies called `name`, in the order of the request, without surrounding quotes.
///
/// A value that is not UTF-8 is left out.
pub fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = String> + use<'a> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines.flat_map(move |line| {
        let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
        let cookies = Cookie::split_parse(line).filter_map(Result::ok);
        cookies.filter(move |cookie| cookie.name() == name).filter_map(|cookie| {
            let value = cookie.value_trimmed();
            (!value.contains(char::REPLACEMENT_CHARACTER)).then(|| value.to_owned())
        })
    })
}

/// The value of a `Set-Cookie` header.
///
/// # Panics
/// The cookie contains control characters. The doors write only encoded or checked values.
pub fn set_cookie(cookie: &impl ToString) -> HeaderValue {
    HeaderValue::try_from(cookie.to_string()).expect("the cookie contains no control characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values_in(line: &[u8]) -> Vec<String> {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(line).unwrap())]);
        values(&headers, "id").collect()
    }

    #[test]
    fn every_cookie_of_the_name_is_found_in_order() {
        assert_eq!(values_in(b"id=1; other=2;id=\"3\"; xid=4; id2=5; id"), ["1", "3"]);
        assert_eq!(values_in("id=Zoë".as_bytes()), ["Zoë"]);
    }

    #[test]
    fn a_value_that_is_not_utf8_hides_no_other_cookie() {
        assert_eq!(values_in(b"id=\xeb; id=1"), ["1"]);
    }
}
