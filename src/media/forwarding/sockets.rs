//! The addresses of a shard: one UDP socket for each, at the same port, and a listener for those who cannot send UDP.

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

/// How much may wait in the kernel: some hundred milliseconds of many calls.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// How often a free port is looked for that is free at every address, over UDP and TCP.
const TRIES: usize = 16;

const BACKLOG: i32 = 128;

/// The longest datagram that is read; nobody sends longer ones than about 1,500 bytes.
pub const MAX_DATAGRAM: usize = 2_048;

/// One address.
pub struct Place {
    /// What clients are told.
    pub advertised: SocketAddr,
    /// Where datagrams come and go.
    pub udp: UdpSocket,
}

/// Sockets that are bound, but belong to no thread yet.
pub struct Bound(Vec<(SocketAddr, std::net::UdpSocket, std::net::TcpListener)>);

impl Bound {
    /// Binds `listen` at `port`, or at one that is free if that is 0. Clients are told the `advertise`d addresses.
    ///
    /// # Errors
    /// Something else is there, or an address is not this machine's.
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

    /// Everybody's packets come to one socket. The system gives it less than was asked for, if it is not set otherwise,
    /// and what does not fit is lost.
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

    /// What clients are told.
    pub fn advertised(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(advertised, ..)| *advertised).collect()
    }

    /// Hands the sockets over to the runtime that this is called in: each place, and where those come who can only speak TCP.
    pub fn register(self) -> io::Result<Vec<(Place, TcpListener)>> {
        let register = |(advertised, udp, tcp)| {
            Ok((Place { advertised, udp: UdpSocket::from_std(udp)? }, TcpListener::from_std(tcp)?))
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

/// The next datagram at any of the places: at which, from whom, how long. The one after `turn` comes first, so that none
/// waits for the others for ever.
pub fn poll_receive(
    places: &[Place],
    turn: &mut usize,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<(usize, SocketAddr, usize)> {
    for step in 0..places.len() {
        let index = (*turn + step) % places.len();
        let mut read = ReadBuf::new(buffer);
        match places[index].udp.poll_recv_from(cx, &mut read) {
            Poll::Ready(Ok(from)) => {
                *turn = index + 1;
                return Poll::Ready((index, from, read.filled().len()));
            }
            // It tells of an earlier packet that did not arrive; there is nobody to tell, and more may be there.
            Poll::Ready(Err(_)) => cx.waker().wake_by_ref(),
            Poll::Pending => {}
        }
    }
    Poll::Pending
}
