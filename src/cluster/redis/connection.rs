//! One connection to Redis for script calls, each of which is answered in time or fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, Client, Script, Value, aio::MultiplexedConnection};
use tokio::{sync::watch, time::timeout};

use super::{
    RESTORE_WINDOW,
    bus::LOST_AFTER,
    fault::{RedisFault, Right},
    scripts::{Call, GREET, GreetingReply, Micros, ScriptReply},
};
use crate::core::{
    model::{
        ids::{Epoch, NodeId},
        lock::lock,
    },
    ports::clock::Clock,
};

/// Deadline for opening a connection, including the handshake of the driver.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// Deadline for Redis to start a call. A script that starts later does nothing.
const START_WITHIN: Duration = Duration::from_millis(750);

/// Deadline for a reply: twice [`START_WITHIN`]. After it, the call may or may not have been done.
const REPLY_WITHIN: Duration = Duration::from_millis(1_500);

/// How long the hash about the nodes outlives the last greeting.
const NODES_KEY_LIFETIME: Duration = Duration::from_mins(1);

/// Version of the keys in Redis and of the messages between nodes. Nodes with different versions do not mix.
const FORMAT: &str = "4";

/// The commands of the scripts, with arguments that change nothing in the end.
const COMMANDS_OF_SCRIPTS: [(&str, &[&str]); 7] = [
    ("TIME", &[]),
    ("INFO", &["server"]),
    ("HGETALL", &["KEY"]),
    ("HSET", &["KEY", "a", "1"]),
    ("PEXPIRE", &["KEY", "1000"]),
    ("HDEL", &["KEY", "a"]),
    ("DEL", &["KEY"]),
];

/// The commands that are not in the greeting, with arguments that change nothing.
const FURTHER_COMMANDS: [(&str, &[&str]); 5] = [
    ("PUBLISH", &["KEY", ""]),
    ("HGET", &["KEY", "a"]),
    ("DEL", &["KEY"]),
    ("SCRIPT", &["LOAD", "return 1"]),
    ("PING", &[]),
];

/// A time that never comes.
const NEVER: Micros = 1 << 53;

/// The node's own data in every greeting.
pub(super) struct Identity {
    pub(super) node: NodeId,
    /// Key of the hash about Redis and its nodes.
    pub(super) nodes_key: String,
    pub(super) fingerprint: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) test_clock: Option<Arc<dyn Clock>>,
    /// The largest epoch that this node knows. New claims get larger ones, even after Redis lost its memory.
    pub(super) epoch_floor: AtomicU64,
}

impl Identity {
    /// Raises the floor to `epoch`, unless it is higher already.
    pub(super) fn raise_epoch_floor(&self, epoch: Epoch) {
        self.epoch_floor.fetch_max(epoch.0, Ordering::Relaxed);
    }
}

/// Redis as of the last greeting.
#[derive(Clone, Copy)]
struct Greeted {
    /// The time by the clock of Redis.
    redis_time: Micros,
    /// The time by the clock of this node.
    at: Instant,
    /// When the memory of Redis begins.
    since: Micros,
}

/// A connection to a Redis that has accepted this node's greeting.
pub(super) struct RedisConnection {
    redis: MultiplexedConnection,
    identity: Arc<Identity>,
    greeted: Mutex<Greeted>,
    broken: Broken,
}

impl RedisConnection {
    /// Connects and greets.
    pub(super) async fn open(client: &Client, identity: Arc<Identity>) -> Result<Self, RedisFault> {
        let redis = connect(client, config()).await?;
        let greeted = Mutex::new(Greeted { redis_time: 0, at: identity.clock.now(), since: 0 });
        let connection = Self { redis, identity, greeted, broken: Broken::default() };
        connection.greet().await?;
        connection.check_rights().await?;
        Ok(connection)
    }

    /// Looks for rights that the greeting does not need: without them, calls would fail later.
    async fn check_rights(&self) -> Result<(), RedisFault> {
        self.refused_of(&FURTHER_COMMANDS).await.map_or(Ok(()), Err)
    }

    /// Checks that Redis is alive and when its memory begins. Returns the other nodes that greeted lately.
    pub(super) async fn greet(&self) -> Result<Vec<NodeId>, RedisFault> {
        let Identity { node, nodes_key, fingerprint, epoch_floor, .. } = &*self.identity;
        let arguments = [
            self.time_argument(),
            epoch_floor.load(Ordering::Relaxed).to_string(),
            fingerprint.clone(),
            NODES_KEY_LIFETIME.as_millis().to_string(),
            node.to_string(),
            LOST_AFTER.as_micros().to_string(),
            FORMAT.to_owned(),
        ];
        let reply = self.run(&GREET, nodes_key, &arguments).await?;
        let (redis_time, at) = (reply.redis_time, reply.at);
        let GreetingReply { since, epoch_floor, others } = reply.greeting()?;
        self.identity.raise_epoch_floor(epoch_floor);
        *lock(&self.greeted) = Greeted { redis_time, at, since };
        Ok(others)
    }

    /// Runs a script about a room.
    pub(super) async fn call(&self, call: Call) -> Result<ScriptReply, RedisFault> {
        let mut arguments = vec![
            self.time_argument(),
            self.start_deadline().to_string(),
            self.identity.epoch_floor.load(Ordering::Relaxed).to_string(),
            self.restored_from().to_string(),
        ];
        arguments.extend(call.arguments);
        self.run(call.script, &call.key, &arguments).await
    }

    /// True if every node has had the time to restore its seats, as of the last greeting.
    pub(super) fn is_restored(&self) -> bool {
        self.redis_time() >= self.restored_from()
    }

    /// True if Redis has lost nothing since the last greeting.
    pub(super) async fn remembers(&self) -> Result<bool, RedisFault> {
        let known = self.since();
        let mut command = redis::cmd("HGET");
        command.arg(&self.identity.nodes_key).arg("since");
        let since: Option<String> = command.query_async(&mut self.redis.clone()).await?;
        Ok(since.and_then(|since| since.parse().ok()) == Some(known))
    }

    /// When the memory of Redis begins, as of the last greeting.
    pub(super) fn since(&self) -> Micros {
        lock(&self.greeted).since
    }

    /// Resolves when the connection is of no use any more, with the cause.
    pub(super) async fn broken(&self) -> RedisFault {
        self.broken.wait().await
    }

    async fn run(&self, script: &Script, key: &str, arguments: &[String]) -> Result<ScriptReply, RedisFault> {
        let mut invocation = script.key(key);
        for argument in arguments {
            invocation.arg(argument);
        }
        let values = invocation.invoke_async::<Vec<Value>>(&mut self.redis.clone()).await;
        let at = self.identity.clock.now();
        let reply = values.map_err(RedisFault::from);
        if let Some(fault) = reply.as_ref().err().filter(|fault| fault.breaks_connection()) {
            self.broken.set(fault.clone());
        }
        match reply {
            Err(RedisFault::NotPermitted(Right::CommandOfScript)) => Err(self.missing_right().await),
            reply => ScriptReply::read(reply?, at),
        }
    }

    /// The right that a script lacks: Redis does not name it, but refuses the same command outside a script.
    async fn missing_right(&self) -> RedisFault {
        let missing = self.refused_of(&COMMANDS_OF_SCRIPTS).await;
        missing.unwrap_or(RedisFault::NotPermitted(Right::CommandOfScript))
    }

    /// The right for the first of `commands` that this user may not run, if there is one.
    async fn refused_of(&self, commands: &[(&str, &[&str])]) -> Option<RedisFault> {
        let scratch = format!("{}-rights", self.identity.nodes_key);
        for (name, arguments) in commands {
            let mut command = redis::cmd(name);
            command
                .arg(arguments.iter().map(|argument| argument.replace("KEY", &scratch)).collect::<Vec<_>>());
            let answer = command.exec_async(&mut self.redis.clone()).await.map_err(RedisFault::from);
            if let Err(fault @ RedisFault::NotPermitted(_)) = answer {
                return Some(fault);
            }
        }
        None
    }

    /// The time of a test's clock; empty for the clock of Redis.
    fn time_argument(&self) -> String {
        self.identity
            .test_clock
            .as_ref()
            .map_or_else(String::new, |test_clock| micros_of(test_clock.as_ref()).to_string())
    }

    /// The time by the clock of Redis, never ahead of it.
    fn redis_time(&self) -> Micros {
        match &self.identity.test_clock {
            Some(test_clock) => micros_of(test_clock.as_ref()),
            None => {
                let Greeted { redis_time, at, .. } = *lock(&self.greeted);
                redis_time + micros(self.identity.clock.now().saturating_duration_since(at))
            }
        }
    }

    fn start_deadline(&self) -> Micros {
        if self.identity.test_clock.is_some() { NEVER } else { self.redis_time() + micros(START_WITHIN) }
    }

    fn restored_from(&self) -> Micros {
        self.since() + micros(RESTORE_WINDOW)
    }
}

/// Why a connection is of no use any more; empty while it works.
#[derive(Clone, Default)]
pub(super) struct Broken(watch::Sender<Option<RedisFault>>);

impl Broken {
    /// Reports the connection as broken.
    pub(super) fn set(&self, fault: RedisFault) {
        self.0.send_replace(Some(fault));
    }

    /// Resolves when the connection is broken, with the cause.
    pub(super) async fn wait(&self) -> RedisFault {
        let mut broken = self.0.subscribe();
        let found = broken.wait_for(Option::is_some).await;
        found.ok().and_then(|fault| fault.clone()).unwrap_or(RedisFault::Closed)
    }
}

/// Settings of every connection to Redis.
pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(Some(REPLY_WITHIN))
}

/// Opens a connection in time.
pub(super) async fn connect(
    client: &Client,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, RedisFault> {
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    // The driver's own timeouts do not cover all of its steps.
    Ok(timeout(CONNECT_WITHIN, connecting).await.map_err(|_| RedisFault::Late)??)
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(NEVER)
}

fn micros_of(clock: &dyn Clock) -> Micros {
    clock.wall().duration_since(std::time::UNIX_EPOCH).map_or(0, micros)
}
