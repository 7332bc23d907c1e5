//! What the server's own SFU hears, in a queue: of its room and of its connections. The queue has no end, but nobody can
//! make it long: each client may have only so much in it, and each connection has only so much to tell.

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
    protocols::arbiter::delivery::Ear,
};

/// How many bytes of one client's may wait: two messages of the largest kind. What is more is lost, which only whoever does
/// not wait for answers notices.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// What a message takes besides its text.
const OVERHEAD_BYTES: usize = 256;

/// Something that has happened.
pub enum News {
    /// A client has sent something.
    Said(Said),
    /// A client has gone.
    Left(ParticipantId),
    /// A connection has something to tell.
    Media(EndpointId, MediaEvent),
    /// The seat is lost, or the server stops.
    Over,
}

/// What a client has sent.
pub struct Said {
    /// Who.
    pub from: ParticipantId,
    /// What it is called.
    pub id: Name,
    /// `data` of its handshake.
    pub data: Bytes,
    _place: OwnedSemaphorePermit,
}

/// The queue's end that hears.
pub struct QueueEar {
    news: mpsc::UnboundedSender<News>,
    places: Mutex<HashMap<ParticipantId, Arc<Semaphore>>>,
}

/// The queue's other end.
pub struct Heard {
    news: mpsc::UnboundedReceiver<News>,
    /// Hears of connections.
    pub listener: Arc<dyn MediaListener>,
}

/// A queue.
pub fn open() -> (QueueEar, Heard) {
    let (sender, news) = mpsc::unbounded_channel();
    let of_media = sender.clone();
    let listener = move |endpoint: EndpointId, event: MediaEvent| {
        // The protocol has no word for who speaks.
        if matches!(event, MediaEvent::Connected | MediaEvent::Closed(_)) {
            let _ = of_media.send(News::Media(endpoint, event));
        }
    };
    let ear = QueueEar { news: sender, places: Mutex::default() };
    (ear, Heard { news, listener: Arc::new(listener) })
}

impl Heard {
    /// What has happened next.
    pub async fn next(&mut self) -> News {
        self.news.recv().await.unwrap_or(News::Over)
    }
}

impl QueueEar {
    fn tell(&self, news: News) -> Result<(), DeliverError> {
        self.news.send(news).map_err(|_| DeliverError::Closed)
    }
}

impl Ear for QueueEar {
    fn hear(&self, signal: &Signal) -> Result<(), DeliverError> {
        let (from, data) = (signal.from, signal.payload.clone());
        let places = lock(&self.places)
            .entry(from)
            .or_insert_with(|| Arc::new(Semaphore::new(MAX_WAITING_BYTES)))
            .clone();
        let bytes = u32::try_from(data.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX);
        let Ok(place) = places.try_acquire_many_owned(bytes) else { return Ok(()) };
        self.tell(News::Said(Said { from, id: signal.name.clone(), data, _place: place }))
    }

    fn hear_of_leaving(&self, who: ParticipantId, _id: &Name) -> Result<(), DeliverError> {
        lock(&self.places).remove(&who);
        self.tell(News::Left(who))
    }

    fn close(&self, _reason: CloseReason) {
        let _ = self.tell(News::Over);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        if self.news.is_closed() { pending().boxed() } else { ready(()).boxed() }
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
    async fn who_says_too_much_at_once_keeps_nobody_else_from_being_heard() {
        let (ear, mut heard) = open();
        let (ann, bob) = (ParticipantId::random(), ParticipantId::random());
        for _ in 0..10 {
            ear.hear(&signal(ann, 100_000)).unwrap();
        }
        ear.hear(&signal(bob, 100_000)).unwrap();
        let mut from = Vec::new();
        for _ in 0..3 {
            let News::Said(said) = heard.next().await else { panic!("nobody did anything else") };
            from.push(said.from);
        }
        assert_eq!(from, [ann, ann, bob]);
        ear.hear(&signal(ann, 100_000)).unwrap();
        assert!(matches!(heard.next().await, News::Said(_)), "what was heard makes room again");
    }

    #[tokio::test]
    async fn an_sfu_that_is_no_more_gives_no_sign_of_life() {
        let (ear, heard) = open();
        ear.sign_of_life().await;
        drop(heard);
        assert!(ear.sign_of_life().now_or_never().is_none());
        assert_eq!(ear.hear(&signal(ParticipantId::random(), 1)), Err(DeliverError::Closed));
    }
}
