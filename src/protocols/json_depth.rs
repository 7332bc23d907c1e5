//! How deep JSON nests: what browsers make is flat, and what is very deep overflows the stack of whoever reads it.

/// Whether arrays and objects of valid JSON nest deeper than `limit`.
pub fn nests_deeper_than(json: &str, limit: usize) -> bool {
    // Hardly anything is long enough for that, or has as many brackets at all.
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

/// Counted in the way that compilers make vector instructions of.
fn opening_brackets(bytes: &[u8]) -> usize {
    // `[` and `{` differ in one bit. A lane of bytes counts as far as 255.
    let in_chunk = |chunk: &[u8]| {
        chunk.iter().fold(0_u8, |count, byte| count.wrapping_add((byte | 0x20 == b'{').into()))
    };
    bytes.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
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
