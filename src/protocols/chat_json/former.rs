//! Entries that earlier releases kept, by the rules of this one.

use uuid::Uuid;

use super::{
    KeptMessage,
    keys::{self, Keys},
    save,
};
use crate::{
    core::model::chat::{ChatEntry, ChatKey, Former, KeyKind, LiveMessage},
    protocols::json_text::Scanner,
};

/// Reads the texts that a room of an earlier release served, in their order.
///
/// A text with exactly the shape in which a live message is kept is one: the earlier release did not keep the two apart.
pub fn rekey(texts: &[Box<str>]) -> Vec<Former> {
    let mut keys = Keys::default();
    texts.iter().map(|json| live(json).unwrap_or_else(|| Former::Saved(saved(json, &mut keys)))).collect()
}

fn live(json: &str) -> Option<Former> {
    let message: KeptMessage = serde_json::from_str(json).ok()?;
    let is_participant = Uuid::try_parse(&message.from).is_ok_and(|uuid| uuid.to_string() == message.from);
    // The same members in another order, or with blanks, were saved by a client.
    let is_ours = serde_json::to_string(&message).is_ok_and(|kept| kept == json);
    let is_timed = humantime::parse_rfc3339(&message.sent_at).is_ok();
    (is_participant && is_ours && is_timed).then(|| {
        let identity = keys::message(&message.from, &message.id, &message.body);
        Former::Live(LiveMessage { identity, json: json.into() })
    })
}

fn saved(json: &str, keys: &mut Keys) -> ChatEntry {
    let entry = save::entry(&mut Scanner::new(json), keys, &mut Vec::new());
    // No release stored what this one cannot read; a text that it could not read would be known by its bytes.
    entry.unwrap_or_else(|_| {
        use sha2::{Digest, Sha256};
        let key = ChatKey::new(KeyKind::Once, &Sha256::digest(json).into());
        ChatEntry { key, version: None, message: None, json: json.into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_shape_of_a_kept_message_is_a_live_message() {
        let live = r#"{"id":"1","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","name":"Ann","body":"é","sent_at":"2026-11-21T09:30:00.123Z"}"#;
        let is_live = |json: &str| matches!(rekey(&[json.into()])[..], [Former::Live(_)]);
        assert!(is_live(live));
        for other in [
            live.replace(',', ", "),
            live.replace("3f1c", "zzzz"),
            live.replace("3f1c", "3F1C"),
            live.replace('é', r"\u00e9"),
            live.replace("2026-11-21T09:30:00.123Z", "today"),
            live.replace(r#""name":"Ann","#, ""),
            live.replace('}', r#","x":1}"#),
            live.replace(r#""1""#, "1"),
            "7".to_owned(),
        ] {
            assert!(!is_live(&other), "{other}");
        }
    }
}
