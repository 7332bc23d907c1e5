//! Clients that connect over TCP (ICE-TCP, RFC 6544). One task reads and one writes each connection; the
//! shard sees packets.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::framing::{TooLong, Unframed, framed};

/// The most connections of one shard.
const MAX_CONNECTIONS: usize = 512;

/// The most packets that wait for a client; further ones are lost, as over UDP.
const QUEUE: usize = 256;

/// The most packets of all clients that wait for the shard; readers wait beyond it.
const ARRIVALS: usize = 256;

/// How long a client may take to send its first packet.
const FIRST_WITHIN: Duration = Duration::from_secs(5);

/// A connection that is silent for this long is closed: ICE sends every few seconds.
const IDLE: Duration = Duration::from_secs(40);

/// The pause when the process has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

const READ_BYTES: usize = 8 * 1024;

/// An event of a connection.
pub enum Arrival {
    /// A client connected.
    Connected(SocketAddr, TcpConnection),
    /// A packet came at the address with the index `at`.
    Packet { at: usize, from: SocketAddr, packet: Bytes },
    /// The connection has ended.
    Gone(SocketAddr, u64),
}

/// The writing side of a connection to a client.
pub struct TcpConnection {
    number: u64,
    packets: mpsc::Sender<Vec<u8>>,
    _reader: AbortOnDropHandle<()>,
    _writer: AbortOnDropHandle<()>,
}

/// All connections, by the client's address.
#[derive(Default)]
pub struct Connections(HashMap<SocketAddr, TcpConnection>);

impl Connections {
    /// Records an event; returns the packet if it was one.
    pub fn on_arrival(&mut self, arrival: Arrival) -> Option<(usize, SocketAddr, Bytes)> {
        match arrival {
            Arrival::Packet { at, from, packet } => return Some((at, from, packet)),
            Arrival::Connected(from, connection) => {
                self.0.insert(from, connection);
            }
            Arrival::Gone(from, number) => {
                if self.0.get(&from).is_some_and(|connection| connection.number == number) {
                    self.0.remove(&from);
                }
            }
        }
        None
    }

    /// Sends a packet; `false` if it is lost.
    pub fn send(&self, to: SocketAddr, packet: &[u8]) -> bool {
        let Some(connection) = self.0.get(&to) else { return false };
        framed(packet).is_some_and(|framed| connection.packets.try_send(framed).is_ok())
    }
}

/// Accepts connections for a shard.
pub struct Acceptor {
    arrivals: mpsc::Sender<Arrival>,
    room: Arc<Semaphore>,
    count: AtomicU64,
}

impl Acceptor {
    /// Makes an acceptor, and the channel of its events.
    pub fn new() -> (Arc<Self>, mpsc::Receiver<Arrival>) {
        let (arrivals, arrived) = mpsc::channel(ARRIVALS);
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        (Arc::new(Self { arrivals, room, count: AtomicU64::new(0) }), arrived)
    }

    /// Accepts connections until it is dropped. `at` is the index of the address.
    pub async fn accept(self: Arc<Self>, at: usize, listener: TcpListener) {
        loop {
            let Ok(permit) = self.room.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, from)) => self.start(at, stream, from, permit).await,
                // Only a pause helps: the process has no more file descriptors.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn start(&self, at: usize, stream: TcpStream, from: SocketAddr, permit: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (read, write) = stream.into_split();
        let (packets, waiting) = mpsc::channel(QUEUE);
        let arrivals = self.arrivals.clone();
        let reader = tokio::spawn(async move {
            read_all(at, from, read, &arrivals).await;
            let _ = arrivals.send(Arrival::Gone(from, number)).await;
            drop(permit);
        });
        let writer = tokio::spawn(write_all(write, waiting));
        let (reader, writer) = (AbortOnDropHandle::new(reader), AbortOnDropHandle::new(writer));
        let connection = TcpConnection { number, packets, _reader: reader, _writer: writer };
        let _ = self.arrivals.send(Arrival::Connected(from, connection)).await;
    }
}

async fn read_all(at: usize, from: SocketAddr, mut stream: OwnedReadHalf, arrivals: &mpsc::Sender<Arrival>) {
    let mut unframed = Unframed::default();
    let mut limit = FIRST_WITHIN;
    loop {
        loop {
            match unframed.next() {
                Ok(Some(packet)) => {
                    limit = IDLE;
                    if arrivals.send(Arrival::Packet { at, from, packet }).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(TooLong) => return,
            }
        }
        unframed.buffer().reserve(READ_BYTES);
        match timeout(limit, stream.read_buf(unframed.buffer())).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
    }
}

async fn write_all(mut stream: OwnedWriteHalf, mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(packet) = waiting.recv().await {
        if stream.write_all(&packet).await.is_err() {
            return;
        }
    }
}
