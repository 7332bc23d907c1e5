//! The identity of a peer connection in its session descriptions (SDP).

/// The session id in the `o=` line: constant in all offers of one `RTCPeerConnection`, different in every
/// other one.
///
/// Sources: RFC 8866, section 5.2; RFC 9429, section 5.2.1.
pub fn origin_of(description: &str) -> Option<Box<str>> {
    let origin = description.lines().find_map(|line| line.strip_prefix("o="))?;
    origin.split(' ').nth(1).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_identified_by_the_origin_of_its_offers() {
        let origin = |line: &str| origin_of(&format!("v=0\r\n{line}\r\ns=-\r\n"));
        assert_eq!(origin("o=- 46117 2 IN IP4 127.0.0.1").as_deref(), Some("46117"));
        assert_eq!(origin("o=- 46117 3 IN IP4 127.0.0.1"), origin("o=- 46117 2 IN IP4 127.0.0.1"));
        assert_eq!(origin("t=0 0"), None);
    }
}
