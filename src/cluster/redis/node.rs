//! This node as a client of Redis: connects, checks its connections, reconnects, and restores its seats each
//! time.

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
    CONCURRENT_CALLS, RedisConfigError, RedisSettings,
    bus::{Channel, RedisNodeBus},
    connection::{Identity, RedisConnection},
    fault::RedisFault,
    own_claims::{Correction, OwnClaims},
    scripts::Calls,
};
use crate::core::{
    model::{ids::NodeId, lock::lock},
    ports::clock::Clock,
};

/// How often Redis must show that it is alive and has lost nothing.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Pause after the first failed connect. Each further failure doubles it, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// State of the connection to Redis.
pub(super) enum ConnectionState {
    /// The first attempt, or the first one after a loss, is under way: callers wait for its outcome.
    Connecting,
    /// Connected.
    Connected(Arc<RedisConnection>),
    /// The last attempt failed; another one follows.
    Failed(RedisFault),
}

impl ConnectionState {
    /// False while the outcome of an attempt is awaited.
    pub(super) fn is_decided(&self) -> bool {
        !matches!(self, Self::Connecting)
    }
}

/// This node: the seats that it claimed, and its connections to Redis.
pub(super) struct RedisNode {
    pub(super) id: NodeId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) calls: Calls,
    pub(super) identity: Arc<Identity>,
    pub(super) bus: Arc<RedisNodeBus>,
    client: Client,
    channel_client: Client,
    claims: Mutex<OwnClaims>,
    state: watch::Sender<ConnectionState>,
}

impl RedisNode {
    pub(super) fn new(settings: RedisSettings) -> Result<Self, RedisConfigError> {
        let (client, channel_client) = (settings.client()?, settings.channel_client()?);
        let id = NodeId::random();
        let bus = RedisNodeBus::new(id, settings.clock.clone(), &settings.prefix);
        let calls = Calls { prefix: settings.prefix };
        let identity = Identity {
            node: id,
            nodes_key: calls.nodes_key(),
            fingerprint: settings.fingerprint,
            clock: settings.clock.clone(),
            test_clock: settings.test_clock,
            epoch_floor: AtomicU64::new(0),
        };
        Ok(Self {
            id,
            clock: settings.clock,
            calls,
            identity: Arc::new(identity),
            bus,
            client,
            channel_client,
            claims: Mutex::default(),
            state: watch::Sender::new(ConnectionState::Connecting),
        })
    }

    pub(super) fn claims(&self) -> MutexGuard<'_, OwnClaims> {
        lock(&self.claims)
    }

    pub(super) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.subscribe()
    }

    /// Keeps this node connected. Runs for as long as the node does.
    pub(super) async fn run(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect().await {
                Ok((connection, channel)) => {
                    info!("connected to Redis");
                    self.state.send_replace(ConnectionState::Connected(connection.clone()));
                    let fault = self.watch(&connection, &channel).await;
                    warn!(reason = %fault, "lost the connection to Redis");
                    self.state.send_replace(ConnectionState::Connecting);
                    self.bus.interrupted();
                    pause = FIRST_PAUSE;
                }
                Err(fault) => {
                    if !matches!(&*self.state.borrow(), ConnectionState::Failed(before) if *before == fault) {
                        warn!(reason = %fault, "cannot connect to Redis");
                    }
                    self.state.send_replace(ConnectionState::Failed(fault));
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
            sleep(pause).await;
        }
    }

    /// Subscribes, greets, and restores this node's seats.
    ///
    /// Subscribes first: a node that sees the greeting may send messages at once.
    async fn connect(&self) -> Result<(Arc<RedisConnection>, Channel), RedisFault> {
        let channel = Channel::open(&self.channel_client, self.bus.clone()).await?;
        let connection = RedisConnection::open(&self.client, self.identity.clone()).await?;
        self.restore_seats(&connection).await?;
        Ok((Arc::new(connection), channel))
    }

    /// Publishes messages and sends heartbeats until a connection fails. Returns the cause.
    async fn watch(&self, connection: &RedisConnection, channel: &Channel) -> RedisFault {
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

    async fn beat(&self, connection: &RedisConnection, channel: &Channel) -> Result<(), RedisFault> {
        let since = connection.since();
        let (others, ()) = tokio::try_join!(connection.greet(), channel.check())?;
        // Redis was emptied, or another one has its address now.
        if connection.since() != since {
            self.bus.interrupted();
            self.restore_seats(connection).await?;
        }
        self.bus.update_presence(&others);
        Ok(())
    }

    /// Renews every seat of this node, and releases those whose release is pending.
    async fn restore_seats(&self, connection: &RedisConnection) -> Result<(), RedisFault> {
        let corrections = self.claims().corrections(self.clock.now());
        let steps = stream::iter(corrections).map(Ok);
        steps
            .try_for_each_concurrent(CONCURRENT_CALLS, |correction| self.correct(connection, correction))
            .await
    }

    /// Makes Redis agree with this node about one seat.
    pub(super) async fn correct(
        &self,
        connection: &RedisConnection,
        correction: Correction,
    ) -> Result<(), RedisFault> {
        match correction {
            Correction::Release(key) => {
                connection.call(self.calls.release(&key)).await?;
                self.claims().remove(&key);
            }
            Correction::Renew(renewal, own) => {
                let reply = connection.call(self.calls.renew(&renewal, Some(&own))).await?;
                if let Some(ended) = reply.renewal(&renewal.key)? {
                    self.claims().record_end(ended);
                }
            }
        }
        Ok(())
    }
}
