//! A request about a room: dispatch by method, and the answer.
//!
//! The methods are in `join`, `streams`, `chat` and `custom`, in the order in which their messages go over
//! the wire.

use std::sync::Arc;

use super::{
    KurentoDoor,
    delivery::{RoomDelivery, RoomSignal},
    error::{Code, Refusal},
    messages::RequestResult,
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

/// A request of a session, while it has the session's turn.
pub struct RoomRequest<'a> {
    /// The door.
    pub door: &'a Arc<KurentoDoor>,
    /// The session that sent the request.
    pub session: &'a Arc<Session>,
    /// The request.
    pub request: &'a Request<'a>,
}

impl RoomRequest<'_> {
    /// Handles the request, and answers it on success.
    ///
    /// # Errors
    /// The caller must answer with the refusal.
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

    /// Answers on the present WebSocket of the session.
    pub(super) fn answer(&self, answer: &RequestResult) {
        self.session.send(answer.text(self.request.id, Some(self.session.id.as_str())));
    }

    /// Sends a signal to everyone else in the room.
    pub(super) fn tell_others(&self, seat: &Seated, word: &RoomSignal) {
        // Fails only if the seat was lost meanwhile.
        let _ = self.door.common.hub.broadcast(seat, SignalKind::Other, word.encode());
    }

    /// Starts the delivery of events, beginning with those since the join.
    pub(super) fn attach(&self, seat: &Seated) {
        let opened = self.session.with_membership(|membership| membership.is_open = true);
        if let (Ok(()), Some(socket)) = (opened, self.session.socket()) {
            let delivery =
                RoomDelivery::new(self.door.clone(), self.session.clone(), seat.participant(), socket);
            self.door.attach(seat, self.session, delivery);
        }
    }

    /// Finds a participant by name, or by name and stream (`ann_webcam`).
    pub(super) fn find(&self, seat: &Seated, meant: &str) -> Result<(ParticipantId, Name), Refusal> {
        let without_stream = meant.rsplit_once('_').map(|(name, _)| name);
        let found = [Some(meant), without_stream].into_iter().flatten().find_map(|text| {
            let name: Name = text.parse().ok()?;
            Some((self.door.common.hub.find(seat, &name)?, name))
        });
        found
            .ok_or_else(|| Refusal::no_such_user(shown(without_stream.unwrap_or(meant)), seat.room().local()))
    }
}

/// The beginning of a client's text, as far as it is repeated to the client.
fn shown(text: &str) -> &str {
    text.char_indices().nth(crate::core::model::ids::MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}
