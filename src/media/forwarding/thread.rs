//! The thread of a shard: waits for packets, for doors and for time to pass, and hands over what comes.

use std::{
    future::{pending, poll_fn},
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};

use str0m::net::Protocol;
use tokio::{
    runtime,
    sync::{
        mpsc::{Receiver, UnboundedReceiver},
        oneshot,
    },
    task::JoinSet,
    time::sleep_until,
};
use tracing::error;

use super::{
    endpoint::guarded,
    shard::Shard,
    sockets::{Bound, MAX_DATAGRAM, Place, poll_receive},
    tcp::{Acceptor, Connections},
};
use crate::{
    core::ports::clock::Clock,
    media::{EndpointId, Layer, NegotiationError, NewEndpoint, OpenError},
};

/// How many datagrams of an address are taken before what follows from them is sent: more than a picture has, and so few
/// that what everybody gets of them fits into memory.
const AT_ONCE: usize = 16;

/// What doors ask for. Whoever asked may have gone by the time of the answer.
pub enum Command {
    Answer {
        id: EndpointId,
        new: NewEndpoint,
        offer: String,
        reply: oneshot::Sender<Result<String, OpenError>>,
    },
    Offer {
        id: EndpointId,
        new: NewEndpoint,
        reply: oneshot::Sender<Result<String, OpenError>>,
    },
    Accept {
        id: EndpointId,
        answer: String,
        reply: oneshot::Sender<Result<(), NegotiationError>>,
    },
    Reoffer {
        id: EndpointId,
        offer: String,
        reply: oneshot::Sender<Result<String, NegotiationError>>,
    },
    Layer {
        id: EndpointId,
        layer: Layer,
    },
}

/// What must not be lost when there is much to do. Bounded by the number of endpoints.
pub enum Ending {
    /// One endpoint.
    Close(EndpointId),
    /// All, and the thread.
    Stop,
}

/// What a thread works with.
pub struct Work {
    /// The rooms.
    pub shard: Shard,
    /// What doors ask for.
    pub commands: Receiver<Command>,
    /// What they no longer want.
    pub endings: UnboundedReceiver<Ending>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Starts the thread of a shard.
///
/// # Errors
/// The system gives no thread.
pub fn start(work: Work, bound: Bound, number: usize) -> io::Result<JoinHandle<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    thread::Builder::new().name(format!("media-{number}")).spawn(move || {
        // What is asked of it afterwards is unavailable.
        match guarded(|| runtime.block_on(run(work, bound))) {
            Some(Ok(())) => {}
            Some(Err(error)) => error!(error = &error as &dyn std::error::Error, "forwarding has stopped"),
            None => error!("forwarding has stopped by a fault of its own"),
        }
    })
}

async fn run(mut work: Work, bound: Bound) -> io::Result<()> {
    let (acceptor, mut arrivals) = Acceptor::new();
    let mut accepting = JoinSet::new();
    let mut sockets = Sockets { places: Vec::new(), tcp: Connections::default() };
    for (at, (place, listener)) in bound.register()?.into_iter().enumerate() {
        accepting.spawn(acceptor.clone().accept(at, listener));
        sockets.places.push(place);
    }
    let mut buffer = [0; MAX_DATAGRAM];
    let mut turn = 0;
    loop {
        let wakes_at = work.shard.wakes_at();
        tokio::select! {
            biased;
            ending = work.endings.recv() => match ending {
                Some(Ending::Close(id)) => work.shard.close(id, work.clock.now()),
                Some(Ending::Stop) | None => break,
            },
            () = passing(wakes_at) => work.shard.advance(work.clock.now()),
            Some(command) = work.commands.recv() => carry_out(&mut work.shard, command, work.clock.now()),
            first = poll_fn(|cx| poll_receive(&sockets.places, &mut turn, &mut buffer, cx)) => {
                let now = work.clock.now();
                let (at, from, length) = first;
                work.shard.receive(Protocol::Udp, from, sockets.places[at].advertised, &buffer[..length], now);
                sockets.receive_more(&mut work.shard, &mut buffer, now);
                work.shard.settle(now);
            }
            Some(arrival) = arrivals.recv() => {
                if let Some((at, from, packet)) = sockets.tcp.on_arrival(arrival) {
                    let advertised = sockets.places[at].advertised;
                    let now = work.clock.now();
                    work.shard.receive(Protocol::Tcp, from, advertised, &packet, now);
                    work.shard.settle(now);
                }
            }
        }
        sockets.send_all(&mut work.shard);
    }
    work.shard.close_all(work.clock.now());
    sockets.send_all(&mut work.shard);
    Ok(())
}

async fn passing(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => pending().await,
    }
}

fn carry_out(shard: &mut Shard, command: Command, now: Instant) {
    match command {
        Command::Answer { id, new, offer, reply } => {
            let answer = shard.answer(id, new, &offer, now);
            if reply.send(answer).is_err() {
                shard.close(id, now);
            }
        }
        Command::Offer { id, new, reply } => {
            let offer = shard.offer(id, new, now);
            if reply.send(offer).is_err() {
                shard.close(id, now);
            }
        }
        Command::Accept { id, answer, reply } => {
            let _ = reply.send(shard.accept(id, &answer, now));
        }
        Command::Reoffer { id, offer, reply } => {
            let _ = reply.send(shard.reoffer(id, &offer, now));
        }
        Command::Layer { id, layer } => shard.layer(id, &layer, now),
    }
}

struct Sockets {
    places: Vec<Place>,
    tcp: Connections,
}

impl Sockets {
    /// Takes what else is there already.
    fn receive_more(&self, shard: &mut Shard, buffer: &mut [u8], now: Instant) {
        for place in &self.places {
            for _ in 0..AT_ONCE {
                let Ok((length, from)) = place.udp.try_recv_from(buffer) else { break };
                shard.receive(Protocol::Udp, from, place.advertised, &buffer[..length], now);
            }
        }
    }

    fn send_all(&self, shard: &mut Shard) {
        while let Some(transmit) = shard.transmit() {
            let is_sent = match transmit.proto {
                Protocol::Udp => {
                    self.send_datagram(transmit.source, transmit.destination, &transmit.contents)
                }
                _ => self.tcp.send(transmit.destination, &transmit.contents),
            };
            if !is_sent {
                shard.count_dropped();
            }
        }
    }

    /// What the network does not take at once is lost: media that comes late is of no use.
    fn send_datagram(&self, from: SocketAddr, to: SocketAddr, packet: &[u8]) -> bool {
        let place = self.places.iter().find(|place| place.advertised == from);
        place.is_some_and(|place| place.udp.try_send_to(packet, to).is_ok())
    }
}
