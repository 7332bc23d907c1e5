//! Chats as JSON: what a client may save, what makes two entries one, and the form in which live messages are kept.
//!
//! - `save`: the body of a save, and why one is refused.
//! - `keys`: from the canonical form of an entry to its keys.
//! - `former`: entries that earlier releases kept.

mod former;
mod keys;
mod save;

use std::{
    borrow::Cow,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

pub use self::{
    former::rekey,
    save::{ChatsError, EntryProblem, MAX_SAVE_BYTES, parse_save},
};
use crate::{
    core::model::{chat::LiveMessage, event::ChatMessage},
    protocols::json_text::replace_unpaired_surrogates,
};

/// How deep an entry's arrays and objects may nest. Chats are flat; deeper nesting is an attack on the parsers of
/// those who read the history.
pub const MAX_DEPTH: usize = 32;

/// A live message as it is kept, and as it comes back in a room's history.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMessage<'a> {
    id: Cow<'a, str>,
    from: Cow<'a, str>,
    name: Cow<'a, str>,
    body: Cow<'a, str>,
    sent_at: Cow<'a, str>,
}

/// The form in which a live message is kept.
pub fn kept(message: &ChatMessage) -> LiveMessage {
    let from = message.from.to_string();
    let identity = keys::message(&from, &message.id, &message.body);
    let kept = KeptMessage {
        id: Cow::Borrowed(&message.id),
        from: from.into(),
        name: Cow::Borrowed(message.name.as_str()),
        body: Cow::Borrowed(&message.body),
        sent_at: timestamp(message.sent_at).into(),
    };
    let json = serde_json::to_string(&kept).expect("a struct of strings is always JSON");
    LiveMessage { identity, json: json.into() }
}

/// The `sent_at` of a kept message, if it has one.
pub fn sent_at_of(json: &str) -> Option<String> {
    serde_json::from_str::<KeptMessage>(json).ok().map(|kept| kept.sent_at.into_owned())
}

/// A room's history as one JSON array that strict parsers can read: each entry as it was saved, but for unpaired
/// surrogate escapes.
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
    fn a_history_is_served_as_it_was_saved_but_for_unpaired_surrogates() {
        let history = [r#"{"a" : 1e400}"#, r#""\ud800\u0041""#, r#"{"a":1,"a":2}"#].map(Box::from);
        assert_eq!(served(&history), r#"[{"a" : 1e400},"\ufffd\u0041",{"a":1,"a":2}]"#);
        assert_eq!(served(&[]), "[]");
    }
}
