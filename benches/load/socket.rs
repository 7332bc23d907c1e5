//! The load generator's WebSocket.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::frame;

/// Number of loopback addresses of clients, so that none runs out of ports.
const SOURCES: u32 = 250;

/// Key and proof of every handshake. Source: RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A WebSocket. Queued frames are sent before it waits for input, as in an event loop.
pub struct Socket {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// How much of the inbox was returned.
    taken: usize,
    outbox: Vec<u8>,
}

impl Socket {
    /// Opens `path`, which may have a query.
    pub async fn connect(to: SocketAddr, path: &str) -> anyhow::Result<Self> {
        Self::connect_with(to, path, "").await
    }

    /// Like [`open`](Self::open), with further `headers`, each with its line end.
    pub async fn connect_with(to: SocketAddr, path: &str, headers: &str) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(next_source())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        let mut new = Self::over(stream, Vec::with_capacity(1024));
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        );
        new.stream.write_all(request.as_bytes()).await?;
        new.shake_hands().await?;
        Ok(new)
    }

    /// A connection after its handshake, and bytes of frames that were not read.
    pub fn over(stream: TcpStream, rest: Vec<u8>) -> Self {
        Self { stream, inbox: rest, taken: 0, outbox: Vec::new() }
    }

    /// The inverse of [`Socket::over`].
    pub async fn into_parts(mut self) -> anyhow::Result<(TcpStream, Vec<u8>)> {
        self.flush().await?;
        self.inbox.drain(..self.taken);
        Ok((self.stream, self.inbox))
    }

    pub fn send(&mut self, text: &[u8]) {
        frame::put(&mut self.outbox, frame::TEXT, text);
    }

    /// Queues a complete frame.
    pub fn send_frame(&mut self, frame: &[u8]) {
        self.outbox.extend(frame);
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            self.outbox.clear();
        }
        Ok(())
    }

    /// The next text. Pings are answered.
    pub async fn text(&mut self) -> anyhow::Result<&[u8]> {
        let payload = self.next().await?;
        self.taken = payload.end;
        Ok(&self.inbox[payload])
    }

    /// The next text, which stays in the inbox.
    pub async fn peek(&mut self) -> anyhow::Result<&[u8]> {
        let payload = self.next().await?;
        Ok(&self.inbox[payload])
    }

    /// The range of the next text in the inbox.
    async fn next(&mut self) -> anyhow::Result<Range<usize>> {
        loop {
            let Some((opcode, payload)) = frame::first(&self.inbox[self.taken..])? else {
                ensure!(self.fill().await?, "the server cut the connection");
                continue;
            };
            let payload = self.taken + payload.start..self.taken + payload.end;
            match opcode {
                frame::TEXT => return Ok(payload),
                frame::CLOSE => bail!("the server closed the connection"),
                frame::PING => frame::put(&mut self.outbox, frame::PONG, &self.inbox[payload.clone()]),
                _ => {}
            }
            self.taken = payload.end;
        }
    }

    /// Sends a close frame and waits for the other side's.
    pub async fn close(mut self) -> anyhow::Result<()> {
        frame::put(&mut self.outbox, frame::CLOSE, &1000_u16.to_be_bytes());
        while self.fill().await? {
            while let Some((opcode, payload)) = frame::first(&self.inbox[self.taken..])? {
                self.taken += payload.end;
                if opcode == frame::CLOSE {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ends the connection with a TCP reset.
    pub fn reset(self) -> anyhow::Result<()> {
        Ok(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?)
    }

    /// Sends the queue and reads input; `false` at the end.
    async fn fill(&mut self) -> anyhow::Result<bool> {
        self.flush().await?;
        self.inbox.drain(..self.taken);
        self.taken = 0;
        Ok(self.stream.read_buf(&mut self.inbox).await? > 0)
    }

    async fn shake_hands(&mut self) -> anyhow::Result<()> {
        let end = loop {
            let end = self.inbox.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            ensure!(self.fill().await?, "the server cut the connection during the handshake");
        };
        let head = std::str::from_utf8(&self.inbox[..end]).context("a head that is not text")?;
        ensure!(head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT), "no WebSocket: {head}");
        self.taken = end;
        Ok(())
    }
}

fn next_source() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let host = 2 + NEXT.fetch_add(1, Ordering::Relaxed) % SOURCES;
    (Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() - 1 + host), 0).into()
}
