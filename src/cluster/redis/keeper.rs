//! Keeps the connections: makes them, watches them, makes them again, and puts this node's seats back each time.

use std::{
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use redis::Client;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{
    AT_ONCE, ConfigError, RedisSettings,
    bus::{Channel, RedisNodeBus},
    connection::{Connection, Introduction},
    fault::Fault,
    holdings::{Holdings, Intent},
    scripts::{Questions, RenewalAnswer},
};
use crate::core::{
    model::{ids::NodeId, lock::lock},
    ports::clock::Clock,
};

/// How often Redis must show that it is alive and remembers.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long to wait after a first failure to connect; twice as long after each further one, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Whether there is a connection.
pub(super) enum State {
    /// Not yet, or not any more; it is worth waiting for a moment.
    Connecting,
    /// Yes.
    Met(Arc<Connection>),
    /// No, and the last try failed.
    Away(Fault),
}

/// This node: what it holds, and its way to Redis.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) questions: Questions,
    pub(super) introduction: Arc<Introduction>,
    pub(super) bus: Arc<RedisNodeBus>,
    client: Client,
    channel_client: Client,
    holdings: Mutex<Holdings>,
    state: watch::Sender<State>,
}

impl State {
    /// Whether it is known how things stand.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Connecting)
    }
}

impl Node {
    pub(super) fn new(settings: RedisSettings) -> Result<Self, ConfigError> {
        let (client, channel_client) = (settings.client()?, settings.channel_client()?);
        let id = NodeId::random();
        let bus = RedisNodeBus::new(id, settings.clock.clone(), &settings.prefix);
        let questions = Questions { prefix: settings.prefix };
        let introduction = Introduction {
            node: id,
            meeting_place: questions.meeting_place(),
            fingerprint: settings.fingerprint,
            clock: settings.clock.clone(),
            judge: settings.judge,
            floor: AtomicU64::new(0),
        };
        Ok(Self {
            id,
            clock: settings.clock,
            questions,
            introduction: Arc::new(introduction),
            bus,
            client,
            channel_client,
            holdings: Mutex::default(),
            state: watch::Sender::new(State::Connecting),
        })
    }

    pub(super) fn holdings(&self) -> MutexGuard<'_, Holdings> {
        lock(&self.holdings)
    }

    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Connects, listens, and puts back what this node holds. It listens before it greets: whoever hears of it can
    /// reach it.
    async fn note_peer(&self) -> Result<(Arc<Connection>, Channel), Fault> {
        let channel = Channel::open(&self.channel_client, self.bus.clone()).await?;
        let connection = Connection::open(&self.client, self.introduction.clone()).await?;
        self.put_back(&connection).await?;
        Ok((Arc::new(connection), channel))
    }

    /// Stays until a connection is of no use any more; says why.
    async fn stay(&self, connection: &Connection, channel: &Channel) -> Fault {
        let _publishing = channel.publish();
        let mut beats = interval(HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                fault = connection.broken() => return fault,
                fault = channel.broken() => return fault,
                _ = beats.tick() => {}
            }
            if let Err(fault) = self.beat(connection, channel).await {
                return fault;
            }
        }
    }

    async fn beat(&self, connection: &Connection, channel: &Channel) -> Result<(), Fault> {
        let since = connection.since();
        let (others, ()) = tokio::try_join!(connection.greet(), channel.check())?;
        // It was emptied, or another was put in its place.
        if connection.since() != since {
            self.bus.interrupted();
            self.put_back(connection).await?;
        }
        self.bus.heard(&others);
        Ok(())
    }

    /// Renews every seat of this node for what is left of its lease, and releases those that were to be released.
    async fn put_back(&self, connection: &Connection) -> Result<(), Fault> {
        let intents = self.holdings().intents(self.clock.now());
        let steps = stream::iter(intents).map(Ok);
        steps.try_for_each_concurrent(AT_ONCE, |intent| self.carry_out(connection, intent)).await
    }

    /// Tells Redis what is to become of a seat of this node.
    pub(super) async fn carry_out(&self, connection: &Connection, intent: Intent) -> Result<(), Fault> {
        match intent {
            Intent::Release(key) => {
                connection.ask(self.questions.release(&key)).await?;
                self.holdings().forget(&key);
            }
            Intent::Renew(renewal, own) => {
                let key = &renewal.key;
                match connection.ask(self.questions.renew(&renewal, Some(&own))).await?.renewed()? {
                    RenewalAnswer::Until(next_end) => self.holdings().renewed(&key.room, next_end),
                    RenewalAnswer::EndedClaim(instead) => self.holdings().lose(key, instead),
                }
            }
        }
        Ok(())
    }
}

/// Runs for as long as the node does.
pub(super) async fn keep(node: Arc<Node>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match node.note_peer().await {
            Ok((connection, channel)) => {
                info!("Redis answers");
                node.state.send_replace(State::Met(connection.clone()));
                let fault = node.stay(&connection, &channel).await;
                warn!(reason = %fault, "Redis does not answer any more");
                node.state.send_replace(State::Connecting);
                node.bus.interrupted();
                pause = FIRST_PAUSE;
            }
            Err(fault) => {
                if !matches!(&*node.state.borrow(), State::Away(before) if *before == fault) {
                    warn!(reason = %fault, "Redis cannot be reached");
                }
                node.state.send_replace(State::Away(fault));
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
        sleep(pause).await;
    }
}
