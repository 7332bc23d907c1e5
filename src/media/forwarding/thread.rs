//! The thread of a shard: waits for packets, commands and timers, and passes them to the shard.

use std::{
    future::{pending, poll_fn},
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
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
    sockets::{Bound, BoundAddress, MAX_DATAGRAM, poll_receive},
    tcp::{Acceptor, Connections},
};
use crate::{
    core::ports::clock::Clock,
    media::{EndpointError, EndpointId, Layer, NegotiationError, NewEndpoint},
};

/// The most datagrams of an address that are handled before their effects are sent.
///
/// More than one video frame has, and few enough to bound the memory of their copies.
const AT_ONCE: usize = 16;

/// A command of a door. The caller may have given up by the time of the answer.
pub enum Command {
    Answer {
        id: EndpointId,
        new: NewEndpoint,
        offer: String,
        reply: oneshot::Sender<Result<String, EndpointError>>,
    },
    Offer {
        id: EndpointId,
        new: NewEndpoint,
        reply: oneshot::Sender<Result<String, EndpointError>>,
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
    Watch {
        id: EndpointId,
        silence: Option<Duration>,
    },
}

/// A command that must not be lost under load. Their number is bounded by that of endpoints.
pub enum Ending {
    /// Closes one endpoint.
    Close(EndpointId),
    /// Closes all endpoints and ends the thread.
    Stop,
}

/// The inputs of a thread.
pub struct Work {
    /// The rooms.
    pub shard: Shard,
    /// Commands of doors.
    pub commands: Receiver<Command>,
    /// Endings of endpoints.
    pub endings: UnboundedReceiver<Ending>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Starts the thread of a shard.
///
/// # Errors
///
/// The system refuses a thread.
pub fn start(work: Work, bound: Bound, number: usize) -> io::Result<JoinHandle<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    thread::Builder::new().name(format!("media-{number}")).spawn(move || {
        // Later commands are answered as unavailable.
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
    let mut sockets = Sockets { addresses: Vec::new(), tcp: Connections::default() };
    for (at, (address, listener)) in bound.register()?.into_iter().enumerate() {
        accepting.spawn(acceptor.clone().accept(at, listener));
        sockets.addresses.push(address);
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
            first = poll_fn(|cx| poll_receive(&sockets.addresses, &mut turn, &mut buffer, cx)) => {
                let now = work.clock.now();
                let (at, from, length) = first;
                work.shard.receive(Protocol::Udp, from, sockets.addresses[at].advertised, &buffer[..length], now);
                sockets.receive_more(&mut work.shard, &mut buffer, now);
                work.shard.process_outputs(now);
            }
            Some(arrival) = arrivals.recv() => {
                if let Some((at, from, packet)) = sockets.tcp.on_arrival(arrival) {
                    let advertised = sockets.addresses[at].advertised;
                    let now = work.clock.now();
                    work.shard.receive(Protocol::Tcp, from, advertised, &packet, now);
                    work.shard.process_outputs(now);
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
        Command::Watch { id, silence } => shard.watch(id, silence),
    }
}

struct Sockets {
    addresses: Vec<BoundAddress>,
    tcp: Connections,
}

impl Sockets {
    /// Receives the datagrams that have already arrived.
    fn receive_more(&self, shard: &mut Shard, buffer: &mut [u8], now: Instant) {
        for address in &self.addresses {
            for _ in 0..AT_ONCE {
                let Ok((length, from)) = address.udp.try_recv_from(buffer) else { break };
                shard.receive(Protocol::Udp, from, address.advertised, &buffer[..length], now);
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

    /// Sends a datagram; drops it if the network does not accept it at once, because late media is useless.
    fn send_datagram(&self, from: SocketAddr, to: SocketAddr, packet: &[u8]) -> bool {
        let address = self.addresses.iter().find(|address| address.advertised == from);
        address.is_some_and(|address| address.udp.try_send_to(packet, to).is_ok())
    }
}
