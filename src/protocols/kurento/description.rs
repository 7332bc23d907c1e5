//! The server's candidates in a session description (SDP).
//!
//! Sources: RFC 8866, section 5.14; RFC 8839, section 5.1.

/// The most candidates that are sent to a client.
const MAX_CANDIDATES: usize = 16;

/// A candidate of the server.
#[derive(Debug, PartialEq, Eq)]
pub struct ServerCandidate {
    /// Index of the candidate's media section, from 0.
    pub index: u16,
    /// `mid` of the candidate's media section.
    pub mid: String,
    /// The text of the candidate: `RTCIceCandidate.candidate`.
    pub text: String,
}

/// The server's candidates in the first section that has any. The other sections share its transport.
pub fn candidates_in(description: &str) -> Vec<ServerCandidate> {
    let mut sections = description.split("\nm=").skip(1).zip(0..);
    let found = sections.find(|(section, _)| section.contains("\na=candidate:"));
    let Some((section, index)) = found else { return Vec::new() };
    let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default();
    let lines = section
        .lines()
        .filter_map(|line| line.strip_prefix("a="))
        .filter(|line| line.starts_with("candidate:"));
    let candidates =
        lines.map(|candidate| ServerCandidate { index, mid: mid.to_owned(), text: candidate.to_owned() });
    candidates.take(MAX_CANDIDATES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_from_the_first_section_that_has_any() {
        let description = "v=0\r\nm=audio 9 X 0\r\na=mid:a\r\nm=video 9 X 0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
                           a=mid:v\r\na=candidate:2 1 tcp 1 192.0.2.1 9 typ host\r\nm=audio 9 X 0\r\na=candidate:3\r\n";
        let found = candidates_in(description);
        let seen: Vec<_> = found.iter().map(|one| (one.index, one.mid.as_str(), &one.text[..15])).collect();
        assert_eq!(seen, [(1, "v", "candidate:1 1 u"), (1, "v", "candidate:2 1 t")]);
        assert_eq!(candidates_in("v=0\r\n"), []);
    }
}
