//! Hostile JSON.

use proptest::{collection::vec, prelude::*, sample::select};

/// The deepest allowed nesting.
const DEPTH: u32 = 32;

/// Names with a meaning for some parser or database.
const NAMES: [&str; 10] = [
    r#""""#,
    r#""id""#,
    r#""$oid""#,
    r#""$numberLong""#,
    r#""$binary""#,
    r#""__proto__""#,
    r#""a.b""#,
    r#""\u0000""#,
    r#""\ud83d\ude00""#,
    r#""ключ""#,
];

/// Numbers that parsers round, and unnecessary escapes.
const ATOMS: [&str; 16] = [
    "null",
    "true",
    "-0",
    "0.10",
    "1E400",
    "1e-7",
    "9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890",
    r#""\u0000""#,
    r#""\/\u002f""#,
    r#""\ud800""#,
    r#""\uD83D\uDE00""#,
    r#""e\u0301 é""#,
    r#"{"$oid":"zz"}"#,
    r#"{"$numberLong":"5"}"#,
];

/// Several JSON texts, one of them nested as deep as allowed.
pub fn texts() -> impl Strategy<Value = Vec<String>> {
    (vec(text(), 1..12), deepest()).prop_map(|(mut texts, deepest)| {
        texts.push(deepest);
        texts
    })
}

/// A JSON text with members in any order, repeated or empty, and white space everywhere.
fn text() -> impl Strategy<Value = String> {
    let string = any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a string is JSON"));
    let atom = prop_oneof![select(&ATOMS[..]).prop_map(str::to_owned), string, any::<f64>().prop_map(number)];
    atom.prop_recursive(DEPTH - 1, 48, 4, |inner| {
        let member = (select(&NAMES[..]), blank(), inner.clone());
        let member = member.prop_map(|(name, blank, value)| format!("{name}:{blank}{value}"));
        prop_oneof![
            (vec(inner, 0..4), blank()).prop_map(|(items, blank)| format!("[{blank}{}]", items.join(","))),
            (vec(member, 0..4), blank())
                .prop_map(|(members, blank)| format!("{{{}{blank}}}", members.join(","))),
        ]
    })
}

fn number(number: f64) -> String {
    if number.is_finite() { format!("{number:e}") } else { "0".to_owned() }
}

fn blank() -> impl Strategy<Value = &'static str> {
    select(&["", "", " ", "\n\t", "\r\n  "][..])
}

fn deepest() -> impl Strategy<Value = String> {
    let flat = |atom: &&str| !atom.starts_with('{');
    select(&ATOMS[..]).prop_filter("nests by itself", flat).prop_map(|atom| {
        let depth = DEPTH as usize;
        format!("{}{atom}{}", r#"{"a":["#.repeat(depth / 2), "]}".repeat(depth / 2))
    })
}
