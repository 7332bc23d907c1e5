//! Coming into a room, and leaving it. Source: kurento document, entries 1, 2, 11 and 12.

use serde::Deserialize;

use super::{
    NAMESPACE,
    ask::Ask,
    connection::NORMAL,
    error::{Code, Refusal},
    messages::{Answer, Written},
    place::{Place, Wishes},
};
use crate::core::{
    hub::join::{JoinRequest, Joined, Seated},
    model::{
        error::Replaced,
        ids::{Name, RoomId},
    },
    room::View,
};

impl Ask<'_> {
    /// `joinRoom`: the others are told, then it is answered with who they are.
    pub(super) async fn join(&self) -> Result<(), Refusal> {
        let params = &self.request.params;
        let name = user_called(&params.text("user")?)?;
        let room = room_called(&params.text("room")?)?;
        if let Ok(seat) = self.session.seat()
            && self.look_again(&seat, &name, &room).await?
        {
            return Ok(());
        }
        if self.door.is_closing(&room) {
            let (user, room) = (name.as_str(), room.local());
            let message = format!("'{user}' is trying to join room '{room}' but it is closing");
            return Err(Refusal::new(Code::RoomClosed, message));
        }
        let request = JoinRequest::new(room.clone(), name.clone(), self.door.policy);
        let joined = self.door.hub.join(request).await;
        let joined = joined.map_err(|error| Refusal::to_join(error, name.as_str(), room.local()))?;
        if let Err(refusal) = self.check_node(&joined.seat).await {
            self.door.hub.leave(&joined.seat).await;
            return Err(refusal);
        }
        self.sit_down(joined, name);
        Ok(())
    }

    /// Media does not go from node to node: whoever sat down where others sit on another one gets up again. Of two who
    /// come to different nodes at the same moment, the first one stays.
    async fn check_node(&self, seat: &Seated) -> Result<(), Refusal> {
        let all = self.door.hub.seats(seat.room()).await.map_err(|error| Refusal::unavailable(&error))?;
        let own = all.iter().find(|one| one.participant == seat.participant());
        let is_elsewhere = own.is_some_and(|own| {
            // Whoever is away comes back by a new connection, and that will be here.
            all.iter().any(|other| other.node != own.node && other.connected && other.since < own.since)
        });
        if is_elsewhere { Err(Refusal::elsewhere(seat.room().local())) } else { Ok(()) }
    }

    /// Joining where one sits is no second join: it tells how things stand. `false`: the seat was lost.
    async fn look_again(&self, seat: &Seated, name: &Name, room: &RoomId) -> Result<bool, Refusal> {
        let own_name = self.session.with_place(|place| place.name.clone())?;
        if seat.room() != room || own_name != *name {
            let (user, room) = (own_name.as_str(), seat.room().local());
            let message = format!("This session is in room '{room}' already, as '{user}'");
            return Err(Refusal::new(Code::UserExists, message));
        }
        match self.door.hub.view(seat).await {
            Ok(Joined { view, history, .. }) => {
                self.welcome(&view, history.as_deref())?;
                Ok(true)
            }
            Err(Replaced) => {
                if let Some(place) = self.session.stand_up(Some(seat.participant())) {
                    self.door.forget(self.session, &place);
                }
                Ok(false)
            }
        }
    }

    fn sit_down(&self, joined: Joined, name: Name) {
        let Joined { seat, view, history, .. } = joined;
        self.door.counters.joins.increment(1);
        self.door.forget_former(seat.room(), &name);
        let params = &self.request.params;
        let wishes = Wishes {
            data_channels: params.is_on("dataChannels"),
            active_speaker: params.is_on("activeSpeaker"),
        };
        self.session.sit_down(Place::new(seat.clone(), name, wishes));
        self.door.sessions.enter(seat.room(), self.session);
        // The answer goes first; what the others said since the seat was taken follows it.
        if self.welcome(&view, history.as_deref()).is_ok() {
            self.attach(&seat);
        }
    }

    fn welcome(&self, view: &View, history: Option<&[Box<str>]>) -> Result<(), Refusal> {
        let seat = self.session.seat()?;
        let publishers = self.door.sessions.publishers(seat.room());
        let others = self.session.with_place(|place| place.look_around(&view.others, &publishers))?;
        let history = history.filter(|_| self.request.params.is_on("messages"));
        let messages = history.map(|entries| entries.iter().filter_map(|entry| written(entry)).collect());
        self.answer(&Answer::Participants(others, messages));
        Ok(())
    }

    /// `leaveRoom`: the others are told, then it is answered; then the server closes the WebSocket, as the original does.
    pub(super) async fn leave(&self) -> Result<(), Refusal> {
        self.session.seat()?;
        self.door.end(self.session).await;
        self.answer(&Answer::Done);
        self.session.close(NORMAL, "the room was left");
        Ok(())
    }
}

/// What somebody wants to be called.
fn user_called(text: &str) -> Result<Name, Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(Code::Other, "Empty user name is not allowed"));
    }
    text.parse().map_err(|error| Refusal::new(Code::User, format!("The user name {error}")))
}

/// The room called `text`. No other door's room is ever the same.
pub fn room_called(text: &str) -> Result<RoomId, Refusal> {
    RoomId::within(NAMESPACE, text)
        .map_err(|error| Refusal::new(Code::RoomCannotBeCreated, format!("The room name {error}")))
}

/// A message as it was kept.
fn written(entry: &str) -> Option<Written> {
    #[derive(Deserialize)]
    struct Kept {
        name: String,
        body: String,
        sent_at: String,
    }

    let Kept { name, body, sent_at } = serde_json::from_str(entry).ok()?;
    Some(Written { user: name, message: body, time: sent_at })
}
