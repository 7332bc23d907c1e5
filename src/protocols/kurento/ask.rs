//! A request about a room: whose it is, which method it wants, and how it is answered.
//!
//! The methods are in `join`, `streams`, `chat` and `custom`, in the order in which things go over the wire.

use std::sync::Arc;

use super::{
    KurentoDoor,
    delivery::{Line, Word},
    error::{Code, Refusal},
    messages::Answer,
    rpc::Request,
    session::Session,
};
use crate::core::{
    hub::join::Seated,
    model::{
        event::SignalKind,
        ids::{Name, ParticipantId},
    },
};

/// A request of a session's, while it has its turn.
pub struct Ask<'a> {
    /// The door.
    pub door: &'a Arc<KurentoDoor>,
    /// Who asks.
    pub session: &'a Arc<Session>,
    /// What for.
    pub request: &'a Request<'a>,
}

impl Ask<'_> {
    /// Does it, and answers if that succeeds.
    ///
    /// # Errors
    /// It is not done; that is still to be answered.
    pub async fn perform(&self) -> Result<(), Refusal> {
        match self.request.method.as_ref() {
            "joinRoom" => self.join().await,
            "publishVideo" => self.publish().await,
            "unpublishVideo" => self.unpublish(),
            "receiveVideoFrom" => self.receive().await,
            "unsubscribeFromVideo" => self.unsubscribe(),
            "onIceCandidate" => self.take_candidate(),
            "sendMessage" => self.send_message().await,
            "leaveRoom" => self.leave().await,
            "customRequest" => self.custom().await,
            _ => Err(Refusal::new(Code::NoSuchMethod, "There is no such method")),
        }
    }

    /// Answers on whichever WebSocket the session is now.
    pub(super) fn answer(&self, answer: &Answer) {
        self.session.send(answer.text(self.request.id, Some(self.session.id.as_str())));
    }

    /// Tells everybody else in the room.
    pub(super) fn tell_others(&self, seat: &Seated, word: &Word) {
        // A seat that was lost meanwhile has nobody to be told.
        let _ = self.door.hub.broadcast(seat, SignalKind::Other, word.encode());
    }

    /// Has the participant told what happens, and has happened since it sat down.
    pub(super) fn attach(&self, seat: &Seated) {
        let opened = self.session.with_place(|place| place.is_open = true);
        if let (Ok(()), Some(wire)) = (opened, self.session.wire()) {
            let line = Line::new(self.door.clone(), self.session.clone(), seat.participant(), wire);
            self.door.attach(seat, self.session, line);
        }
    }

    /// Who in the room is meant by a name, or by one with a stream's behind it (`ann_webcam`).
    pub(super) fn find(&self, seat: &Seated, meant: &str) -> Result<(ParticipantId, Name), Refusal> {
        let without_stream = meant.rsplit_once('_').map(|(name, _)| name);
        let found = [Some(meant), without_stream].into_iter().flatten().find_map(|text| {
            let name: Name = text.parse().ok()?;
            Some((self.door.hub.find(seat, &name)?, name))
        });
        found
            .ok_or_else(|| Refusal::no_such_user(shown(without_stream.unwrap_or(meant)), seat.room().local()))
    }
}

/// As much of a text of the client's as is worth repeating to it.
fn shown(text: &str) -> &str {
    text.char_indices().nth(crate::core::model::ids::MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}
