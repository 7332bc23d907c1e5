//! The inner loop of the load generator: pairs exchange messages as fast as the server relays them. It makes
//! no more system calls than the server, and no new text, as only a number in each message changes. `paced`
//! sends at a fixed rate.

mod paced;

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::fd::AsFd,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};
use tokio::time::Instant;

use super::{
    frame,
    pair::{Lines, Participant, Ways},
    socket::Socket,
};

/// Silence after which messages count as lost, in milliseconds.
const TIMEOUT: u16 = 10_000;

/// Bytes per read.
const READ_BYTES: usize = 256 * 1024;

/// Connections per wake-up.
const EVENTS: usize = 512;

/// All participants.
pub struct Floor {
    talkers: Vec<Talker>,
    epoll: Epoll,
    buffer: Vec<u8>,
}

struct Talker {
    stream: TcpStream,
    lines: Lines,
    ways: Ways,
    /// The start of an incomplete frame.
    rest: Vec<u8>,
}

/// The result of one read.
struct Heard {
    lines: u32,
    /// Whether the server sent an Engine.IO ping.
    pinged: bool,
}

impl Floor {
    /// Takes over the connections, pair by pair.
    pub async fn enter(participants: Vec<Participant>) -> anyhow::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut talkers = Vec::with_capacity(participants.len());
        for Participant { socket, lines, ways } in participants {
            let (stream, rest) = socket.into_parts().await?;
            let stream = stream.into_std()?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, talkers.len() as u64))?;
            talkers.push(Talker { stream, lines, ways, rest });
        }
        Ok(Self { talkers, epoll, buffer: vec![0; READ_BYTES] })
    }

    /// Returns the connections.
    pub fn leave(self) -> anyhow::Result<Vec<Participant>> {
        let back = |Talker { stream, lines, ways, rest }| {
            let socket = Socket::over(tokio::net::TcpStream::from_std(stream)?, rest);
            Ok(Participant { socket, lines, ways })
        };
        self.talkers.into_iter().map(back).collect()
    }

    /// Keeps `window` messages of every pair under way for `duration`: each received message is answered.
    /// Returns the number of messages, after the last has arrived.
    pub fn talk(&mut self, window: u32, duration: Duration) -> anyhow::Result<f64> {
        let end = Instant::now() + duration;
        let mut scratch = Vec::new();
        let mut under_way = 0;
        for talker in self.talkers.iter_mut().step_by(2) {
            talker.say(window, &mut scratch)?;
            under_way += window;
        }
        let mut heard = 0_u64;
        let mut events = [EpollEvent::empty(); EVENTS];
        while under_way > 0 {
            let count = self.wait(&mut events)?;
            let over = Instant::now() >= end;
            for event in &events[..count] {
                let talker = &mut self.talkers[usize::try_from(event.data())?];
                let Heard { lines, pinged } = talker.hear(&mut self.buffer)?;
                heard += u64::from(lines);
                if pinged {
                    talker.answer_ping()?;
                }
                if over {
                    under_way -= lines;
                } else {
                    talker.say(lines, &mut scratch)?;
                }
            }
        }
        Ok(heard as f64)
    }

    fn wait(&self, events: &mut [EpollEvent]) -> anyhow::Result<usize> {
        loop {
            match self.epoll.wait(events, EpollTimeout::from(TIMEOUT)) {
                Ok(0) => bail!("messages were lost"),
                Err(Errno::EINTR) => {}
                count => return Ok(count?),
            }
        }
    }
}

impl Talker {
    /// Sends the next messages in one write.
    fn say(&mut self, count: u32, scratch: &mut Vec<u8>) -> anyhow::Result<()> {
        scratch.clear();
        for _ in 0..count {
            scratch.extend(self.lines.says.bytes());
            self.lines.says.advance();
        }
        self.write(scratch)
    }

    /// Reads and checks received messages.
    fn hear(&mut self, buffer: &mut [u8]) -> anyhow::Result<Heard> {
        let rest = self.rest.len();
        buffer[..rest].copy_from_slice(&self.rest);
        let filled = match self.stream.read(&mut buffer[rest..]) {
            Ok(0) => bail!("the server cut the connection"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => rest,
            read => rest + read?,
        };
        let mut left = &buffer[..filled];
        let mut heard = Heard { lines: 0, pinged: false };
        while let Some((opcode, payload)) = frame::first(left)? {
            match (opcode, &left[payload.clone()]) {
                (frame::TEXT, b"2") => heard.pinged = true,
                (frame::TEXT, text) => {
                    self.lines.check(text)?;
                    heard.lines += 1;
                }
                (opcode, _) => bail!("a frame with opcode {opcode} among the messages"),
            }
            left = &left[payload.end..];
        }
        self.rest.clear();
        self.rest.extend(left);
        Ok(heard)
    }

    fn answer_ping(&mut self) -> anyhow::Result<()> {
        let mut pong = Vec::new();
        frame::put(&mut pong, frame::TEXT, b"3");
        self.write(&pong)
    }

    /// Waits while the kernel's buffer is full, which a window of some messages never fills.
    fn write(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let mut wait = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
                    ensure!(poll(&mut wait, PollTimeout::from(TIMEOUT))? > 0, "the server does not read");
                }
                Err(error) => return Err(error).context("the server cut the connection"),
            }
        }
        Ok(())
    }
}
