//! Media types and content codings that a client accepts, and files it already has. Source: RFC 9110,
//! sections 12.5.1, 12.5.3 and 13.1.2.

use std::cmp::Ordering;

use axum::http::{HeaderMap, HeaderName, header};

/// The content coding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 7932: the smallest.
    Brotli,
    /// RFC 1952
    Gzip,
    /// No coding.
    Identity,
}

impl Coding {
    /// From the smallest to the largest: the order of preference where the client has none.
    const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// The suffix of a file's name in this coding.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// The name in `Content-Encoding`; `None` for no coding.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// True if `path` names the compressed twin of another file.
    pub fn is_twin(path: &str) -> bool {
        path.ends_with(Self::Brotli.suffix()) || path.ends_with(Self::Gzip.suffix())
    }
}

/// Reads the codings that the client accepts, the preferred one first.
pub fn accepted_codings(headers: &HeaderMap) -> Vec<Coding> {
    let listed: Vec<_> = list(headers, &header::ACCEPT_ENCODING).map(weighted).collect();
    let weight_of = |name: &str| {
        listed.iter().find(|(listed, _)| listed.eq_ignore_ascii_case(name)).map(|(_, weight)| *weight)
    };
    let mut accepted: Vec<_> = Coding::ALL
        .into_iter()
        .filter_map(|coding| {
            let named = weight_of(coding.name().unwrap_or("identity")).or_else(|| weight_of("*"));
            // Identity is accepted without being listed, but every listed coding is preferred.
            let default = u16::from(coding == Coding::Identity);
            Some((named.unwrap_or(default), coding)).filter(|(weight, _)| *weight > 0)
        })
        .collect();
    accepted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    accepted.into_iter().map(|(_, coding)| coding).collect()
}

/// Splits an entry into its name and its weight in thousandths; an invalid weight is 0.
fn weighted(entry: &str) -> (&str, u16) {
    let (name, parameters) = entry.split_once(';').unwrap_or((entry, "q=1"));
    let weight =
        parameters.trim().strip_prefix(['q', 'Q']).and_then(|rest| rest.trim_start().strip_prefix('='));
    (name.trim(), weight.and_then(thousandths).unwrap_or(0))
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// True if the client takes a page in HTML; a client that states no media type takes all.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    weight_of(headers, "text", "html").is_none_or(|(_, weight)| weight > 0.0)
}

/// True if the client names HTML, or `text/*`, and does not prefer JSON.
///
/// A browser does, whose user has typed an address; a program does not.
pub fn asks_for_html(headers: &HeaderMap) -> bool {
    let json = weight_of(headers, "application", "json").map_or(0.0, |(_, weight)| weight);
    weight_of(headers, "text", "html")
        .is_some_and(|(precision, weight)| precision > Precision::Any && weight > 0.0 && weight >= json)
}

/// How much of a media type a range names. The most precise range decides.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Precision {
    Any,
    Kind,
    Whole,
}

/// The weight of `kind/subtype`, from 0 to 1. `None` if the client states no media types at all.
///
/// Java's clients send `*; q=.2`. A weight that is no number does not lower the range: an error message
/// instead of the page helps no person.
fn weight_of(headers: &HeaderMap, kind: &str, subtype: &str) -> Option<(Precision, f32)> {
    let mut ranges = list(headers, &header::ACCEPT).peekable();
    ranges.peek()?;
    let weights = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?;
        let (main, sub) = if name == "*" { ("*", "*") } else { name.split_once('/')? };
        let precision = match (main, sub) {
            ("*", "*") => Precision::Any,
            (main, "*") if main.eq_ignore_ascii_case(kind) => Precision::Kind,
            (main, sub) if main.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => {
                Precision::Whole
            }
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('='));
        let weight =
            weight.and_then(|weight| weight.trim().parse().ok()).filter(|weight: &f32| !weight.is_nan());
        Some((precision, weight.unwrap_or(1.0).clamp(0.0, 1.0)))
    });
    let most_precise = weights.max_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
    Some(most_precise.unwrap_or((Precision::Any, 0.0)))
}

/// True if the client states that it has the file with this `tag`.
pub fn has_it_already(headers: &HeaderMap, tag: &str) -> bool {
    list(headers, &header::IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// The entries of a list header, which may span several lines.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Coding::*, *};

    fn accepted(value: &'static str) -> Vec<Coding> {
        accepted_codings(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]))
    }

    #[test]
    fn client_weights_decide_and_ties_go_to_the_smallest() {
        for (value, expected) in [
            ("gzip, deflate, br, zstd", vec![Brotli, Gzip, Identity]),
            ("GZIP", vec![Gzip, Identity]),
            ("gzip;q=1.0, br;q=0.5", vec![Gzip, Brotli, Identity]),
            ("br;q=0, gzip;q=0.001", vec![Gzip, Identity]),
            ("identity, gzip;q=0.999", vec![Identity, Gzip]),
            ("*", vec![Brotli, Gzip, Identity]),
            ("*;q=0.1, identity;q=0", vec![Brotli, Gzip]),
            ("gzip , *;q=0", vec![Gzip]),
            ("zstd", vec![Identity]),
            ("", vec![Identity]),
        ] {
            assert_eq!(accepted(value), expected, "{value}");
        }
        assert_eq!(accepted_codings(&HeaderMap::new()), [Identity]);
    }

    #[test]
    fn an_invalid_weight_rejects_the_coding() {
        for value in ["br;q=2", "br;q=-1", "br;q=", "br;q=0.0000", "br;q=1.5", "br;level=9", "br;q=NaN"] {
            assert_eq!(accepted(value), [Identity], "{value}");
        }
    }

    #[test]
    fn the_most_precise_media_range_decides_on_html() {
        for (value, accepts, asks) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true, true),
            ("TEXT/HTML", true, true),
            ("text/*;q=0.1", true, true),
            ("text/html;charset=utf-8;q=0.2", true, true),
            ("application/json;q=0.1, text/html;q=0.2", true, true),
            ("application/json, text/html;q=0.9", true, false),
            ("application/json, text/plain, */*", true, false),
            ("*/*", true, false),
            ("*", true, false),
            ("text/plain, *; q=.2, */*; q=.2", true, false),
            ("text/html;q=high", true, true),
            ("text/html ; Q = 0.5", true, true),
            ("", true, false),
            ("text/html;q=0, */*", false, false),
            ("*/*, text/*;q=0.000", false, false),
            ("*/*;q=0", false, false),
            ("application/json", false, false),
            ("text/htmlx, xtext/html, text/plain", false, false),
            ("text", false, false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
            assert_eq!((accepts_html(&headers), asks_for_html(&headers)), (accepts, asks), "{value}");
        }
        let mut lines = HeaderMap::from_iter([(header::ACCEPT, "*/*;q=0".parse().unwrap())]);
        lines.append(header::ACCEPT, "text/html".parse().unwrap());
        assert!(accepts_html(&lines), "several lines");
        assert!(accepts_html(&HeaderMap::new()) && !asks_for_html(&HeaderMap::new()));
    }

    #[test]
    fn a_tag_is_found_among_several_and_among_weak_tags() {
        for (value, expected) in
            [("\"a\"", true), ("\"x\", W/\"a\"", true), ("*", true), ("\"x\"", false), ("a", false)]
        {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
            assert_eq!(has_it_already(&headers, "\"a\""), expected, "{value}");
        }
    }
}
