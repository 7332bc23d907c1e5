//! Chats as JSON: the body of a save, the equality of entries, and the stored form of live messages.
//!
//! - `save`: parses the body of a save.
//! - `keys`: makes the keys of an entry from its canonical form.
//! - `rekey`: converts entries that earlier releases stored.

mod keys;
mod rekey;
mod save;

use std::{
    borrow::Cow,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

pub use self::{
    rekey::rekey,
    save::{ChatsError, EntryProblem, MAX_SAVE_BYTES, parse_save},
};
use crate::{
    core::model::{chat::LiveMessage, event::ChatMessage},
    protocols::json_text::replace_unpaired_surrogates,
};

/// The deepest nesting of an entry. Chats are flat; deep nesting attacks the parsers of readers.
pub const MAX_DEPTH: usize = 32;

/// A live message in its stored form, which the history serves.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMessage<'a> {
    id: Cow<'a, str>,
    from: Cow<'a, str>,
    name: Cow<'a, str>,
    body: Cow<'a, str>,
    sent_at: Cow<'a, str>,
}

/// The stored form of a live message.
pub fn stored_form(message: &ChatMessage) -> LiveMessage {
    let from = message.from.to_string();
    let identity = keys::message(&from, &message.id, &message.body);
    let stored = StoredMessage {
        id: Cow::Borrowed(&message.id),
        from: from.into(),
        name: Cow::Borrowed(message.name.as_str()),
        body: Cow::Borrowed(&message.body),
        sent_at: timestamp(message.sent_at).into(),
    };
    let json = serde_json::to_string(&stored).expect("a struct of strings is always JSON");
    LiveMessage { identity, json: json.into() }
}

/// The `sent_at` of a stored message.
pub fn sent_at_of(json: &str) -> Option<String> {
    serde_json::from_str::<StoredMessage>(json).ok().map(|stored| stored.sent_at.into_owned())
}

/// A room's history as one JSON array for strict parsers.
///
/// Each entry is as it was saved, except that unpaired surrogate escapes are replaced.
pub fn served(history: &[Box<str>]) -> String {
    let bytes: usize = history.iter().map(|json| json.len() + 1).sum();
    let mut array = String::with_capacity(bytes + 2);
    array.push('[');
    for (position, json) in history.iter().enumerate() {
        array.push_str(if position == 0 { "" } else { "," });
        array.push_str(&replace_unpaired_surrogates(json));
    }
    array.push(']');
    array
}

/// RFC 3339 in UTC with milliseconds, as JavaScript's `Date` reads and writes it.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(UNIX_EPOCH)).to_string()
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod serving {
    use super::*;

    #[test]
    fn a_history_is_served_unchanged_except_unpaired_surrogates() {
        let history = [r#"{"a" : 1e400}"#, r#""\ud800\u0041""#, r#"{"a":1,"a":2}"#].map(Box::from);
        assert_eq!(served(&history), r#"[{"a" : 1e400},"\ufffd\u0041",{"a":1,"a":2}]"#);
        assert_eq!(served(&[]), "[]");
    }
}
