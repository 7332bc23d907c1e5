//! Chat messages of a room. Source: kurento document, entries 14 and 15.

use tracing::warn;
use uuid::Uuid;

use super::{
    delivery::RoomSignal,
    error::{Code, Refusal},
    join::room_called,
    messages::{Notification, RequestResult},
    room_request::RoomRequest,
};
use crate::{
    core::{
        hub::{history::Published, join::Seated},
        model::{event::ChatMessage, ids::Name},
    },
    protocols::chat_json::stored_form,
};

/// The longest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024;

impl RoomRequest<'_> {
    /// `sendMessage`: stores the message and tells the others, then answers, then notifies the sender too.
    pub(super) async fn send_message(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let params = &self.request.params;
        let text = params.text("message")?;
        self.check_writer(&seat, &params.text("userMessage")?, &params.text("roomMessage")?)?;
        if text.len() > MAX_MESSAGE_BYTES {
            let message = format!("The message has more than {MAX_MESSAGE_BYTES} bytes");
            return Err(Refusal::new(Code::Other, message));
        }
        let message = self.door.common.hub.compose(&seat, &Uuid::new_v4().to_string(), &text);
        let message = message.map_err(|_| Refusal::not_joined(self.session.id.as_str()))?;
        self.publish_message(&seat, &message).await;
        self.answer(&RequestResult::Done);
        self.session.tell(&Notification::SendMessage {
            room: seat.room().local(),
            user: message.name.as_str(),
            message: &text,
        });
        Ok(())
    }

    /// Checks the names in a message. The server knows the sender and the room already.
    fn check_writer(&self, seat: &Seated, user: &str, room: &str) -> Result<(), Refusal> {
        let name = self.session.with_membership(|membership| membership.name.clone())?;
        if user.parse::<Name>().as_ref() != Ok(&name) {
            let message = "Provided user name differs from the participant's name";
            return Err(Refusal::new(Code::UserNotFound, message));
        }
        if room_called(room).as_ref() != Ok(seat.room()) {
            let message = "Provided room name differs from the participant's room";
            return Err(Refusal::new(Code::RoomNotFound, message));
        }
        Ok(())
    }

    /// Sends the message to the others even if it cannot be stored: the protocol promises delivery, not
    /// history.
    async fn publish_message(&self, seat: &Seated, message: &ChatMessage) {
        match self.door.common.hub.publish(seat, message, stored_form(message)).await {
            // The hub delivered the message. The ids are created here, so none repeats.
            Ok(Published::NotStored) => {}
            Ok(_) => self.door.runtime.counters.messages.increment(1),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a message could not be stored");
                self.tell_others(seat, &RoomSignal::Wrote { message: message.body.to_string() });
            }
        }
    }
}
