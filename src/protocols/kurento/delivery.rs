//! What a participant is told of its room: events of the core, as notifications.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::{
    KurentoDoor,
    messages::{Notification, WEBCAM},
    place::Place,
    session::{Session, TOO_SLOW, Wire},
};
use crate::{
    core::{
        model::{
            event::{Event, Numbered, Signal},
            ids::{ConnectionId, ParticipantId},
        },
        ports::connection::{CloseReason, Connection, DeliverError},
    },
    protocols::websocket::Socket,
};

/// Going away. Source: RFC 6455, section 7.4.1.
pub const GOING_AWAY: (u16, &str) = (1001, "the server is shutting down");

/// What participants tell all others of their room, beside what the core knows of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Word {
    /// The sender sends media.
    Published,
    /// The sender sends no media any more.
    Unpublished,
    /// The sender wrote something that could not be kept.
    Wrote {
        /// The text.
        message: String,
    },
}

impl Word {
    /// As it goes through the core.
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("a word is always JSON").into()
    }
}

/// A participant's connection, as its room sees it: a session on a `WebSocket`.
pub struct Line {
    door: Arc<KurentoDoor>,
    session: Arc<Session>,
    participant: ParticipantId,
    id: ConnectionId,
    socket: Socket,
}

impl Line {
    /// The connection of `participant`, who is `session`'s, over `wire`.
    pub fn new(
        door: Arc<KurentoDoor>,
        session: Arc<Session>,
        participant: ParticipantId,
        wire: Wire,
    ) -> Arc<Self> {
        Arc::new(Self { door, session, participant, id: wire.id, socket: wire.socket })
    }

    /// Says it, and then notes that it was said: what was not taken comes again.
    fn tell(
        &self,
        place: &mut Place,
        notification: Option<Notification<'_>>,
        note: impl FnOnce(&mut Place),
    ) -> Result<(), DeliverError> {
        if let Some(notification) = notification {
            self.socket.send(notification.text())?;
        }
        note(place);
        Ok(())
    }

    fn tell_event(&self, place: &mut Place, event: &Event) -> Result<(), DeliverError> {
        match event {
            Event::Joined { participant, name } => {
                let joined = Notification::ParticipantJoined { id: name.as_str() };
                self.tell(place, Some(joined), |place| place.note_joined(*participant, name.clone()))
            }
            Event::Left { participant, .. } => {
                let name = place.name_of(*participant).cloned();
                let left = name.as_ref().map(|name| Notification::ParticipantLeft { name: name.as_str() });
                self.tell(place, left, |place| place.note_left(*participant))
            }
            Event::Chat(message) => self.tell_message(place, message.name.as_str(), &message.body),
            Event::Signal(signal) => self.tell_word(place, signal),
            // The protocol has no word for that: whoever is away is there.
            Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn tell_message(&self, place: &mut Place, user: &str, message: &str) -> Result<(), DeliverError> {
        let room = place.room().clone();
        let sent = Notification::SendMessage { room: room.local(), user, message };
        self.tell(place, Some(sent), |_| {})
    }

    fn tell_word(&self, place: &mut Place, signal: &Signal) -> Result<(), DeliverError> {
        let (from, name) = (signal.from, signal.name.as_str());
        let is_known = place.knows_published(from);
        match serde_json::from_slice(&signal.payload) {
            Ok(Word::Published) => {
                // Whoever joined at the same moment was told already.
                let published =
                    (!is_known).then_some(Notification::ParticipantPublished { id: name, streams: WEBCAM });
                self.tell(place, published, |place| place.note_publishes(from, true))
            }
            Ok(Word::Unpublished) => {
                let unpublished = is_known.then_some(Notification::ParticipantUnpublished { name });
                self.tell(place, unpublished, |place| place.note_publishes(from, false))
            }
            Ok(Word::Wrote { message }) => self.tell_message(place, name, &message),
            Err(_) => {
                error!("a signal that is none of the kurento door's cannot be told to its clients");
                Ok(())
            }
        }
    }
}

impl Connection for Line {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn deliver(&self, Numbered { seq, event }: &Numbered) -> Result<(), DeliverError> {
        let delivered = self.session.with_place(|place| {
            // Of a room that it is not in any more it hears nothing.
            if place.seat.participant() == self.participant {
                self.tell_event(place, event)?;
                place.note_heard(*seq);
            }
            Ok(())
        });
        delivered.unwrap_or(Ok(()))
    }

    fn close(&self, reason: CloseReason) {
        match reason {
            CloseReason::TooSlow => self.socket.close(TOO_SLOW.0, TOO_SLOW.1),
            CloseReason::ShuttingDown => self.socket.close(GOING_AWAY.0, GOING_AWAY.1),
            // Where the session has moved on to another WebSocket, that is all; else the seat is lost.
            CloseReason::Replaced | CloseReason::Dismissed => {
                if self.session.is_on(self.id)
                    && let Some(place) = self.session.stand_up(Some(self.participant))
                {
                    self.session.tell(&Notification::ParticipantEvicted {});
                    self.door.forget_soon(self.session.clone(), place);
                }
            }
        }
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.socket.sign_of_life()
    }
}
