//! Nesting depth of JSON. Browsers send flat JSON; very deep JSON overflows the stack of its reader.

/// Whether arrays and objects of valid JSON nest deeper than `limit`.
pub fn nests_deeper_than(json: &str, limit: usize) -> bool {
    // Fast path: the text is too short, or has too few brackets.
    if json.len() <= 2 * limit || opening_brackets(json.as_bytes()) <= limit {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

/// Counts in a form that the compiler vectorises.
fn opening_brackets(bytes: &[u8]) -> usize {
    // `[` and `{` differ in one bit. A byte counts up to 255.
    let in_chunk = |chunk: &[u8]| {
        chunk.iter().fold(0_u8, |count, byte| count.wrapping_add((byte | 0x20 == b'{').into()))
    };
    bytes.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        for (json, deep) in [
            ("{}", false),
            ("[[[]]]", false),
            ("[[[[]]]]", true),
            (r#"[[["[[[[\"[[["]]]"#, false),
            ("[[],[],[],[],[]]", false),
            ("[{},{},[{}]]", false),
            ("[{\"a\":[{}]}]", true),
        ] {
            assert_eq!(nests_deeper_than(json, 3), deep, "{json}");
        }
    }
}
