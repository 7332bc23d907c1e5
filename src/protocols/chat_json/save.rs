//! The body of a save, and the reasons to refuse one.

use std::fmt;

use super::{
    MAX_DEPTH,
    keys::{KeyMaker, Members},
};
use crate::{
    core::model::chat::{ChatEntry, MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_HISTORY_BYTES},
    protocols::json_text::{Problem, Scanner},
};

/// The most bytes in the body of a save. A served history fits, with commas and the object around it, even if
/// a client escapes all characters outside ASCII: two bytes become six.
pub const MAX_SAVE_BYTES: usize = 4 * MAX_HISTORY_BYTES;

/// The deepest nesting of ignored members of the body.
const MAX_IGNORED_DEPTH: usize = 128;

/// Why a save is refused. None of its entries is stored then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatsError {
    /// The body is not `{"chats": [ … ]}`.
    #[error("the body must be {{\"chats\": [ … ]}}")]
    Malformed,
    /// The body has too many entries.
    #[error("chats: has more than {MAX_ENTRIES} entries")]
    TooMany,
    /// An entry is not valid.
    #[error("chats[{position}]: {problem}")]
    Entry {
        /// Index of the entry, from 0.
        position: usize,
        /// The reason.
        problem: EntryProblem,
    },
}

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryProblem {
    /// The entry violates the grammar of JSON.
    NotJson,
    /// The entry nests too deep.
    TooDeep,
    /// The entry has too many bytes.
    TooLarge,
}

impl fmt::Display for EntryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("is not valid JSON"),
            Self::TooDeep => write!(f, "nests deeper than {MAX_DEPTH}"),
            Self::TooLarge => write!(f, "is larger than {MAX_ENTRY_BYTES} bytes"),
        }
    }
}

/// Parses the entries of a `save-chats` body, and keeps the text of each byte for byte.
///
/// # Errors
/// As [`ChatsError`]; none of the entries may be stored then.
pub fn parse_save(body: &[u8]) -> Result<Vec<ChatEntry>, ChatsError> {
    match std::str::from_utf8(body) {
        Ok(text) => parse(text),
        Err(error) => {
            // The text before the invalid byte shows which entry contains it.
            let sound = std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default();
            Err(parse(sound).err().unwrap_or(ChatsError::Malformed))
        }
    }
}

fn parse(text: &str) -> Result<Vec<ChatEntry>, ChatsError> {
    const MALFORMED: fn(Problem) -> ChatsError = |_| ChatsError::Malformed;
    let mut scanner = Scanner::new(text);
    let (mut chats, mut name, mut ignored) = (None, Vec::new(), Vec::new());
    scanner.expects(b'{').map_err(MALFORMED)?;
    if !scanner.takes(b'}') {
        loop {
            name.clear();
            scanner.string(&mut name).map_err(MALFORMED)?;
            scanner.expects(b':').map_err(MALFORMED)?;
            if name != b"chats" {
                ignored.clear();
                scanner.value(MAX_IGNORED_DEPTH, &mut ignored).map_err(MALFORMED)?;
            } else if chats.replace(entries(&mut scanner)?).is_some() {
                return Err(ChatsError::Malformed);
            }
            if !scanner.takes(b',') {
                break;
            }
        }
        scanner.expects(b'}').map_err(MALFORMED)?;
    }
    if scanner.is_at_end() { chats.ok_or(ChatsError::Malformed) } else { Err(ChatsError::Malformed) }
}

fn entries(scanner: &mut Scanner<'_>) -> Result<Vec<ChatEntry>, ChatsError> {
    let (mut entries, mut keys) = (Vec::new(), KeyMaker::default());
    scanner.expects(b'[').map_err(|_| ChatsError::Malformed)?;
    if scanner.takes(b']') {
        return Ok(entries);
    }
    let mut canonical = Vec::new();
    loop {
        let position = entries.len();
        if position == MAX_ENTRIES {
            return Err(ChatsError::TooMany);
        }
        let entry = entry(scanner, &mut keys, &mut canonical);
        entries.push(entry.map_err(|problem| ChatsError::Entry { position, problem })?);
        if scanner.takes(b',') {
            continue;
        }
        let problem = EntryProblem::NotJson;
        return match scanner.expects(b']') {
            Ok(()) => Ok(entries),
            // After an entry, the next entry or the end of the array must follow.
            Err(_) => Err(ChatsError::Entry { position, problem }),
        };
    }
}

/// Parses one entry. `canonical` is scratch space.
pub(super) fn entry(
    scanner: &mut Scanner<'_>,
    keys: &mut KeyMaker,
    canonical: &mut Vec<u8>,
) -> Result<ChatEntry, EntryProblem> {
    canonical.clear();
    scanner.skip_blanks();
    let (start, mut members) = (scanner.position(), Members::default());
    let read = scanner.value_with_members(MAX_DEPTH, canonical, |name, value| members.add(name, value));
    read.map_err(|problem| match problem {
        Problem::Grammar => EntryProblem::NotJson,
        Problem::TooDeep => EntryProblem::TooDeep,
    })?;
    let json = scanner.since(start);
    if json.len() > MAX_ENTRY_BYTES {
        return Err(EntryProblem::TooLarge);
    }
    Ok(keys.entry(json, canonical, &members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::model::chat::ChatKey;

    const ANN: &str = "3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11";

    fn save(chats: &str) -> Result<Vec<ChatEntry>, ChatsError> {
        parse_save(format!("{{\"chats\":[{chats}]}}").as_bytes())
    }

    fn keys(chats: &str) -> Vec<(ChatKey, Option<ChatKey>)> {
        save(chats).unwrap().into_iter().map(|entry| (entry.key, entry.version)).collect()
    }

    /// Whether two entries of one save are versions of one entry.
    fn are_versions(one: &str, other: &str) -> bool {
        let [(one, is_one), (other, is_other)] = &keys(&format!("{one},{other}"))[..] else { panic!() };
        one == other && is_one.is_some() && is_one != is_other
    }

    #[test]
    fn an_entry_has_one_key_in_every_notation() {
        for (one, other) in [
            (r#"{"a":1,"b":"é"}"#, r#" { "b":"\u00e9", "a":1.0 } "#),
            (r#"{"id":7,"from":"a"}"#, r#"{"from":"\u0061","id":7.00}"#),
            (r#""\ud83d""#, r#""\ufffd""#),
        ] {
            assert_eq!(keys(one), keys(other), "{one} {other}");
        }
        assert_ne!(keys(r#"{"a":1,"b":"é"}"#), keys(r#"{"a":1,"b":"e"}"#));
        assert_ne!(keys("[9007199254740993]"), keys("[9007199254740992]"));
        assert_ne!(keys(r#"{"a":1,"a":2}"#), keys(r#"{"a":2}"#));
    }

    #[test]
    fn id_and_sender_are_the_key_of_an_entry() {
        for (one, other) in [
            (r#"{"id":"1","from":"a","t":1}"#, r#"{"id":"1","from":"a","t":2}"#),
            (r#"{"id":1,"sender":"a","t":1}"#, r#"{"id":1.0,"sender":"a"}"#),
            (r#"{"id":1,"user_id":5}"#, r#"{"id":1,"user_id":5,"name":"b"}"#),
            (r#"{"id":1,"name":"a"}"#, r#"{"id":1,"name":"a","from":null,"sender":null}"#),
            (r#"{"id":1,"from":{"x":1,"y":2}}"#, r#"{"id":1,"from":{"y":2,"x":1},"t":1}"#),
            (r#"{"id":1,"from":""}"#, r#"{"id":1,"from":"","name":"a"}"#),
            (r#"{"id":2,"from":"a","id":1}"#, r#"{"id":1,"from":"a"}"#),
        ] {
            assert!(are_versions(one, other), "{one} {other}");
        }
        for (one, other) in [
            (r#"{"id":"1","from":"a"}"#, r#"{"id":"1","from":"b"}"#),
            (r#"{"id":"1","from":"a"}"#, r#"{"id":1,"from":"a"}"#),
            (r#"{"id":"1","from":"a","name":"b"}"#, r#"{"id":"1","name":"b"}"#),
            (r#"{"id":"1","t":1}"#, r#"{"id":"1","t":2}"#),
            (r#"{"id":"","from":"a","t":1}"#, r#"{"id":"","from":"a","t":2}"#),
            (r#"{"id":true,"from":"a","t":1}"#, r#"{"id":true,"from":"a","t":2}"#),
            (r#"{"from":"a","t":1}"#, r#"{"from":"a","t":2}"#),
        ] {
            assert!(!are_versions(one, other), "{one} {other}");
        }
    }

    #[test]
    fn equal_entries_without_an_id_are_numbered() {
        let repeated = keys(r#""ok","ok",{"id":7},{"id":7.0},{"id":7,"x":1}"#);
        assert_ne!(repeated[0], repeated[1]);
        assert_eq!(repeated[2], repeated[3]);
        assert_ne!(repeated[3], repeated[4]);
    }

    #[test]
    fn an_entry_of_a_participant_may_be_a_live_message() {
        let message = |chats: &str| save(chats).unwrap().remove(0).message;
        let plain = message(&format!(r#"{{"id":"1","from":"{ANN}","body":"hi"}}"#));
        assert!(plain.is_some());
        let with_more = format!(r#"{{"x":[],"body":"\u0068i","from":"{ANN}","id":"1","name":"Ann"}}"#);
        assert_eq!(message(&with_more), plain);
        for other in [
            format!(r#"{{"id":"1","from":"{ANN}","body":"ho"}}"#),
            format!(r#"{{"id":"2","from":"{ANN}","body":"hi"}}"#),
            format!(r#"{{"id":"1","sender":"{ANN}","body":"hi"}}"#),
            format!(r#"{{"id":1,"from":"{ANN}","body":"hi"}}"#),
            format!(r#"{{"id":"1","from":"{}","body":"hi"}}"#, ANN.to_uppercase()),
            r#"{"id":"1","from":"Ann","body":"hi"}"#.to_owned(),
        ] {
            assert_ne!(message(&other), plain, "{other}");
        }
    }

    #[test]
    fn entries_are_kept_byte_for_byte() {
        for json in [
            r#"{"$oid": "zz"}"#,
            r#"{"__proto__": 1}"#,
            "18446744073709551616",
            r#"{"a":1,"a":2}"#,
            "\"\\u0000\"",
            "1e400",
            r#"{ "a" :	"\ud800" }"#,
        ] {
            assert_eq!(&*save(&format!(" {json}\n")).unwrap()[0].json, json);
        }
    }

    #[test]
    fn a_refusal_names_the_entry_and_the_reason() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 2), "]".repeat(MAX_DEPTH + 2));
        let large = format!("\"{}\"", "x".repeat(MAX_ENTRY_BYTES));
        let endless = "[".repeat(1_000_000);
        for (chats, said) in [
            (format!("{}{deep}", "1,".repeat(12)), "chats[12]: nests deeper than 32"),
            (format!("0,1,2,{large}"), "chats[3]: is larger than 65536 bytes"),
            (endless, "chats[0]: nests deeper than 32"),
            ("1,2,nul".to_owned(), "chats[2]: is not valid JSON"),
            ("1,".to_owned(), "chats[1]: is not valid JSON"),
            ("1 2".to_owned(), "chats[0]: is not valid JSON"),
            (r#"{},{"a":01}"#.to_owned(), "chats[1]: is not valid JSON"),
            (format!("{}1", "1,".repeat(MAX_ENTRIES)), "chats: has more than 10000 entries"),
        ] {
            assert_eq!(save(&chats).unwrap_err().to_string(), said);
        }
        assert!(save(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1))).is_ok());
        let not_utf8 = parse_save(b"{\"chats\":[1,\"\xff\"]}").unwrap_err();
        assert_eq!(not_utf8.to_string(), "chats[1]: is not valid JSON");
    }

    #[test]
    fn a_body_without_chats_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"chats":{}}"#,
            r#"{"chats":null}"#,
            r#"{"chats":[]}x"#,
            r#"{"chats":[],"chats":[]}"#,
            r#"{"chats":[]"#,
            r#"{"chats":[],}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(parse_save(body.as_bytes()), Err(ChatsError::Malformed), "{body}");
        }
        assert_eq!(parse_save(br#" { "x" : [{}], "chats" : [ ] , "y\ud800" : 1e400 } "#), Ok(Vec::new()));
    }
}
