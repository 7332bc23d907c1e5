//! Notifications to a participant about its room, made from events of the core.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tracing::error;

use super::{
    KurentoDoor,
    membership::Membership,
    messages::{Notification, WEBCAM},
    session::{Session, TOO_SLOW},
};
use crate::protocols::prelude::*;

/// The server stops. Source of the code: RFC 6455, section 7.4.1.
pub const GOING_AWAY: CloseStatus = CloseStatus { code: 1001, reason: "the server is shutting down" };

/// A signal between the participants of a room, for state that the core does not know.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RoomSignal {
    /// The sender publishes media.
    Published,
    /// The sender has stopped publishing.
    Unpublished,
    /// The sender wrote a message that could not be stored.
    Wrote {
        /// The text.
        message: String,
    },
}

impl RoomSignal {
    /// The payload of the signal in the core.
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).expect("a word is always JSON").into()
    }
}

/// Delivers the events of a room to a participant: a session on one WebSocket.
pub struct RoomDelivery {
    door: Arc<KurentoDoor>,
    session: Arc<Session>,
    participant: ParticipantId,
    sender: SocketSender,
}

impl RoomDelivery {
    /// Creates the delivery to `participant`, which belongs to `session`, over `sender`.
    pub fn new(
        door: Arc<KurentoDoor>,
        session: Arc<Session>,
        participant: ParticipantId,
        sender: SocketSender,
    ) -> Arc<Self> {
        Arc::new(Self { door, session, participant, sender })
    }

    /// Sends the notification, and only then updates the membership: an event that is not accepted is
    /// delivered again.
    fn tell(
        &self,
        membership: &mut Membership,
        notification: Option<Notification<'_>>,
        note: impl FnOnce(&mut Membership),
    ) -> Result<(), DeliverError> {
        if let Some(notification) = notification {
            self.sender.send(notification.text())?;
        }
        note(membership);
        Ok(())
    }

    fn tell_event(&self, membership: &mut Membership, event: &Event) -> Result<(), DeliverError> {
        match event {
            Event::Joined { participant, name } => {
                let joined = Notification::ParticipantJoined { id: name.as_str() };
                self.tell(membership, Some(joined), |membership| {
                    membership.note_joined(*participant, name.clone());
                })
            }
            Event::Left { participant, .. } => {
                let name = membership.name_of(*participant).cloned();
                let left = name.as_ref().map(|name| Notification::ParticipantLeft { name: name.as_str() });
                self.tell(membership, left, |membership| membership.note_left(*participant))
            }
            Event::Chat(message) => self.tell_message(membership, message.name.as_str(), &message.body),
            Event::Signal(signal) => self.tell_signal(membership, signal),
            // The protocol has no notification for a lost connection: the participant stays in the room.
            Event::Reconnecting { .. } | Event::Resumed { .. } => Ok(()),
        }
    }

    fn tell_message(
        &self,
        membership: &mut Membership,
        user: &str,
        message: &str,
    ) -> Result<(), DeliverError> {
        let room = membership.room().clone();
        let sent = Notification::SendMessage { room: room.local(), user, message };
        self.tell(membership, Some(sent), |_| {})
    }

    fn tell_signal(&self, membership: &mut Membership, signal: &Signal) -> Result<(), DeliverError> {
        let (from, name) = (signal.from, signal.name.as_str());
        let is_known = membership.knows_published(from);
        match serde_json::from_slice(&signal.payload) {
            Ok(RoomSignal::Published) => {
                // A participant that joined at the same moment knows it already.
                let published =
                    (!is_known).then_some(Notification::ParticipantPublished { id: name, streams: WEBCAM });
                self.tell(membership, published, |membership| membership.note_publishes(from, true))
            }
            Ok(RoomSignal::Unpublished) => {
                let unpublished = is_known.then_some(Notification::ParticipantUnpublished { name });
                self.tell(membership, unpublished, |membership| membership.note_publishes(from, false))
            }
            Ok(RoomSignal::Wrote { message }) => self.tell_message(membership, name, &message),
            Err(_) => {
                error!("a signal that is none of the kurento door's cannot be told to its clients");
                Ok(())
            }
        }
    }
}

impl SocketConnection for RoomDelivery {
    fn sender(&self) -> &SocketSender {
        &self.sender
    }

    fn deliver(&self, Numbered { seq, event }: &Numbered) -> Result<(), DeliverError> {
        let delivered = self.session.with_membership(|membership| {
            // Events of a room that the session has left are dropped.
            if membership.seat.participant() == self.participant {
                self.tell_event(membership, event)?;
                membership.note_delivered(*seq);
            }
            Ok(())
        });
        delivered.unwrap_or(Ok(()))
    }

    fn close(&self, reason: CloseReason) {
        match reason {
            CloseReason::TooSlow => self.sender.close(TOO_SLOW),
            CloseReason::ShuttingDown => self.sender.close(GOING_AWAY),
            // A session that has moved to another WebSocket keeps its seat. Otherwise the seat is lost.
            CloseReason::Replaced | CloseReason::Dismissed => {
                if self.session.is_on(self.sender.id())
                    && let Some(membership) = self.session.take_membership(Some(self.participant))
                {
                    self.session.tell(&Notification::ParticipantEvicted {});
                    self.door.spawn_release(self.session.clone(), membership);
                }
            }
        }
    }
}
