//! Strings and their escapes. A surrogate escape without its pair stands for no character (RFC 8259, section
//! 8.2). It is read as U+FFFD, so that strict parsers accept the served text.

use std::borrow::Cow;

/// The escape that replaces an unpaired surrogate. Of equal length, so that sizes do not change.
const REPLACEMENT_ESCAPE: &str = r"\ufffd";

/// Length of an escape with four hexadecimal digits.
const UNICODE_ESCAPE: usize = REPLACEMENT_ESCAPE.len();

/// Why a text is not a JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAString;

/// Decodes `json`, which must be one JSON string. An unpaired surrogate becomes U+FFFD.
pub fn decode_lossy(json: &str) -> Option<String> {
    let mut text = Vec::with_capacity(json.len());
    let end = decode(json.as_bytes(), 0, &mut text).ok()?;
    if end == json.len() { String::from_utf8(text).ok() } else { None }
}

/// Appends the text of the string whose quotation mark is at `start`. Returns the end of the string.
pub(super) fn decode(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> Result<usize, NotAString> {
    if bytes.get(start) != Some(&b'"') {
        return Err(NotAString);
    }
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..).ok_or(NotAString)?;
        let run = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | ..0x20)).ok_or(NotAString)?;
        out.extend_from_slice(&rest[..run]);
        at += run;
        match bytes[at] {
            b'"' => return Ok(at + 1),
            b'\\' => at += decode_escape(&bytes[at..], out)?,
            _ => return Err(NotAString),
        }
    }
}

/// Appends the character of the escape at the beginning of `bytes`. Returns the length of the escape.
fn decode_escape(bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, NotAString> {
    let short = match bytes.get(1).ok_or(NotAString)? {
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (character, length) = unicode_escape(bytes).ok_or(NotAString)?;
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(length);
        }
        _ => return Err(NotAString),
    };
    out.push(short);
    Ok(2)
}

/// The character of the `\u` escape at the beginning of `bytes`, and the length: two escapes for a surrogate
/// pair. The character is `None` for an unpaired surrogate. `None` if it is no escape.
fn unicode_escape(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let unit = code_unit(bytes)?;
    if let 0xd800..=0xdbff = unit
        && let Some(low @ 0xdc00..=0xdfff) = bytes.get(UNICODE_ESCAPE..).and_then(code_unit)
    {
        let character = char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return Some((character, 2 * UNICODE_ESCAPE));
    }
    Some((char::from_u32(unit), UNICODE_ESCAPE))
}

/// The four hexadecimal digits of the escape at the beginning of `bytes`.
fn code_unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(br"\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Replaces each unpaired surrogate escape of `json`, which must be valid, by `\ufffd`.
pub fn replace_unpaired_surrogates(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(next) = json[at..].find('\\') {
        at += next;
        match unicode_escape(&json.as_bytes()[at..]) {
            Some((None, length)) => {
                replaced.push_str(&json[kept..at]);
                replaced.push_str(REPLACEMENT_ESCAPE);
                at += length;
                kept = at;
            }
            Some((Some(_), length)) => at += length,
            // Any other escape has two characters, both of them ASCII.
            None => at += 2,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    replaced.push_str(&json[kept..]);
    Cow::Owned(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unpaired_surrogates_are_replaced() {
        for (json, served) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDC00x""#, r#""\ufffdx""#),
            (r#"{"\udead":"\ud83d\ude00\ud83d"}"#, r#"{"\ufffd":"\ud83d\ude00\ufffd"}"#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#""\\ud800 \\\ud800""#, r#""\\ud800 \\\ufffd""#),
            (r#""\ud800é\u00e9""#, r#""\ufffdé\u00e9""#),
        ] {
            assert_eq!(replace_unpaired_surrogates(json), served);
            assert_eq!(json.len(), served.len());
            assert!(serde_json::from_str::<serde_json::Value>(served).is_ok(), "{served}");
        }
        for sound in [r#""\ud83d\ude00""#, r#""\\ud800""#, "1", r#"{"a":"\"\\"}"#, ""] {
            assert!(matches!(replace_unpaired_surrogates(sound), Cow::Borrowed(same) if same == sound));
        }
    }

    #[test]
    fn strings_are_decoded_as_javascript_encodes_them() {
        for (json, text) in [
            (r#""""#, ""),
            (r#""\"\\\/\b\f\n\r\t\u0000""#, "\"\\/\u{8}\u{c}\n\r\t\0"),
            (r#""\ud83d\ude00 é \ud83d""#, "😀 é \u{fffd}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(decode_lossy(json).as_deref(), Some(text), "{json}");
        }
        for bad in
            ["", "x", r#"""#, r#""\"#, r#""\x""#, r#""\u12""#, r#""\u12g4""#, "\"\n\"", r#""a"b"#, r#""a" "#]
        {
            assert_eq!(decode_lossy(bad), None, "{bad}");
        }
    }
}
