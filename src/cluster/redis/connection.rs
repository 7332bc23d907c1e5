//! One connection to Redis, on which a question is answered in time or fails.

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
    SETTLES_WITHIN,
    bus::GONE_AFTER,
    fault::Fault,
    scripts::{Answer, GREET, Greeting, Micros, Question},
};
use crate::core::{
    model::{
        ids::{Epoch, NodeId},
        lock::lock,
    },
    ports::clock::Clock,
};

/// How long a connection may take, with everything that is said on it before the first question.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// How long a question may wait until Redis takes it up. After that nothing is done.
const TAKEN_UP_WITHIN: Duration = Duration::from_millis(750);

/// How long an answer may take. As long again for its way back: of what was done and not answered for in time, nobody knows.
pub(super) const REPLY_WITHIN: Duration = Duration::from_millis(1_500);

/// How long what nodes have in common is kept without any of them.
const MEETING_KEPT: Duration = Duration::from_mins(1);

/// The format of what nodes keep in Redis and tell each other. Nodes that speak different ones do not mix.
const FORMAT: &str = "3";

/// Later than any time.
const NEVER: Micros = 1 << 53;

/// How this node introduces itself, on every connection.
pub(super) struct Introduction {
    pub(super) node: NodeId,
    pub(super) meeting_place: String,
    pub(super) fingerprint: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) judge: Option<Arc<dyn Clock>>,
    /// The largest epoch that this node knows of.
    pub(super) floor: AtomicU64,
}

impl Introduction {
    /// Takes note that there is such an epoch.
    pub(super) fn raise_floor(&self, epoch: Epoch) {
        self.floor.fetch_max(epoch.0, Ordering::Relaxed);
    }
}

/// Redis as it was when it was last heard of.
#[derive(Clone, Copy)]
struct Met {
    /// What time it was there.
    now: Micros,
    /// What time it was here.
    at: Instant,
    /// Since when it remembers.
    since: Micros,
}

/// A connection to a Redis that this node has met.
pub(super) struct Connection {
    redis: MultiplexedConnection,
    introduction: Arc<Introduction>,
    met: Mutex<Met>,
    broken: watch::Sender<Option<Fault>>,
}

impl Connection {
    /// Connects, and greets.
    pub(super) async fn open(client: &Client, introduction: Arc<Introduction>) -> Result<Self, Fault> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(REPLY_WITHIN));
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        // The driver's own limits do not hold for all that it does.
        let redis = timeout(CONNECT_WITHIN, connecting).await.map_err(|_| Fault::Late)??;
        let at = introduction.clock.now();
        let met = Mutex::new(Met { now: 0, at, since: 0 });
        let connection = Self { redis, introduction, met, broken: watch::Sender::default() };
        connection.greet().await?;
        Ok(connection)
    }

    /// Asks for a sign of life, and since when Redis remembers. Returns the other nodes that greeted lately.
    pub(super) async fn greet(&self) -> Result<Vec<NodeId>, Fault> {
        let Introduction { node, meeting_place, fingerprint, floor, .. } = &*self.introduction;
        let arguments = [
            self.judged_now(),
            floor.load(Ordering::Relaxed).to_string(),
            fingerprint.clone(),
            MEETING_KEPT.as_millis().to_string(),
            node.to_string(),
            GONE_AFTER.as_micros().to_string(),
            FORMAT.to_owned(),
        ];
        let answer = self.run(&GREET, meeting_place, &arguments).await?;
        let (now, at) = (answer.now, answer.at);
        let Greeting { since, floor, others } = answer.met()?;
        self.introduction.raise_floor(floor);
        *lock(&self.met) = Met { now, at, since };
        Ok(others)
    }

    /// Asks a question about a room.
    pub(super) async fn ask(&self, question: Question) -> Result<Answer, Fault> {
        let mut arguments = vec![
            self.judged_now(),
            self.too_late().to_string(),
            self.introduction.floor.load(Ordering::Relaxed).to_string(),
            self.settled_from().to_string(),
        ];
        arguments.extend(question.arguments);
        self.run(question.script, &question.key, &arguments).await
    }

    /// Whether newcomers may sit down, as far as is known.
    pub(super) fn is_settled(&self) -> bool {
        self.there() >= self.settled_from()
    }

    /// Whether Redis has forgotten nothing since the last greeting.
    pub(super) async fn remembers(&self) -> Result<bool, Fault> {
        let known = self.since();
        let mut command = redis::cmd("HGET");
        command.arg(&self.introduction.meeting_place).arg("since");
        let since: Option<String> = command.query_async(&mut self.redis.clone()).await?;
        Ok(since.and_then(|since| since.parse().ok()) == Some(known))
    }

    /// Since when Redis remembers, as far as is known.
    pub(super) fn since(&self) -> Micros {
        lock(&self.met).since
    }

    /// Resolves when another connection is needed, with what went wrong.
    pub(super) async fn broken(&self) -> Fault {
        let mut broken = self.broken.subscribe();
        let found = broken.wait_for(Option::is_some).await;
        found.ok().and_then(|fault| fault.clone()).unwrap_or(Fault::Closed)
    }

    async fn run(&self, script: &Script, key: &str, arguments: &[String]) -> Result<Answer, Fault> {
        let mut invocation = script.key(key);
        for argument in arguments {
            invocation.arg(argument);
        }
        let values = invocation.invoke_async::<Vec<Value>>(&mut self.redis.clone()).await;
        let at = self.introduction.clock.now();
        let answer = values.map_err(Fault::from);
        if let Some(fault) = answer.as_ref().err().filter(|fault| fault.breaks()) {
            self.broken.send_replace(Some(fault.clone()));
        }
        Answer::read(answer?, at)
    }

    fn judged_now(&self) -> String {
        self.introduction
            .judge
            .as_ref()
            .map_or_else(String::new, |judge| micros_of(judge.as_ref()).to_string())
    }

    /// What time it is there, a little behind.
    fn there(&self) -> Micros {
        match &self.introduction.judge {
            Some(judge) => micros_of(judge.as_ref()),
            None => {
                let Met { now, at, .. } = *lock(&self.met);
                now + micros(self.introduction.clock.now().saturating_duration_since(at))
            }
        }
    }

    /// When what is asked for now is not to be done any more.
    fn too_late(&self) -> Micros {
        if self.introduction.judge.is_some() { NEVER } else { self.there() + micros(TAKEN_UP_WITHIN) }
    }

    fn settled_from(&self) -> Micros {
        lock(&self.met).since + micros(SETTLES_WITHIN)
    }
}

fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(NEVER)
}

fn micros_of(judge: &dyn Clock) -> Micros {
    judge.wall().duration_since(std::time::UNIX_EPOCH).map_or(0, micros)
}
