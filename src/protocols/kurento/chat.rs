//! Writing to the room. Source: kurento document, entries 14 and 15.

use tracing::warn;
use uuid::Uuid;

use super::{
    ask::Ask,
    delivery::Word,
    error::{Code, Refusal},
    join::room_called,
    messages::{Answer, Notification},
};
use crate::{
    core::{
        hub::{history::Published, join::Seated},
        model::{event::ChatMessage, ids::Name},
    },
    protocols::chat_json::kept,
};

/// The longest message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024;

impl Ask<'_> {
    /// `sendMessage`: it is kept and the others are told, then it is answered, then the writer is told as all others.
    pub(super) async fn send_message(&self) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let params = &self.request.params;
        let text = params.text("message")?;
        self.check_writer(&seat, &params.text("userMessage")?, &params.text("roomMessage")?)?;
        if text.len() > MAX_MESSAGE_BYTES {
            let message = format!("The message has more than {MAX_MESSAGE_BYTES} bytes");
            return Err(Refusal::new(Code::Other, message));
        }
        let message = self.door.hub.compose(&seat, &Uuid::new_v4().to_string(), &text);
        let message = message.map_err(|_| Refusal::not_joined(self.session.id.as_str()))?;
        self.publish_message(&seat, &message).await;
        self.answer(&Answer::Done);
        self.session.tell(&Notification::SendMessage {
            room: seat.room().local(),
            user: message.name.as_str(),
            message: &text,
        });
        Ok(())
    }

    /// The names in a message are only checked: who writes where is known.
    fn check_writer(&self, seat: &Seated, user: &str, room: &str) -> Result<(), Refusal> {
        let name = self.session.with_place(|place| place.name.clone())?;
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

    /// The protocol promises that a message is told, not that it is kept: one that cannot be is told all the same.
    async fn publish_message(&self, seat: &Seated, message: &ChatMessage) {
        match self.door.hub.publish(seat, message, kept(message)).await {
            // The others were told by then; their ids are made here, so none is another message's.
            Ok(Published::Unkept) => {}
            Ok(_) => self.door.counters.messages.increment(1),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a message could not be kept");
                self.tell_others(seat, &Word::Wrote { message: message.body.to_string() });
            }
        }
    }
}
