//! JSON values, and their canonical form.
//!
//! The caller bounds the nesting, and so the recursion. The time is linear in the length of the text, except
//! for sorting the members of objects.

use super::{
    decimal,
    scanner::{Problem, Scanner},
};

impl Scanner<'_> {
    /// Skips blanks, reads a value whose parts nest at most `depth` deep, and appends its canonical form to
    /// `out`.
    ///
    /// Two values have the same form if and only if they are equal: numbers by their decimal value, strings
    /// by their characters, objects in any order of their members. Members with the same name are compared in
    /// their order. The form of a string is `"`, its length and its text; see [`text_of`](Self::text_of).
    ///
    /// # Errors
    /// As [`Problem`]; the content of `out` is then unspecified.
    pub fn value(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
        self.skip_blanks();
        match self.peek().ok_or(Problem::Grammar)? {
            b'{' => self.object(depth, out, |_, _| {}),
            b'[' => self.array(depth, out),
            b'"' => self.canonical_string(out),
            b'-' | b'0'..=b'9' => self.number(out),
            b't' => self.word("true", out),
            b'f' => self.word("false", out),
            b'n' => self.word("null", out),
            _ => Err(Problem::Grammar),
        }
    }

    /// As [`value`](Self::value). For an object, calls `member` with the name of each member and the
    /// canonical form of its value, in their order.
    pub fn value_with_members(
        &mut self,
        depth: usize,
        out: &mut Vec<u8>,
        member: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), Problem> {
        self.skip_blanks();
        if self.peek() == Some(b'{') { self.object(depth, out, member) } else { self.value(depth, out) }
    }

    /// The text of a string, given the canonical form of a value; `None` if the value is not a string.
    pub fn text_of(canonical: &[u8]) -> Option<&str> {
        let text = canonical.strip_prefix(b"\"")?.get(size_of::<u64>()..)?;
        std::str::from_utf8(text).ok()
    }

    fn object(
        &mut self,
        depth: usize,
        out: &mut Vec<u8>,
        mut member: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), Problem> {
        self.expects(b'{')?;
        out.push(b'{');
        let begin = out.len();
        // The start of each member in `out`, and the end of its name.
        let mut members: Vec<(usize, usize)> = Vec::new();
        if !self.takes(b'}') {
            loop {
                let start = out.len();
                self.canonical_string(out)?;
                let name_end = out.len();
                self.expects(b':')?;
                self.value(depth.checked_sub(1).ok_or(Problem::TooDeep)?, out)?;
                member(&out[start + 1 + size_of::<u64>()..name_end], &out[name_end..]);
                members.push((start, name_end));
                if !self.takes(b',') {
                    break;
                }
            }
            self.expects(b'}')?;
        }
        sort_members(begin, &members, out);
        out.push(b'}');
        Ok(())
    }

    fn array(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
        self.expects(b'[')?;
        out.push(b'[');
        if !self.takes(b']') {
            loop {
                self.value(depth.checked_sub(1).ok_or(Problem::TooDeep)?, out)?;
                if !self.takes(b',') {
                    break;
                }
            }
            self.expects(b']')?;
        }
        out.push(b']');
        Ok(())
    }

    fn canonical_string(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        out.push(b'"');
        let length_at = out.len();
        out.extend_from_slice(&0_u64.to_be_bytes());
        let start = out.len();
        self.string(out)?;
        let length = (out.len() - start) as u64;
        out[length_at..start].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        out.push(b'#');
        decimal::write_canonical(self.since(start), out);
        out.push(b';');
        Ok(())
    }
}

/// Sorts the canonical forms of members, which begin at `begin` in `out`, by name.
fn sort_members(begin: usize, members: &[(usize, usize)], out: &mut Vec<u8>) {
    let written = out[begin..].to_vec();
    let name = |&(start, end): &(usize, usize)| &written[start - begin..end - begin];
    if members.is_sorted_by_key(name) {
        return;
    }
    let ends = members.iter().skip(1).map(|&(start, _)| start).chain([out.len()]);
    let mut sorted: Vec<_> = members.iter().zip(ends).collect();
    // The sort is stable: members with the same name keep their order.
    sorted.sort_by_key(|&(member, _)| name(member));
    out.truncate(begin);
    for (&(start, _), end) in sorted {
        out.extend_from_slice(&written[start - begin..end - begin]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, value::RawValue};

    use super::*;

    fn canonical(json: &str) -> Result<Vec<u8>, Problem> {
        let (mut scanner, mut out) = (Scanner::new(json), Vec::new());
        scanner.value(32, &mut out)?;
        if scanner.is_at_end() { Ok(out) } else { Err(Problem::Grammar) }
    }

    fn are_equal(one: &str, other: &str) -> bool {
        canonical(one).unwrap() == canonical(other).unwrap()
    }

    #[test]
    fn equal_values_have_one_form_in_every_notation() {
        for (one, other) in [
            ("1", " 1.0\n"),
            ("-0", "0e7"),
            (r#"{"a":1,"b":"é"}"#, r#"{ "b" : "\u00e9", "a" : 10e-1 }"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":1,"a":3}"#),
            (r#"{"a":{"y":[1,2],"x":null}}"#, r#"{"a":{"x":null,"y":[1.0,2]}}"#),
            (r#""\ud800""#, "\"\u{fffd}\""),
            (r#""\ud800""#, r#""\udfff""#),
            (r#""\ud83d\ude00""#, r#""😀""#),
            (r#"{"\ud800":1}"#, "{\"\u{fffd}\":1}"),
        ] {
            assert!(are_equal(one, other), "{one} {other}");
        }
    }

    #[test]
    fn different_values_have_different_forms() {
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
            (r#""1""#, "1"),
            ("[]", "{}"),
            ("[[],[]]", "[[[]]]"),
            ("[1,2]", "[12]"),
            (r#"["a","b"]"#, r#"["ab"]"#),
            (r#"["a"]"#, r#"{"a":"a"}"#),
            ("null", "false"),
            ("1e400", "1e401"),
            (r#""e\u0301""#, r#""é""#),
        ] {
            assert!(!are_equal(one, other), "{one} {other}");
        }
    }

    #[test]
    fn the_grammar_is_that_of_rfc_8259() {
        for sound in
            ["1e400", "-0.0E-7", r#""\ud800""#, "[ ]", "{ }", r#"{"a":[true,false,null]}"#, "\t0\r\n"]
        {
            assert!(canonical(sound).is_ok(), "{sound}");
        }
        for bad in [
            "",
            " ",
            "01",
            "-",
            "+1",
            ".5",
            "1.",
            "1e",
            "1e+",
            "--1",
            "1 2",
            "tru",
            "True",
            "nul",
            "[1,]",
            "[,]",
            "[",
            "]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{1:2}",
            "'a'",
            "\"a",
            "\"\u{1}\"",
            r#""\u00""#,
            "\u{feff}1",
            "NaN",
            "[1 2]",
            r#"{"a":1 "b":2}"#,
            "/* */1",
        ] {
            assert_eq!(canonical(bad), Err(Problem::Grammar), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded_and_never_overflows_the_stack() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(canonical(&nested(33)).is_ok());
        for depth in [34, 1_000, 1_000_000] {
            assert_eq!(canonical(&nested(depth)), Err(Problem::TooDeep));
            assert_eq!(canonical(&r#"{"a":"#.repeat(depth)), Err(Problem::TooDeep));
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let atom = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        atom.prop_recursive(5, 40, 5, |inner| {
            let members = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..5);
            prop_oneof![
                proptest::collection::vec(inner, 0..5).prop_map(Value::from),
                members.prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// The same `value` in another text: members reversed, blanks added, every character escaped.
    fn rewritten(value: &Value) -> String {
        match value {
            Value::Array(items) => {
                format!("[ {} ]", items.iter().map(rewritten).collect::<Vec<_>>().join(" , "))
            }
            Value::Object(members) => {
                let members = members.iter().rev();
                let members =
                    members.map(|(name, value)| format!("{} :\t{}", escaped(name), rewritten(value)));
                format!("{{\n{}}}", members.collect::<Vec<_>>().join(",\r\n"))
            }
            Value::String(text) => escaped(text),
            Value::Number(number) => {
                let number = number.to_string();
                let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
                let point = if mantissa.contains('.') { "" } else { ".0" };
                format!("{mantissa}{point}00E{exponent}")
            }
            other => other.to_string(),
        }
    }

    fn escaped(text: &str) -> String {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        format!("\"{}\"", units.collect::<String>())
    }

    proptest! {
        #[test]
        fn the_form_does_not_depend_on_the_writer(value in json()) {
            let (compact, other) = (value.to_string(), rewritten(&value));
            prop_assert_eq!(canonical(&compact).unwrap(), canonical(&other).unwrap(), "{}", other);
        }

        #[test]
        fn the_form_tells_values_apart(one in json(), other in json()) {
            let forms = [&one, &other].map(|value| canonical(&value.to_string()).unwrap());
            prop_assert_eq!(one == other, forms[0] == forms[1]);
        }

        #[test]
        fn what_is_read_is_what_serde_json_skips(text in r#"[\[\]{}:,"\\ua-f0-9eE.+\- tn]{0,24}"#) {
            let skipped = serde_json::from_str::<&RawValue>(&text).is_ok();
            prop_assert_eq!(canonical(&text).is_ok(), skipped, "{}", text);
        }
    }
}
