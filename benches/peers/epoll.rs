//! The relay without a library: one thread, one read and one write per wake-up. No relay of WebSocket
//! messages through the kernel's sockets needs less.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    mem,
    net::{TcpListener, TcpStream},
};

use anyhow::{Context, ensure};
use nix::{
    errno::Errno,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::load::frame::{CLOSE, toggle};

const LISTENER: u64 = u64::MAX;
const READ_BYTES: usize = 256 * 1024;
const EVENTS: usize = 512;

struct Relay {
    epoll: Epoll,
    connections: Vec<Option<Connection>>,
    /// Free places among the connections.
    free: Vec<usize>,
    /// Connections that wait for their peer, by path.
    waiting: HashMap<String, usize>,
}

struct Connection {
    stream: TcpStream,
    /// The path; `None` until the handshake is done.
    path: Option<String>,
    other: Option<usize>,
    /// The start of an incomplete frame or head.
    rest: Vec<u8>,
}

pub fn serve(listener: &TcpListener) -> anyhow::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut relay = Relay { epoll, connections: Vec::new(), free: Vec::new(), waiting: HashMap::new() };
    let (mut buffer, mut out) = (vec![0; READ_BYTES], Vec::new());
    let mut events = [EpollEvent::empty(); EVENTS];
    loop {
        let count = match relay.epoll.wait(&mut events, EpollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            count => count?,
        };
        for event in &events[..count] {
            if event.data() == LISTENER {
                relay.accept(listener)?;
                continue;
            }
            let place = usize::try_from(event.data())?;
            // An error of one connection ends only that one.
            if !relay.serve_one(place, &mut buffer, &mut out).unwrap_or(false) {
                relay.forget(place);
            }
        }
    }
}

impl Relay {
    fn accept(&mut self, listener: &TcpListener) -> anyhow::Result<()> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accept failed"),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or(self.connections.len());
            self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
            let connection = Connection { stream, path: None, other: None, rest: Vec::new() };
            if place == self.connections.len() {
                self.connections.push(Some(connection));
            } else {
                self.connections[place] = Some(connection);
            }
        }
    }

    /// Reads once and relays the frames. `false` when the connection is over.
    fn serve_one(&mut self, place: usize, buffer: &mut [u8], out: &mut Vec<u8>) -> anyhow::Result<bool> {
        let Some(connection) = &mut self.connections[place] else { return Ok(true) };
        let rest = connection.rest.len();
        buffer[..rest].copy_from_slice(&connection.rest);
        let read = match connection.stream.read(&mut buffer[rest..]) {
            Ok(0) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            read => read?,
        };
        let bytes = &mut buffer[..rest + read];
        if connection.path.is_none() {
            connection.rest = bytes.to_vec();
            return self.shake_hands(place);
        }
        out.clear();
        let (used, goes_on) = reframe(bytes, out)?;
        connection.rest.clear();
        connection.rest.extend(&bytes[used..]);
        if let Some(other) = connection.other.and_then(|other| self.connections[other].as_mut()) {
            write(&mut other.stream, out)?;
        }
        if !goes_on && let Some(connection) = &mut self.connections[place] {
            write(&mut connection.stream, &[0x80 | CLOSE, 0])?;
        }
        Ok(goes_on)
    }

    fn shake_hands(&mut self, place: usize) -> anyhow::Result<bool> {
        let Some(connection) = &mut self.connections[place] else { return Ok(false) };
        if !connection.rest.ends_with(b"\r\n\r\n") {
            return Ok(true);
        }
        let head = String::from_utf8(mem::take(&mut connection.rest))?;
        let path = head.split(' ').nth(1).context("no path")?.to_owned();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).context("no key")?;
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        );
        write(&mut connection.stream, answer.as_bytes())?;
        connection.path = Some(path.clone());
        match self.waiting.remove(&path) {
            Some(first) => {
                connection.other = Some(first);
                if let Some(first) = &mut self.connections[first] {
                    first.other = Some(place);
                }
            }
            None => {
                self.waiting.insert(path, place);
            }
        }
        Ok(true)
    }

    fn forget(&mut self, place: usize) {
        let Some(connection) = self.connections[place].take() else { return };
        if let Some(other) = connection.other.and_then(|other| self.connections[other].as_mut()) {
            other.other = None;
        }
        if let Some(path) = connection.path
            && self.waiting.get(&path) == Some(&place)
        {
            self.waiting.remove(&path);
        }
        self.free.push(place);
    }
}

/// Writes a client's frames as a server's: without their mask. Returns the length of the whole frames, and
/// whether none of them ends the connection.
fn reframe(bytes: &mut [u8], out: &mut Vec<u8>) -> anyhow::Result<(usize, bool)> {
    let mut used = 0;
    loop {
        let left = &mut bytes[used..];
        let &mut [head, length, ref mut rest @ ..] = left else { return Ok((used, true)) };
        ensure!(length & 0x80 != 0, "a client masks");
        let extended = match length & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if rest.len() < extended + 4 {
            return Ok((used, true));
        }
        let (size, rest) = rest.split_at_mut(extended);
        let (mask, rest) = rest.split_at_mut(4);
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        let size_of_payload = if extended == 0 { usize::from(length & 0x7F) } else { number(size) };
        let Some(payload) = rest.get_mut(..size_of_payload) else { return Ok((used, true)) };
        if head & 0x0F == CLOSE {
            return Ok((used, false));
        }
        toggle(payload, [mask[0], mask[1], mask[2], mask[3]]);
        out.extend([head, length & 0x7F]);
        out.extend(&*size);
        out.extend(&*payload);
        used += 2 + extended + 4 + size_of_payload;
    }
}

/// Bytes that the kernel does not accept at once end the connection: windows here are far smaller than its
/// buffers.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> anyhow::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    ensure!(stream.write(bytes)? == bytes.len(), "the other side does not read");
    Ok(())
}
