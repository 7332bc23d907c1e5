//! The chat messages of one client: stored, delivered and acknowledged in the order in which they were sent.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    connection::{MeshConnection, PendingMessage, WAITING_OVERHEAD},
    error::{DELIVERED_ONLY, ID_CONFLICT, NOT_JOINED, TOO_MANY_REQUESTS},
    messages::{MessageSent, RefusedAck, SendMessage},
    sending::Ack,
};
use crate::{
    core::hub::history::Published,
    protocols::{
        chat_json::{sent_at_of, stored_form, timestamp},
        lane::{Lane, Worker},
    },
};

impl MeshConnection {
    /// Stores and delivers a message after all earlier ones.
    pub(super) fn queue_message(self: &Arc<Self>, message: &SendMessage, ack: Ack) {
        // Composed now: name and seat are those at the time of sending, however long the store takes.
        let composed = self.seat().clone().ok_or(NOT_JOINED).and_then(|seat| {
            let id = message.id.as_deref().map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
            Ok((self.door.common.hub.compose(&seat, &id, &message.body)?, seat))
        });
        match composed {
            Err(refusal) => self.refuse(ack, &refusal),
            Ok((message, seat)) => {
                // Messages have a lane of their own: signals must not wait for a disk.
                let message = PendingMessage { seat, message, ack };
                if let Err(refused) = Lane::submit(self, message, &self.door.runtime.tasks) {
                    self.refuse(refused.ack, &TOO_MANY_REQUESTS);
                }
            }
        }
    }

    async fn send_message(self: Arc<Self>, pending: PendingMessage) {
        let PendingMessage { seat, message, ack } = pending;
        let sent_at = match self.door.common.hub.publish(&seat, &message, stored_form(&message)).await {
            Ok(Published::Stored) => timestamp(message.sent_at),
            Ok(Published::AlreadyStored(json)) => {
                sent_at_of(&json).unwrap_or_else(|| timestamp(message.sent_at))
            }
            Ok(Published::Conflict) => return self.refuse(ack, &ID_CONFLICT),
            Ok(Published::NotStored) => {
                return self.refuse_with(
                    ack,
                    &DELIVERED_ONLY,
                    &RefusedAck::from(&DELIVERED_ONLY).delivered(),
                );
            }
            Err(error) => return self.refuse(ack, &error.into()),
        };
        self.door.runtime.counters.messages.increment(1);
        self.packets.acknowledge(ack, &MessageSent { success: true, id: &message.id, sent_at: &sent_at });
    }
}

impl Worker<PendingMessage> for MeshConnection {
    fn lane(&self) -> &Lane<PendingMessage> {
        &self.messages
    }

    fn weight(pending: &PendingMessage) -> usize {
        pending.message.body.len() + WAITING_OVERHEAD
    }

    fn work(self: &Arc<Self>, message: PendingMessage) -> Option<BoxFuture<'static, ()>> {
        Some(self.clone().send_message(message).boxed())
    }
}
