//! The chat messages of one client: stored, delivered and acknowledged in the order in which they were sent.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    connection::{MeshConnection, WAITING_OVERHEAD},
    error::{DELIVERED_ONLY, ID_CONFLICT, NOT_JOINED, TOO_MANY_REQUESTS},
    messages::{MessageSent, Refused, SendMessage},
    sending::Ack,
};
use crate::{
    core::{
        hub::{history::Published, join::Seated},
        model::event::ChatMessage,
    },
    protocols::{
        chat_json::{kept, sent_at_of, timestamp},
        lane::{Lane, Worker},
    },
};

/// How many bytes of chat messages of one connection may wait to be stored.
pub(super) const MAX_WAITING_MESSAGES: usize = 256 * 1024;

/// A chat message on its way into the store.
pub struct OutgoingMessage {
    seat: Seated,
    message: ChatMessage,
    ack: Ack,
}

impl MeshConnection {
    /// Takes a message in, to be stored and delivered after those before it.
    pub(super) fn queue_message(self: &Arc<Self>, message: &SendMessage, ack: Ack) {
        // Written now, under this name and from this seat, whatever comes before it is stored.
        let composed = self.seat().clone().ok_or(NOT_JOINED).and_then(|seat| {
            let id = message.id.as_deref().map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
            Ok((self.door.hub.compose(&seat, &id, &message.body)?, seat))
        });
        match composed {
            Err(refusal) => self.refuse(ack, &refusal),
            Ok((message, seat)) => {
                // A lane of their own: signals must not wait for a disk.
                let message = OutgoingMessage { seat, message, ack };
                if let Err(refused) = Lane::submit(self, message, &self.door.tasks) {
                    self.refuse(refused.ack, &TOO_MANY_REQUESTS);
                }
            }
        }
    }

    async fn send_message(self: Arc<Self>, outgoing: OutgoingMessage) {
        let OutgoingMessage { seat, message, ack } = outgoing;
        let sent_at = match self.door.hub.publish(&seat, &message, kept(&message)).await {
            Ok(Published::Now) => timestamp(message.sent_at),
            Ok(Published::Before(json)) => sent_at_of(&json).unwrap_or_else(|| timestamp(message.sent_at)),
            Ok(Published::Conflict) => return self.refuse(ack, &ID_CONFLICT),
            Ok(Published::Unkept) => {
                return self.refuse_with(ack, &DELIVERED_ONLY, &Refused::from(&DELIVERED_ONLY).delivered());
            }
            Err(error) => return self.refuse(ack, &error.into()),
        };
        self.door.counters.messages.increment(1);
        self.acknowledge(ack, &MessageSent { success: true, id: &message.id, sent_at: &sent_at });
    }
}

impl Worker<OutgoingMessage> for MeshConnection {
    fn lane(&self) -> &Lane<OutgoingMessage> {
        &self.messages
    }

    fn weight(outgoing: &OutgoingMessage) -> usize {
        outgoing.message.body.len() + WAITING_OVERHEAD
    }

    fn work(self: &Arc<Self>, message: OutgoingMessage) -> Option<BoxFuture<'static, ()>> {
        Some(self.clone().send_message(message).boxed())
    }
}
