//! Custom requests: an extension point for servers built on this one. Source: kurento document, entry 17.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{
    error::{Code, Refusal},
    messages::RequestResult,
    room_request::RoomRequest,
};

/// Answers custom requests.
#[async_trait]
pub trait CustomRequests: Send + Sync + 'static {
    /// Returns the members of the result; a value other than an object becomes its `value`.
    ///
    /// # Errors
    /// The message for the client.
    async fn answer(&self, request: CustomRequest) -> Result<Value, String>;
}

/// A custom request of a participant.
#[derive(Clone, PartialEq)]
pub struct CustomRequest {
    /// Name of the participant.
    pub user: String,
    /// Name of the room.
    pub room: String,
    /// The parameters of the request.
    pub params: Map<String, Value>,
}

/// Refuses every request, as documented for a server without custom requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsupported;

#[async_trait]
impl CustomRequests for Unsupported {
    async fn answer(&self, _request: CustomRequest) -> Result<Value, String> {
        Err("Unsupported method".to_owned())
    }
}

impl RoomRequest<'_> {
    /// `customRequest`: passes the parameters on, and answers with the result.
    pub(super) async fn custom(&self) -> Result<(), Refusal> {
        let (user, room) = self.session.with_membership(|membership| {
            (membership.name.as_str().to_owned(), membership.room().local().to_owned())
        })?;
        let params = self
            .request
            .params
            .iter()
            .filter_map(|(name, value)| Some((name.to_owned(), serde_json::from_str(value.get()).ok()?)));
        let request = CustomRequest { user, room, params: params.collect() };
        let answered = self.door.custom.answer(request).await;
        self.answer(&RequestResult::Custom(
            answered.map_err(|message| Refusal::new(Code::Unsupported, message))?,
        ));
        Ok(())
    }
}
