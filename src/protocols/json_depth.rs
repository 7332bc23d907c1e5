//! How deep JSON nests: what browsers make is flat, and what is very deep overflows the stack of whoever reads it.

/// Whether arrays and objects of valid JSON nest deeper than `limit`.
pub fn nests_deeper_than(json: &str, limit: usize) -> bool {
    // Hardly anything has as many brackets as that at all.
    if json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= limit {
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
        ] {
            assert_eq!(nests_deeper_than(json, 3), deep, "{json}");
        }
    }
}
