//! Entries stored by earlier releases, converted to the keys of this one.

use uuid::Uuid;

use super::{
    StoredMessage,
    keys::{self, KeyMaker},
    save,
};
use crate::{
    core::model::chat::{ChatEntry, ChatKey, KeyKind, LiveMessage, RekeyedText},
    protocols::json_text::Scanner,
};

/// Converts the texts that an earlier release served for a room, in their order.
///
/// A text with exactly the form of a live message counts as one: earlier releases did not tell the two apart.
pub fn rekey(texts: &[Box<str>]) -> Vec<RekeyedText> {
    let mut keys = KeyMaker::default();
    texts
        .iter()
        .map(|json| live(json).unwrap_or_else(|| RekeyedText::Saved(saved(json, &mut keys))))
        .collect()
}

fn live(json: &str) -> Option<RekeyedText> {
    let message: StoredMessage = serde_json::from_str(json).ok()?;
    let is_participant = Uuid::try_parse(&message.from).is_ok_and(|uuid| uuid.to_string() == message.from);
    // A client saved this text: its members have another order, or blanks.
    let is_ours = serde_json::to_string(&message).is_ok_and(|stored| stored == json);
    let is_timed = humantime::parse_rfc3339(&message.sent_at).is_ok();
    (is_participant && is_ours && is_timed).then(|| {
        let identity = keys::message(&message.from, &message.id, &message.body);
        RekeyedText::Live(LiveMessage { identity, json: json.into() })
    })
}

fn saved(json: &str, keys: &mut KeyMaker) -> ChatEntry {
    let entry = save::entry(&mut Scanner::new(json), keys, &mut Vec::new());
    // Unreachable for stored texts. A text that cannot be parsed gets its bytes as key.
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
    fn only_the_exact_form_of_a_stored_message_is_a_live_message() {
        let live = r#"{"id":"1","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","name":"Ann","body":"é","sent_at":"2026-11-21T09:30:00.123Z"}"#;
        let is_live = |json: &str| matches!(rekey(&[json.into()])[..], [RekeyedText::Live(_)]);
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
