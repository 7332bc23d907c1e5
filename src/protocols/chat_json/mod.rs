//! Chats as JSON: what a client may save, what makes two entries the same, and what a live message looks like kept.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use crate::core::{
    chat::{ChatEntry, ChatKey, MAX_ENTRIES, MAX_ENTRY_BYTES},
    event::ChatMessage,
};

/// How deep an entry's arrays and objects may nest. Chats are flat; whatever nests deeper is an attack on whoever
/// parses it next.
pub const MAX_DEPTH: usize = 32;

/// Why a save was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChatsError {
    /// It is not `{"chats": [ … ]}`, or not valid JSON all through.
    #[error("the body must be {{\"chats\": [ … ]}}")]
    Malformed,
    /// An entry nests too deep.
    #[error("an entry nests deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Too many entries, or one that is too large.
    #[error("at most {MAX_ENTRIES} entries of at most {MAX_ENTRY_BYTES} bytes")]
    TooLarge,
}

#[derive(Deserialize)]
struct Save<'a> {
    #[serde(borrow)]
    chats: Vec<&'a RawValue>,
}

/// The entries of a `save-chats` body, each byte for byte as it came.
///
/// # Errors
/// As [`ChatsError`]; then nothing of it is to be stored.
pub fn parse_save(body: &[u8]) -> Result<Vec<ChatEntry>, ChatsError> {
    let save: Save = serde_json::from_slice(body).map_err(|_| ChatsError::Malformed)?;
    if save.chats.len() > MAX_ENTRIES {
        return Err(ChatsError::TooLarge);
    }
    let mut equal_before = HashMap::new();
    save.chats.into_iter().map(|raw| entry(raw, &mut equal_before)).collect()
}

fn entry(raw: &RawValue, equal_before: &mut HashMap<[u8; 32], usize>) -> Result<ChatEntry, ChatsError> {
    let json = raw.get();
    if json.len() > MAX_ENTRY_BYTES {
        return Err(ChatsError::TooLarge);
    }
    // serde_json stops at a depth of its own, well above ours.
    let value: Value = serde_json::from_str(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Syntax if is_nested_deep(json) => ChatsError::TooDeep,
        _ => ChatsError::Malformed,
    })?;
    let mut digest = Sha256::new();
    digest_value(&value, 0, &mut digest)?;
    let key = match value.get("id") {
        Some(id @ Value::Number(_)) => ChatKey::from_id(&id.to_string()),
        Some(id @ Value::String(text)) if !text.is_empty() && text.len() <= 512 => {
            ChatKey::from_id(&id.to_string())
        }
        _ => {
            let digest = digest.finalize().into();
            let occurrence = equal_before.entry(digest).or_default();
            *occurrence += 1;
            ChatKey::from_content(&digest, *occurrence - 1)
        }
    };
    Ok(ChatEntry { key, json: json.into() })
}

fn is_nested_deep(json: &str) -> bool {
    json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > MAX_DEPTH
}

/// Feeds `value` in a form that does not depend on how it was written: a client that parses an entry and writes it
/// again, as JavaScript does, with other escapes, another order or numbers as doubles, means the same entry.
///
/// Source: the idea of RFC 8785 (JSON Canonicalization Scheme); the form itself is never seen outside.
fn digest_value(value: &Value, depth: usize, digest: &mut Sha256) -> Result<(), ChatsError> {
    if depth > MAX_DEPTH {
        return Err(ChatsError::TooDeep);
    }
    match value {
        Value::Null => digest.update(b"n"),
        Value::Bool(true) => digest.update(b"t"),
        Value::Bool(false) => digest.update(b"f"),
        Value::Number(number) => {
            digest.update(b"#");
            // Adding zero makes -0 and 0 one, as they are in JavaScript's own output.
            digest.update((number.as_f64().unwrap_or(f64::MAX) + 0.0).to_bits().to_be_bytes());
        }
        Value::String(text) => digest_text(text, digest),
        Value::Array(items) => {
            digest.update(b"[");
            items.iter().try_for_each(|item| digest_value(item, depth + 1, digest))?;
            digest.update(b"]");
        }
        Value::Object(fields) => {
            digest.update(b"{");
            for (name, field) in fields {
                digest_text(name, digest);
                digest_value(field, depth + 1, digest)?;
            }
            digest.update(b"}");
        }
    }
    Ok(())
}

fn digest_text(text: &str, digest: &mut Sha256) {
    digest.update(b"\"");
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

/// A live message as it is kept, and as it comes back in a room's history.
#[derive(Serialize)]
struct KeptMessage<'a> {
    id: &'a str,
    from: String,
    name: &'a str,
    body: &'a str,
    sent_at: String,
}

/// The entry that keeps a live message.
pub fn entry_of(message: &ChatMessage) -> ChatEntry {
    let kept = KeptMessage {
        id: &message.id,
        from: message.from.to_string(),
        name: message.name.as_str(),
        body: &message.body,
        sent_at: timestamp(message.sent_at),
    };
    let json = serde_json::to_string(&kept).expect("a struct of strings is always JSON");
    let id = serde_json::to_string(kept.id).expect("a string is always JSON");
    ChatEntry { key: ChatKey::from_id(&id), json: json.into() }
}

/// The `sent_at` of a kept message, if it has one.
pub fn sent_at_of(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Kept {
        sent_at: String,
    }
    serde_json::from_str::<Kept>(json).ok().map(|kept| kept.sent_at)
}

/// RFC 3339 in UTC with milliseconds, as JavaScript's `Date` reads and writes it.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(UNIX_EPOCH)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(body: &str) -> Vec<ChatKey> {
        parse_save(body.as_bytes()).unwrap().into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn an_entry_written_differently_is_the_same_entry() {
        let [first, second] = [r#"{"chats":[{"a":1,"b":"é"}]}"#, r#"{"chats":[{ "b":"\u00e9", "a":1.0 }]}"#];
        assert_eq!(keys(first), keys(second));
        assert_ne!(keys(first), keys(r#"{"chats":[{"a":1,"b":"e"}]}"#));
    }

    #[test]
    fn equal_entries_are_counted_and_ids_are_not() {
        let repeated = keys(r#"{"chats":["ok","ok",{"id":7},{"id":7,"x":1},{"id":"7"}]}"#);
        assert_ne!(repeated[0], repeated[1]);
        assert_eq!(repeated[2], repeated[3]);
        assert_ne!(repeated[3], repeated[4]);
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
        ] {
            let body = format!("{{\"chats\":[{json}]}}");
            match parse_save(body.as_bytes()) {
                Ok(entries) => assert_eq!(&*entries[0].json, json),
                Err(error) => assert_eq!((json, error), ("1e400", ChatsError::Malformed)),
            }
        }
    }

    #[test]
    fn what_is_too_deep_too_many_or_no_array_is_refused() {
        let nested = |depth: usize| format!("{{\"chats\":[{}{}]}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_save(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 2, 1_000, 400_000] {
            assert_eq!(
                parse_save(nested(depth).as_bytes()),
                Err(if depth > MAX_ENTRY_BYTES / 2 { ChatsError::TooLarge } else { ChatsError::TooDeep })
            );
        }
        let many = format!("{{\"chats\":[{}1]}}", "1,".repeat(MAX_ENTRIES));
        assert_eq!(parse_save(many.as_bytes()), Err(ChatsError::TooLarge));
        for body in ["", "[]", "{}", r#"{"chats":{}}"#, r#"{"chats":null}"#, r#"{"chats":["\ud800"]}"#] {
            assert_eq!(parse_save(body.as_bytes()), Err(ChatsError::Malformed), "{body}");
        }
    }
}
