//! JSON strings, borrowed from the message where possible.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A JSON string, borrowed if it contains no escapes: serde borrows a `Cow` only inside another type.
#[derive(Debug, Deserialize, PartialEq, Eq, Hash)]
pub struct JsonString<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The text of `value`, if it is a JSON string.
pub fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(value.get()).ok().map(|JsonString(text)| text)
}
