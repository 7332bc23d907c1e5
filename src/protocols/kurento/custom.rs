//! Requests that are not the protocol's own: whoever builds a server on this one may answer them. Source: kurento
//! document, entry 17.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{
    ask::Ask,
    error::{Code, Refusal},
    messages::Answer,
};

/// Answers custom requests.
#[async_trait]
pub trait CustomRequests: Send + Sync + 'static {
    /// The members of the result; anything else than an object is its `value`.
    ///
    /// # Errors
    /// What to tell the client, for people.
    async fn answer(&self, request: CustomRequest) -> Result<Value, String>;
}

/// A custom request of somebody in a room.
#[derive(Clone, PartialEq)]
pub struct CustomRequest {
    /// Who asks.
    pub user: String,
    /// Where.
    pub room: String,
    /// What the client sent.
    pub params: Map<String, Value>,
}

/// What is documented for a server that has no custom requests: it refuses them all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsupported;

#[async_trait]
impl CustomRequests for Unsupported {
    async fn answer(&self, _request: CustomRequest) -> Result<Value, String> {
        Err("Unsupported method".to_owned())
    }
}

impl Ask<'_> {
    /// `customRequest`.
    pub(super) async fn custom(&self) -> Result<(), Refusal> {
        let (user, room) = self
            .session
            .with_place(|place| (place.name.as_str().to_owned(), place.room().local().to_owned()))?;
        let params = self
            .request
            .params
            .iter()
            .filter_map(|(name, value)| Some((name.to_owned(), serde_json::from_str(value.get()).ok()?)));
        let request = CustomRequest { user, room, params: params.collect() };
        let answered = self.door.custom.answer(request).await;
        self.answer(&Answer::Custom(answered.map_err(|message| Refusal::new(Code::Unsupported, message))?));
        Ok(())
    }
}
