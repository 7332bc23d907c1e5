//! The connection that carries frames: what other nodes publish for this one, and what this one publishes for them.

use std::sync::Arc;

use bytes::Bytes;
use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, PushInfo, PushKind, RedisWrite, ToRedisArgs, Value,
    aio::{MultiplexedConnection, SendError},
};
use tokio::{sync::watch, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    super::{
        connection::{CONNECT_WITHIN, REPLY_WITHIN},
        fault::Fault,
    },
    RedisNodeBus,
    envelope::HEAD,
    link::Frame,
};
use crate::core::model::ids::NodeId;

/// How much the driver gathers before it writes, in bytes: all that is published at once.
const WRITTEN_AT_ONCE: usize = 1024 * 1024;

/// A connection that hears what is published for this node.
pub(in super::super) struct Channel {
    redis: MultiplexedConnection,
    bus: Arc<RedisNodeBus>,
    broken: watch::Sender<Option<Fault>>,
}

impl Channel {
    /// Connects and subscribes. Whatever is published from now on is heard.
    pub(in super::super) async fn open(client: &Client, bus: Arc<RedisNodeBus>) -> Result<Self, Fault> {
        let broken = watch::Sender::default();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(REPLY_WITHIN))
            .set_write_backpressure_boundary(WRITTEN_AT_ONCE)
            .set_push_sender(listen(bus.clone(), broken.clone()));
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut redis = timeout(CONNECT_WITHIN, connecting).await.map_err(|_| Fault::Late)??;
        redis.subscribe(bus.channel_of(bus.this)).await?;
        Ok(Self { redis, bus, broken })
    }

    /// Publishes what there is for other nodes, first of all what may have been lost on the former connection, for as
    /// long as the handle is kept.
    pub(in super::super) fn publish(&self) -> AbortOnDropHandle<()> {
        let (bus, redis, broken) = (self.bus.clone(), self.redis.clone(), self.broken.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            let fault = publish_all(&bus, redis).await;
            broken.send_replace(Some(fault));
        }))
    }

    /// Asks for a sign of life.
    pub(in super::super) async fn check(&self) -> Result<(), Fault> {
        Ok(redis::cmd("PING").exec_async(&mut self.redis.clone()).await?)
    }

    /// Resolves when another connection is needed, with what went wrong.
    pub(in super::super) async fn broken(&self) -> Fault {
        let mut broken = self.broken.subscribe();
        let found = broken.wait_for(Option::is_some).await;
        found.ok().and_then(|fault| fault.clone()).unwrap_or(Fault::Closed)
    }
}

/// Takes what comes in, on the driver's own task: nothing waits in between, and who is slow slows Redis.
fn listen(
    bus: Arc<RedisNodeBus>,
    broken: watch::Sender<Option<Fault>>,
) -> impl Fn(PushInfo) -> Result<(), SendError> {
    move |PushInfo { kind, mut data }| {
        match (kind, data.pop()) {
            (PushKind::Message, Some(Value::BulkString(frame))) => bus.take(Bytes::from(frame)),
            (PushKind::Disconnection, _) => drop(broken.send_replace(Some(Fault::Closed))),
            _ => {}
        }
        Ok(())
    }
}

/// Ends when something goes wrong, with what that was.
async fn publish_all(bus: &RedisNodeBus, mut redis: MultiplexedConnection) -> Fault {
    let now = bus.clock.now();
    bus.change(|links| links.reconnected(now));
    loop {
        let frames = bus.frames().await;
        for (_, frame) in &frames {
            let counter = if frame.is_repeated { &bus.counters.resent } else { &bus.counters.sent };
            counter.increment(frame.count);
        }
        // While this waits, more is gathered.
        let answered = match &frames[..] {
            [(node, frame)] => publish(bus, *node, frame).query_async::<Value>(&mut redis).await,
            _ => pipeline(bus, &frames).query_async(&mut redis).await,
        };
        if let Err(error) = answered {
            return error.into();
        }
    }
}

fn pipeline(bus: &RedisNodeBus, frames: &[(NodeId, Frame)]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(frames.len());
    for (node, frame) in frames {
        pipeline.add_command(publish(bus, *node, frame));
    }
    pipeline
}

fn publish(bus: &RedisNodeBus, node: NodeId, frame: &Frame) -> Cmd {
    let channel = bus.channel_of(node);
    let mut command = Cmd::with_capacity(3, channel.len() + HEAD + frame.messages.len() + 16);
    command.arg("PUBLISH").arg(channel).arg(frame);
    command
}

impl ToRedisArgs for Frame {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        use std::io::Write;

        let mut argument = out.writer_for_next_arg();
        let written = argument.write_all(&self.head).and_then(|()| argument.write_all(&self.messages));
        written.expect("it is written into memory");
    }
}
