//! Stand-ins for clock, connection and store.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, pending, ready},
};

pub use super::memory_chats::MemoryStore;
use crate::core::{
    model::{
        chat::{LiveMessage, MessageIdentity},
        event::{ChatMessage, Event, LeaveReason, Numbered, SignalKind},
        ids::{ConnectionId, Name, ParticipantId, RoomId},
    },
    ports::{
        clock::Clock,
        connection::{CloseReason, Connection, DeliverError},
    },
};

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn room_id(text: &str) -> RoomId {
    text.parse().unwrap()
}

/// A message as a door stores it, with readable keys.
pub fn stored_form(message: &ChatMessage) -> LiveMessage {
    let ChatMessage { id, from, body, .. } = message;
    let [key, content] = [format!("m.{from} {id}"), format!("b.{from} {id} {body}")];
    let identity = MessageIdentity { key: (&*key).into(), content: (&*content).into() };
    let sent_at = message.sent_at.duration_since(UNIX_EPOCH).unwrap().as_millis();
    LiveMessage { identity, json: format!("[{body:?},{sent_at}]").into() }
}

/// An event in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Joined(ParticipantId),
    Signal { from: ParticipantId, name: String, kind: SignalKind, payload: Vec<u8> },
    Chat(String),
    Reconnecting(ParticipantId),
    Resumed(ParticipantId),
    Left(ParticipantId, LeaveReason),
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        match event {
            Event::Joined { participant, .. } => Self::Joined(*participant),
            Event::Signal(signal) => Self::Signal {
                from: signal.from,
                name: signal.name.as_str().into(),
                kind: signal.kind,
                payload: signal.payload.to_vec(),
            },
            Event::Chat(message) => Self::Chat(message.body.to_string()),
            Event::Reconnecting { participant } => Self::Reconnecting(*participant),
            Event::Resumed { participant } => Self::Resumed(*participant),
            Event::Left { participant, reason } => Self::Left(*participant, *reason),
        }
    }
}

/// A connection that records its events.
#[derive(Default)]
pub struct Recorder {
    id: u64,
    told: Mutex<Vec<(u64, Told)>>,
    closed: Mutex<Vec<CloseReason>>,
    refuses: AtomicBool,
    dead: AtomicBool,
    answers_late: AtomicBool,
    probes: AtomicU64,
}

impl Recorder {
    pub fn new() -> Arc<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self { id: LAST.fetch_add(1, Ordering::Relaxed) + 1, ..Self::default() })
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().iter().map(|(_, told)| told.clone()).collect()
    }

    pub fn seqs(&self) -> Vec<u64> {
        self.told.lock().unwrap().iter().map(|(seq, _)| *seq).collect()
    }

    pub fn closed(&self) -> Vec<CloseReason> {
        self.closed.lock().unwrap().clone()
    }

    /// Refuses all events from now on, like a client that does not read.
    pub fn stop_reading(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }

    /// Shows no sign of life from now on.
    pub fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// Takes a second to show a sign of life from now on.
    pub fn answer_late(&self) {
        self.answers_late.store(true, Ordering::Relaxed);
    }

    pub fn probes(&self) -> u64 {
        self.probes.load(Ordering::Relaxed)
    }
}

impl Connection for Recorder {
    fn id(&self) -> ConnectionId {
        ConnectionId(self.id)
    }

    fn deliver(&self, numbered: &Numbered) -> Result<(), DeliverError> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(DeliverError::TooSlow);
        }
        self.told.lock().unwrap().push((numbered.seq, Told::from(&numbered.event)));
        Ok(())
    }

    fn close(&self, reason: CloseReason) {
        self.closed.lock().unwrap().push(reason);
    }

    fn sign_of_life(&self) -> BoxFuture<'static, ()> {
        self.probes.fetch_add(1, Ordering::Relaxed);
        if self.dead.load(Ordering::Relaxed) {
            pending().boxed()
        } else if self.answers_late.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(1)).boxed()
        } else {
            ready(()).boxed()
        }
    }
}

/// A clock that only the test advances.
pub struct ManualClock {
    start: Instant,
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { start: tokio::time::Instant::now().into_std(), elapsed: Mutex::default() })
    }

    pub fn advance(&self, by: Duration) {
        *self.elapsed.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + *self.elapsed.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + *self.elapsed.lock().unwrap()
    }
}
