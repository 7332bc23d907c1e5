//! The Redis connection of the node bus: receives the frames for this node and publishes those for others.

use std::sync::Arc;

use bytes::Bytes;
use redis::{
    Client, Cmd, Pipeline, PushInfo, PushKind, RedisWrite, ToRedisArgs, Value,
    aio::{MultiplexedConnection, SendError},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    super::{
        connection::{self, Broken},
        fault::RedisFault,
    },
    RedisNodeBus,
    frame::HEAD,
    node_link::Frame,
};
use crate::core::model::ids::NodeId;

/// Write buffer of the driver, in bytes: holds all frames of one write.
const WRITE_BUFFER: usize = 1024 * 1024;

/// A connection that is subscribed to this node's channel.
pub(in super::super) struct Channel {
    redis: MultiplexedConnection,
    bus: Arc<RedisNodeBus>,
    broken: Broken,
}

impl Channel {
    /// Connects and subscribes. From here on, the bus receives every frame that is published for this node.
    pub(in super::super) async fn open(client: &Client, bus: Arc<RedisNodeBus>) -> Result<Self, RedisFault> {
        let broken = Broken::default();
        let config = connection::config()
            .set_write_backpressure_boundary(WRITE_BUFFER)
            .set_push_sender(receive(bus.clone(), broken.clone()));
        let mut redis = connection::connect(client, config).await?;
        redis.subscribe(bus.channel_of(bus.this)).await?;
        Ok(Self { redis, bus, broken })
    }

    /// Publishes frames for other nodes until the handle is dropped.
    ///
    /// The first frames ask for what may be lost with the former connection.
    pub(in super::super) fn publish(&self) -> AbortOnDropHandle<()> {
        let (bus, redis, broken) = (self.bus.clone(), self.redis.clone(), self.broken.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            let fault = publish_all(&bus, redis).await;
            broken.set(fault);
        }))
    }

    /// Checks that the connection is alive.
    pub(in super::super) async fn check(&self) -> Result<(), RedisFault> {
        Ok(redis::cmd("PING").exec_async(&mut self.redis.clone()).await?)
    }

    /// Resolves when the connection is of no use any more, with the cause.
    pub(in super::super) async fn broken(&self) -> RedisFault {
        self.broken.wait().await
    }
}

/// Passes published frames to the bus, on the driver's own task.
///
/// So a slow listener slows Redis down, and no queue grows.
fn receive(bus: Arc<RedisNodeBus>, broken: Broken) -> impl Fn(PushInfo) -> Result<(), SendError> {
    move |PushInfo { kind, mut data }| {
        match (kind, data.pop()) {
            (PushKind::Message, Some(Value::BulkString(frame))) => bus.receive(Bytes::from(frame)),
            (PushKind::Disconnection, _) => broken.set(RedisFault::Closed),
            _ => {}
        }
        Ok(())
    }
}

/// Publishes frames until a write fails. Returns the cause.
async fn publish_all(bus: &RedisNodeBus, mut redis: MultiplexedConnection) -> RedisFault {
    let now = bus.clock.now();
    bus.with_links(|links| links.reconnected(now));
    loop {
        let frames = bus.frames().await;
        for (_, frame) in &frames {
            let counter = if frame.is_repeated { &bus.counters.resent } else { &bus.counters.sent };
            counter.increment(frame.count);
        }
        // Messages that are sent during this write go out with the next one.
        let written = match &frames[..] {
            [(node, frame)] => publish(bus, *node, frame).query_async::<Value>(&mut redis).await,
            _ => pipeline(bus, &frames).query_async(&mut redis).await,
        };
        if let Err(error) = written {
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
