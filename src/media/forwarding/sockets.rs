//! The sockets of a shard: for each address one UDP socket, and one TCP listener at the same port.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    task::{Context, Poll},
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::{
    io::ReadBuf,
    net::{TcpListener, UdpSocket},
};
use tracing::warn;

/// Requested size of the kernel's buffers: some hundred milliseconds of many calls.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Attempts to find a port that is free at every address, over UDP and TCP.
const TRIES: usize = 16;

const BACKLOG: i32 = 128;

/// The longest datagram that is read; clients send at most about 1,500 bytes.
pub const MAX_DATAGRAM: usize = 2_048;

/// A bound address.
pub struct BoundAddress {
    /// The address that clients are told.
    pub advertised: SocketAddr,
    /// The UDP socket.
    pub udp: UdpSocket,
}

/// Bound sockets, not registered with a runtime yet.
pub struct Bound(Vec<(SocketAddr, std::net::UdpSocket, std::net::TcpListener)>);

impl Bound {
    /// Binds `listen` at `port`, or at a free port if that is 0. Clients are told the `advertise` addresses.
    ///
    /// # Errors
    ///
    /// The port is in use, or an address is not this machine's.
    pub fn bind(listen: &[IpAddr], advertise: &[IpAddr], port: u16) -> io::Result<Self> {
        let mut tries = 1..=if port == 0 { TRIES } else { 1 };
        loop {
            let is_last = tries.next().is_none_or(|number| number == TRIES || port != 0);
            match Self::try_bind(listen, advertise, port) {
                Err(error) if is_last || error.kind() != io::ErrorKind::AddrInUse => return Err(error),
                Err(_) => {}
                Ok(bound) => {
                    bound.warn_of_small_buffers();
                    return Ok(bound);
                }
            }
        }
    }

    fn try_bind(listen: &[IpAddr], advertise: &[IpAddr], port: u16) -> io::Result<Self> {
        let (mut bound, mut port) = (Vec::new(), port);
        for (index, address) in listen.iter().enumerate() {
            let udp = open(SocketAddr::new(*address, port), Type::DGRAM)?;
            udp.set_recv_buffer_size(BUFFER_BYTES)?;
            udp.set_send_buffer_size(BUFFER_BYTES)?;
            let udp = std::net::UdpSocket::from(udp);
            port = udp.local_addr()?.port();
            let tcp = open(SocketAddr::new(*address, port), Type::STREAM)?;
            tcp.listen(BACKLOG)?;
            let advertised = SocketAddr::new(*advertise.get(index).unwrap_or(address), port);
            bound.push((advertised, udp, tcp.into()));
        }
        Ok(Self(bound))
    }

    /// Warns if the system grants less than the requested buffer. All packets come to one socket; those that
    /// do not fit are lost.
    fn warn_of_small_buffers(&self) {
        let sizes = self.0.iter().filter_map(|(_, udp, _)| SockRef::from(udp).recv_buffer_size().ok());
        if let Some(bytes) = sizes.min().filter(|bytes| *bytes < BUFFER_BYTES) {
            warn!(
                bytes,
                "the buffers for media are small: with many people packets will be lost \
                 (net.core.rmem_max, net.core.wmem_max)"
            );
        }
    }

    /// The addresses that clients are told.
    pub fn advertised(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(advertised, ..)| *advertised).collect()
    }

    /// Registers the sockets with the current runtime; returns each UDP socket with its TCP listener.
    pub fn register(self) -> io::Result<Vec<(BoundAddress, TcpListener)>> {
        let register = |(advertised, udp, tcp)| {
            Ok((BoundAddress { advertised, udp: UdpSocket::from_std(udp)? }, TcpListener::from_std(tcp)?))
        };
        self.0.into_iter().map(register).collect()
    }
}

fn open(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Receives the next datagram at any address: its index, sender and length. Starts after `turn`, so that no
/// address starves.
pub fn poll_receive(
    addresses: &[BoundAddress],
    turn: &mut usize,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<(usize, SocketAddr, usize)> {
    for step in 0..addresses.len() {
        let index = (*turn + step) % addresses.len();
        let mut read = ReadBuf::new(buffer);
        match addresses[index].udp.poll_recv_from(cx, &mut read) {
            Poll::Ready(Ok(from)) => {
                *turn = index + 1;
                return Poll::Ready((index, from, read.filled().len()));
            }
            // The error is about an earlier sent packet; more datagrams may wait.
            Poll::Ready(Err(_)) => cx.waker().wake_by_ref(),
            Poll::Pending => {}
        }
    }
    Poll::Pending
}
