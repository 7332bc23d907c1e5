//! The event queue of the server's own SFU. The channel is unbounded, but its length is not: each client has
//! a budget of bytes, and each media connection reports a bounded number of events.

use std::{
    collections::HashMap,
    future::{pending, ready},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    core::{
        model::{
            event::Signal,
            ids::{Name, ParticipantId},
            lock::lock,
        },
        ports::connection::{CloseReason, DeliverError},
    },
    media::{EndpointId, MediaEvent, MediaListener},
    protocols::{arbiter::delivery::SfuInbox, limits::MAX_WAITING_BYTES},
};

/// Bytes that a queued message takes in addition to its text.
const OVERHEAD_BYTES: usize = 256;

/// An event for the SFU.
pub enum SfuEvent {
    /// A client has sent a signal.
    Signal(ClientSignal),
    /// A client has left.
    Left(ParticipantId),
    /// A media connection has changed.
    Media(EndpointId, MediaEvent),
    /// The seat of the SFU is lost, or the server stops.
    Closed,
}

/// A signal of a client.
pub struct ClientSignal {
    /// The client.
    pub from: ParticipantId,
    /// The id of the client.
    pub id: Name,
    /// `data` of the handshake.
    pub data: Bytes,
    /// Returns the bytes to the budget of the client.
    _budget: OwnedSemaphorePermit,
}

/// The sending end of the queue.
pub struct QueueInbox {
    events: mpsc::UnboundedSender<SfuEvent>,
    /// Bytes that each client may still have queued. Signals beyond are dropped; only a client that does not
    /// wait for answers sends so many.
    budgets: Mutex<HashMap<ParticipantId, Arc<Semaphore>>>,
}

/// The receiving end of the queue.
pub struct SfuEvents {
    events: mpsc::UnboundedReceiver<SfuEvent>,
    /// Queues the events of media connections.
    pub listener: Arc<dyn MediaListener>,
}

/// Creates an empty queue.
pub fn open() -> (QueueInbox, SfuEvents) {
    let (sender, events) = mpsc::unbounded_channel();
    let of_media = sender.clone();
    let listener = move |endpoint: EndpointId, event: MediaEvent| {
        // The protocol has no message for the active speaker.
        if matches!(event, MediaEvent::Connected | MediaEvent::Closed(_)) {
            let _ = of_media.send(SfuEvent::Media(endpoint, event));
        }
    };
    let inbox = QueueInbox { events: sender, budgets: Mutex::default() };
    (inbox, SfuEvents { events, listener: Arc::new(listener) })
}

impl SfuEvents {
    /// Waits for the next event.
    pub async fn next(&mut self) -> SfuEvent {
        self.events.recv().await.unwrap_or(SfuEvent::Closed)
    }
}

impl QueueInbox {
    fn tell(&self, event: SfuEvent) -> Result<(), DeliverError> {
        self.events.send(event).map_err(|_| DeliverError::Closed)
    }
}

impl SfuInbox for QueueInbox {
    fn deliver_signal(&self, signal: &Signal) -> Result<(), DeliverError> {
        let (from, data) = (signal.from, signal.payload.clone());
        let budgets = lock(&self.budgets)
            .entry(from)
            .or_insert_with(|| Arc::new(Semaphore::new(MAX_WAITING_BYTES)))
            .clone();
        let bytes = u32::try_from(data.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX);
        let Ok(budget) = budgets.try_acquire_many_owned(bytes) else { return Ok(()) };
        self.tell(SfuEvent::Signal(ClientSignal { from, id: signal.name.clone(), data, _budget: budget }))
    }

    fn client_left(&self, who: ParticipantId, _id: &Name) -> Result<(), DeliverError> {
        lock(&self.budgets).remove(&who);
        self.tell(SfuEvent::Left(who))
    }

    fn close(&self, _reason: CloseReason) {
        let _ = self.tell(SfuEvent::Closed);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        if self.events.is_closed() { pending().boxed() } else { ready(()).boxed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::model::event::SignalKind;

    fn signal(from: ParticipantId, bytes: usize) -> Signal {
        let payload = vec![b' '; bytes].into();
        Signal { from, name: "ann".parse().unwrap(), kind: SignalKind::Other, payload }
    }

    #[tokio::test]
    async fn a_client_over_its_budget_does_not_block_others() {
        let (inbox, mut events) = open();
        let (ann, bob) = (ParticipantId::random(), ParticipantId::random());
        for _ in 0..10 {
            inbox.deliver_signal(&signal(ann, 100_000)).unwrap();
        }
        inbox.deliver_signal(&signal(bob, 100_000)).unwrap();
        let mut from = Vec::new();
        for _ in 0..3 {
            let SfuEvent::Signal(signal) = events.next().await else { panic!("a signal is expected") };
            from.push(signal.from);
        }
        assert_eq!(from, [ann, ann, bob]);
        inbox.deliver_signal(&signal(ann, 100_000)).unwrap();
        assert!(matches!(events.next().await, SfuEvent::Signal(_)), "a received signal frees its bytes");
    }

    #[tokio::test]
    async fn an_sfu_that_has_ended_gives_no_sign_of_life() {
        let (inbox, events) = open();
        inbox.sign_of_life().await;
        drop(events);
        assert!(inbox.sign_of_life().now_or_never().is_none());
        assert_eq!(inbox.deliver_signal(&signal(ParticipantId::random(), 1)), Err(DeliverError::Closed));
    }
}
