//! Joining and leaving a room. Source: kurento document, entries 1, 2, 11 and 12.

use serde::Deserialize;

use super::{
    NAMESPACE,
    connection::normal,
    error::{Code, Refusal},
    membership::{JoinOptions, Membership},
    messages::{RequestResult, Written},
    room_request::RoomRequest,
};
use crate::core::{
    hub::join::{JoinRequest, Joined, Seated},
    model::{
        error::Replaced,
        ids::{Name, RoomId},
    },
    room::View,
};

impl RoomRequest<'_> {
    /// `joinRoom`: tells the others, then answers with the list of participants.
    pub(super) async fn join(&self) -> Result<(), Refusal> {
        let params = &self.request.params;
        let name = user_called(&params.text("user")?)?;
        let room = room_called(&params.text("room")?)?;
        if let Ok(seat) = self.session.seat()
            && self.join_again(&seat, &name, &room).await?
        {
            return Ok(());
        }
        if self.door.closing.contains(&room) {
            let (user, room) = (name.as_str(), room.local());
            let message = format!("'{user}' is trying to join room '{room}' but it is closing");
            return Err(Refusal::new(Code::RoomClosed, message));
        }
        let request = JoinRequest::new(room.clone(), name.clone(), self.door.policy);
        let joined = self.door.common.hub.join(request).await;
        let joined = joined.map_err(|error| Refusal::to_join(error, name.as_str(), room.local()))?;
        if let Err(refusal) = self.check_node(&joined.seat).await {
            self.door.common.hub.leave(&joined.seat).await;
            return Err(refusal);
        }
        self.enter(joined, name);
        Ok(())
    }

    /// Refuses a seat if participants who came earlier are connected to another node: media is not forwarded
    /// between nodes. Of two who join on two nodes at once, the first keeps its seat.
    async fn check_node(&self, seat: &Seated) -> Result<(), Refusal> {
        let all =
            self.door.common.hub.seats(seat.room()).await.map_err(|error| Refusal::unavailable(&error))?;
        let own = all.iter().find(|one| one.participant == seat.participant());
        let is_on_another_node = own.is_some_and(|own| {
            // A participant without a connection will reconnect to this node.
            all.iter().any(|other| other.node != own.node && other.connected && other.since < own.since)
        });
        if is_on_another_node { Err(Refusal::on_another_node(seat.room().local())) } else { Ok(()) }
    }

    /// Answers a repeated join of the same room with its present state. `false`: the seat was lost.
    async fn join_again(&self, seat: &Seated, name: &Name, room: &RoomId) -> Result<bool, Refusal> {
        let own_name = self.session.with_membership(|membership| membership.name.clone())?;
        if seat.room() != room || own_name != *name {
            let (user, room) = (own_name.as_str(), seat.room().local());
            let message = format!("This session is in room '{room}' already, as '{user}'");
            return Err(Refusal::new(Code::UserExists, message));
        }
        match self.door.common.hub.view(seat).await {
            Ok(Joined { view, history, .. }) => {
                self.welcome(&view, history.as_deref())?;
                Ok(true)
            }
            Err(Replaced) => {
                if let Some(membership) = self.session.take_membership(Some(seat.participant())) {
                    self.door.release(self.session, &membership);
                }
                Ok(false)
            }
        }
    }

    fn enter(&self, joined: Joined, name: Name) {
        let Joined { seat, view, history, .. } = joined;
        self.door.runtime.counters.joins.increment(1);
        self.door.evict_former_holder(seat.room(), &name);
        let params = &self.request.params;
        let options = JoinOptions {
            data_channels: params.is_on("dataChannels"),
            active_speaker: params.is_on("activeSpeaker"),
        };
        self.session.enter(Membership::new(seat.clone(), name, options));
        self.door.sessions.enter(seat.room(), self.session);
        // The answer must precede the events since the seat was taken.
        if self.welcome(&view, history.as_deref()).is_ok() {
            self.attach(&seat);
        }
    }

    fn welcome(&self, view: &View, history: Option<&[Box<str>]>) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let publishers = self.door.sessions.publishers(seat.room());
        let others =
            self.session.with_membership(|membership| membership.set_others(&view.others, &publishers))?;
        let history = history.filter(|_| self.request.params.is_on("messages"));
        let messages = history.map(|entries| entries.iter().filter_map(|entry| written(entry)).collect());
        self.answer(&RequestResult::Participants(others, messages));
        Ok(())
    }

    /// `leaveRoom`: tells the others, then answers, then closes the WebSocket, as the original does.
    pub(super) async fn leave(&self) -> Result<(), Refusal> {
        self.session.seat()?;
        self.door.end_session(self.session).await;
        self.answer(&RequestResult::Done);
        self.session.close(normal("the room was left"));
        Ok(())
    }
}

/// Parses the name of a user.
fn user_called(text: &str) -> Result<Name, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(Code::Other, "Empty user name is not allowed"));
    }
    text.parse().map_err(|error| Refusal::new(Code::User, format!("The user name {error}")))
}

/// The room called `text`. Rooms of other doors have other ids.
pub fn room_called(text: &str) -> Result<RoomId, Refusal> {
    RoomId::within(NAMESPACE, text)
        .map_err(|error| Refusal::new(Code::RoomCannotBeCreated, format!("The room name {error}")))
}

/// Parses a stored message.
fn written(entry: &str) -> Option<Written> {
    #[derive(Deserialize)]
    struct Stored {
        name: String,
        body: String,
        sent_at: String,
    }

    let Stored { name, body, sent_at } = serde_json::from_str(entry).ok()?;
    Some(Written { user: name, message: body, time: sent_at })
}
