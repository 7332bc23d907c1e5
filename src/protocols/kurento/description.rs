//! What is read from descriptions (SDP): by what a client's connection is known, and where the server is.
//!
//! Source: RFC 8866, sections 5.2 and 5.14; RFC 8839, section 5.1.

/// The most candidates that are repeated to a client.
const MAX_CANDIDATES: usize = 16;

/// Where the server's end of a connection is.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The position of its media section, from 0.
    pub index: u16,
    /// The name of its media section.
    pub mid: String,
    /// Its `RTCIceCandidate.candidate`.
    pub text: String,
}

/// The number that stays the same in all offers of one `RTCPeerConnection`, and is another in each other one.
///
/// Source: RFC 9429, section 5.2.1.
pub fn origin_of(description: &str) -> Option<Box<str>> {
    let origin = description.lines().find_map(|line| line.strip_prefix("o="))?;
    origin.split(' ').nth(1).map(Into::into)
}

/// The server's candidates, those of the first section that has any: the others share its connection.
pub fn candidates_in(description: &str) -> Vec<Candidate> {
    let mut sections = description.split("\nm=").skip(1).zip(0..);
    let found = sections.find(|(section, _)| section.contains("\na=candidate:"));
    let Some((section, index)) = found else { return Vec::new() };
    let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default();
    let lines = section
        .lines()
        .filter_map(|line| line.strip_prefix("a="))
        .filter(|line| line.starts_with("candidate:"));
    let candidates =
        lines.map(|candidate| Candidate { index, mid: mid.to_owned(), text: candidate.to_owned() });
    candidates.take(MAX_CANDIDATES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_known_by_the_origin_of_its_offers() {
        let origin = |line: &str| origin_of(&format!("v=0\r\n{line}\r\ns=-\r\n"));
        assert_eq!(origin("o=- 46117 2 IN IP4 127.0.0.1").as_deref(), Some("46117"));
        assert_eq!(origin("o=- 46117 3 IN IP4 127.0.0.1"), origin("o=- 46117 2 IN IP4 127.0.0.1"));
        assert_eq!(origin("t=0 0"), None);
    }

    #[test]
    fn candidates_are_those_of_the_first_section_that_has_any() {
        let description = "v=0\r\nm=audio 9 X 0\r\na=mid:a\r\nm=video 9 X 0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
                           a=mid:v\r\na=candidate:2 1 tcp 1 192.0.2.1 9 typ host\r\nm=audio 9 X 0\r\na=candidate:3\r\n";
        let found = candidates_in(description);
        let seen: Vec<_> = found.iter().map(|one| (one.index, one.mid.as_str(), &one.text[..15])).collect();
        assert_eq!(seen, [(1, "v", "candidate:1 1 u"), (1, "v", "candidate:2 1 t")]);
        assert_eq!(candidates_in("v=0\r\n"), []);
    }
}
