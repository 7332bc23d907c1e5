//! Changes descriptions before the library reads an offer and after it writes an answer. Works on lines, and
//! keeps lines that it does not know. Source: RFC 8866, RFC 8829.

use std::fmt::Write;

use str0m::media::MediaKind;

use super::limits::{MAX_DESCRIPTION_BYTES, MAX_SECTIONS};
use crate::media::DescriptionError;

/// The allowed direction of a client's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Send only.
    Send,
    /// Receive only.
    Receive,
    /// Both, as it offers.
    Both,
}

/// Checks the size of a description.
///
/// # Errors
///
/// [`DescriptionError::TooLong`], [`DescriptionError::TooManySections`].
pub fn check_size(description: &str) -> Result<(), DescriptionError> {
    if description.len() > MAX_DESCRIPTION_BYTES {
        return Err(DescriptionError::TooLong);
    }
    if description.lines().filter(|line| line.starts_with("m=")).count() > MAX_SECTIONS {
        return Err(DescriptionError::TooManySections);
    }
    Ok(())
}

/// The `a=mid` of each media section, in order.
pub fn mids(description: &str) -> impl Iterator<Item = &str> {
    description.lines().filter_map(|line| line.strip_prefix("a=mid:")).map(str::trim)
}

/// Reduces an offer to the direction `way`; an answer to the result also fits the original.
pub fn narrow(offer: &str, way: Way) -> String {
    if way == Way::Both {
        return offer.to_owned();
    }
    let mut narrowed = String::with_capacity(offer.len() + 64);
    // The direction of a section without an attribute. Source: RFC 8866, section 6.7.
    let mut default = "sendrecv";
    let mut open: Option<&str> = None;
    let mut is_media = false;
    for line in offer.lines() {
        if line.starts_with("m=") {
            close(&mut narrowed, open.take(), is_media, way);
            is_media = line.starts_with("m=audio") || line.starts_with("m=video");
            open = Some(default);
        }
        match (direction(line), &mut open) {
            (Some(direction), Some(own)) => *own = direction,
            (Some(direction), None) => default = direction,
            (None, _) => {
                let _ = write!(narrowed, "{line}\r\n");
            }
        }
    }
    close(&mut narrowed, open, is_media, way);
    narrowed
}

/// Ends a section with its direction.
fn close(narrowed: &mut String, direction: Option<&str>, is_media: bool, way: Way) {
    let Some(direction) = direction.filter(|_| is_media) else { return };
    let direction = match (direction, way) {
        ("sendrecv" | "sendonly", Way::Send) => "sendonly",
        ("sendrecv" | "recvonly", Way::Receive) => "recvonly",
        (_, Way::Both) => direction,
        _ => "inactive",
    };
    let _ = write!(narrowed, "a={direction}\r\n");
}

fn direction(line: &str) -> Option<&str> {
    let attribute = line.strip_prefix("a=")?.trim();
    matches!(attribute, "sendrecv" | "sendonly" | "recvonly" | "inactive").then_some(attribute)
}

/// The media sections of a description, in order, with the kind of those for audio and video.
pub fn sections(description: &str) -> impl Iterator<Item = (Option<MediaKind>, &str)> {
    description.split("\nm=").skip(1).map(|section| {
        let kind = match section.split(' ').next() {
            Some("audio") => Some(MediaKind::Audio),
            Some("video") => Some(MediaKind::Video),
            _ => None,
        };
        (kind, section)
    })
}

/// True if the section has this line.
pub fn has(section: &str, line: &str) -> bool {
    section.lines().any(|own| own.trim_end() == line)
}

/// True if the section has port 0. Source: RFC 8843, section 7.3.
pub fn is_rejected(section: &str) -> bool {
    section.split(' ').nth(1) == Some("0")
}

/// Rejects the data channels of an answer.
pub fn without_data(answer: &str) -> String {
    let mut refused = sections(answer).filter(|(_, section)| section.starts_with("application "));
    let mid = refused.find_map(|(_, section)| mids(section).next());
    let mut text = String::with_capacity(answer.len());
    for line in answer.lines() {
        let _ = if let Some(rest) = line.strip_prefix("m=application ") {
            let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
            write!(text, "m=application 0 {rest}\r\n")
        } else if let Some(group) = line.strip_prefix("a=group:BUNDLE") {
            text.push_str("a=group:BUNDLE");
            for own in group.split_whitespace().filter(|own| Some(*own) != mid) {
                text.push(' ');
                text.push_str(own);
            }
            write!(text, "\r\n")
        } else {
            write!(text, "{line}\r\n")
        };
    }
    text
}

/// Removes congestion feedback from a description, so that the client does not report arrival times.
///
/// The capacity matters only with several layers. Source: draft-holmer-rmcat-transport-wide-cc-extensions-01.
pub fn without_estimation(description: &str) -> String {
    let is_about_it = |line: &&str| {
        let is_extension = line.starts_with("a=extmap:") && line.contains("transport-wide-cc");
        is_extension || (line.starts_with("a=rtcp-fb:") && line.trim().ends_with(" transport-cc"))
    };
    description.lines().filter(|line| !is_about_it(line)).flat_map(|line| [line, "\r\n"]).collect()
}

/// Puts all tracks of a description into one stream called `stream`, so that browsers synchronise audio and
/// video.
///
/// The library gives each section a stream of its own.
pub fn in_one_stream(description: &str, stream: &str) -> String {
    let mut text = String::with_capacity(description.len() + 128);
    for line in description.lines() {
        let _ = if line.starts_with("a=msid-semantic:") {
            write!(text, "a=msid-semantic: WMS {stream}\r\n")
        } else if let Some(track) = line.strip_prefix("a=msid:").and_then(track_of) {
            write!(text, "a=msid:{stream} {track}\r\n")
        } else if let Some((source, msid)) = line.split_once(" msid:")
            && source.starts_with("a=ssrc:")
            && let Some(track) = track_of(msid)
        {
            write!(text, "{source} msid:{stream} {track}\r\n")
        } else {
            write!(text, "{line}\r\n")
        };
    }
    text
}

/// The attribute by which a receiver may measure round trips. Source: RFC 3611, section 5.1.
const ROUND_TRIPS: &str = "a=rtcp-xr:rcvr-rtt=all";

/// True if the offering client can measure round trips while it receives.
pub fn would_measure_round_trips(offer: &str) -> bool {
    offer.lines().any(|line| line.trim() == ROUND_TRIPS)
}

/// Allows the client to measure round trips, which the library answers.
///
/// A browser that cannot measure them assumes a tenth of a second and repeats a lost request only after that:
/// its video freezes.
pub fn with_round_trips(description: &str) -> String {
    let mut text = String::with_capacity(description.len() + 64);
    for line in description.lines() {
        let _ = write!(text, "{line}\r\n");
        if line == "a=rtcp-mux" {
            let _ = write!(text, "{ROUND_TRIPS}\r\n");
        }
    }
    text
}

fn track_of(msid: &str) -> Option<&str> {
    msid.split_once(' ').map(|(_, track)| track)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directions(description: &str) -> Vec<&str> {
        description.lines().filter_map(direction).collect()
    }

    #[test]
    fn an_offer_is_reduced_to_the_allowed_direction() {
        let offer = "v=0\r\na=sendonly\r\nm=audio 9\r\nm=video 9\r\na=sendrecv\r\na=mid:1\r\nm=video 9\r\na=recvonly\r\n\
                     m=application 9\r\na=mid:3\r\n";
        assert_eq!(directions(&narrow(offer, Way::Send)), ["sendonly", "sendonly", "inactive"]);
        assert_eq!(directions(&narrow(offer, Way::Receive)), ["inactive", "recvonly", "recvonly"]);
        assert_eq!(narrow(offer, Way::Both), offer);
        assert!(narrow(offer, Way::Send).ends_with("m=application 9\r\na=mid:3\r\n"));
    }

    #[test]
    fn all_tracks_are_in_one_stream() {
        let answer = "a=msid-semantic: WMS one two\r\nm=audio 9\r\na=msid:one a\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:one a\r\n\
                      m=video 9\r\na=msid:two v\r\na=ssrc:8 msid:two v\r\n";
        let expected = "a=msid-semantic: WMS ann\r\nm=audio 9\r\na=msid:ann a\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:ann a\r\n\
                        m=video 9\r\na=msid:ann v\r\na=ssrc:8 msid:ann v\r\n";
        assert_eq!(in_one_stream(answer, "ann"), expected);
    }

    #[test]
    fn data_channels_are_rejected() {
        let answer = "v=0\r\na=group:BUNDLE 0 d 1\r\nm=audio 9 X 111\r\na=mid:0\r\nm=application 9 X webrtc-datachannel\r\n\
                      a=mid:d\r\nm=video 9 X 96\r\na=mid:1\r\n";
        let expected = answer.replace("0 d 1", "0 1").replace("m=application 9", "m=application 0");
        assert_eq!(without_data(answer), expected);
        let sound = "v=0\r\na=group:BUNDLE 0\r\nm=audio 9 X 111\r\na=mid:0\r\n";
        assert_eq!(without_data(sound), sound);
    }

    #[test]
    fn an_oversized_description_is_not_read() {
        assert_eq!(check_size(&"m=audio 9\r\n".repeat(MAX_SECTIONS)), Ok(()));
        assert_eq!(
            check_size(&"m=audio 9\r\n".repeat(MAX_SECTIONS + 1)),
            Err(DescriptionError::TooManySections)
        );
        assert_eq!(check_size(&"x".repeat(MAX_DESCRIPTION_BYTES + 1)), Err(DescriptionError::TooLong));
    }
}
