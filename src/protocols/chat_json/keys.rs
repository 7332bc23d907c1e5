//! Keys of entries, from their canonical form.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    core::model::chat::{ChatEntry, ChatKey, KeyKind, MessageIdentity},
    protocols::json_text::Scanner,
};

/// The longest id of an entry, in bytes of UTF-8. A longer string is no id.
const MAX_ID_BYTES: usize = 512;

/// The members that may name the sender of an entry, in order of precedence.
const SENDERS: [&[u8]; 4] = [b"from", b"sender", b"user_id", b"name"];

/// The members of an entry that its keys depend on, in canonical form. Of repeated members the last counts,
/// as in JavaScript.
#[derive(Default)]
pub(super) struct Members {
    id: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
    senders: [Option<Vec<u8>>; SENDERS.len()],
}

impl Members {
    /// Adds a member of the entry.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let member = match name {
            b"id" => Some(&mut self.id),
            b"body" => Some(&mut self.body),
            _ => SENDERS.iter().position(|sender| *sender == name).map(|place| &mut self.senders[place]),
        };
        if let Some(member) = member {
            *member = Some(value.to_vec());
        }
    }

    /// The id: a number, or a string that is neither empty nor too long.
    fn id(&self) -> Option<&[u8]> {
        let id = self.id.as_deref()?;
        let is_text =
            || Scanner::text_of(id).is_some_and(|text| !text.is_empty() && text.len() <= MAX_ID_BYTES);
        (id.starts_with(b"#") || is_text()).then_some(id)
    }

    /// The sender. A member that is `null` counts as missing; any other value names a sender.
    fn sender(&self) -> Option<&[u8]> {
        self.senders.iter().flatten().map(Vec::as_slice).find(|sender| *sender != b"null")
    }

    /// The key of the live message that the entry may be a copy of.
    fn message(&self) -> Option<MessageIdentity> {
        let text = |member: &Option<Vec<u8>>| member.as_deref().and_then(Scanner::text_of).map(str::to_owned);
        let (id, from, body) = (text(&self.id)?, text(&self.senders[0])?, text(&self.body)?);
        let is_participant = Uuid::try_parse(&from).is_ok_and(|uuid| uuid.to_string() == from);
        is_participant.then(|| message(&from, &id, &body))
    }
}

/// The key of a live message of `from`.
pub(super) fn message(from: &str, id: &str, body: &str) -> MessageIdentity {
    let key = digest(&[b"message", from.as_bytes(), id.as_bytes()]);
    let content = digest(&[b"content", &key, body.as_bytes()]);
    MessageIdentity {
        key: ChatKey::new(KeyKind::Message, &key),
        content: ChatKey::new(KeyKind::Content, &content),
    }
}

/// Creates the keys of the entries of one save, in their order.
#[derive(Default)]
pub(super) struct KeyMaker {
    /// Number of earlier entries with the same content.
    equal_before: HashMap<[u8; 32], usize>,
}

impl KeyMaker {
    /// Makes the entry with the text `json`, whose canonical form is `canonical`.
    ///
    /// Id and sender are the key of an entry that has both. An entry with an id only has its content as key.
    /// An entry without an id has its content and the number of equal entries before it in the same save: the
    /// third "ok" of one save equals the third "ok" of another.
    pub(super) fn entry(&mut self, json: &str, canonical: &[u8], members: &Members) -> ChatEntry {
        let content = digest(&[b"entry", canonical]);
        let (key, version) = match (members.id(), members.sender()) {
            (Some(id), Some(sender)) => {
                let key = digest(&[b"key", id, sender]);
                // The content contains id and sender, so no other entry has this version.
                (ChatKey::new(KeyKind::Entry, &key), Some(ChatKey::new(KeyKind::Version, &content)))
            }
            (Some(_), None) => (ChatKey::new(KeyKind::Once, &content), None),
            (None, _) => {
                let before = self.equal_before.entry(content).or_default();
                let key = digest(&[b"occurrence", &content, &before.to_be_bytes()]);
                *before += 1;
                (ChatKey::new(KeyKind::Once, &key), None)
            }
        };
        ChatEntry { key, version, message: members.message(), json: json.into() }
    }
}

/// A digest of `parts`, each with its length, so that different lists have different inputs.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
