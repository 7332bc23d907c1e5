//! Pairs that say line after line to each other, as fast as the server carries them: the inner loop of the load
//! generator. It makes no more system calls than the server must, and no text: lines are only counted up. `paced` lets
//! them say lines at a fixed rate.

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

/// How long nothing may come before messages are taken to be lost, in milliseconds.
const PATIENCE: u16 = 10_000;

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;

/// How many connections the kernel names at once.
const EVENTS: usize = 512;

/// Everybody who talks.
pub struct Floor {
    talkers: Vec<Talker>,
    epoll: Epoll,
    buffer: Vec<u8>,
}

struct Talker {
    stream: TcpStream,
    lines: Lines,
    ways: Ways,
    /// The beginning of a frame whose end has not come.
    rest: Vec<u8>,
}

/// What came of one look at a connection.
struct Heard {
    lines: u32,
    /// Whether the server asked for a sign of life: an Engine.IO ping.
    pinged: bool,
}

impl Floor {
    /// Takes everybody over, pair by pair, whoever came first first.
    pub async fn enter(everybody: Vec<Participant>) -> anyhow::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut talkers = Vec::with_capacity(everybody.len());
        for Participant { socket, lines, ways } in everybody {
            let (stream, rest) = socket.into_parts().await?;
            let stream = stream.into_std()?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, talkers.len() as u64))?;
            talkers.push(Talker { stream, lines, ways, rest });
        }
        Ok(Self { talkers, epoll, buffer: vec![0; READ_BYTES] })
    }

    /// Gives everybody back.
    pub fn leave(self) -> anyhow::Result<Vec<Participant>> {
        let back = |Talker { stream, lines, ways, rest }| {
            let socket = Socket::over(tokio::net::TcpStream::from_std(stream)?, rest);
            Ok(Participant { socket, lines, ways })
        };
        self.talkers.into_iter().map(back).collect()
    }

    /// Lets every pair keep `window` lines under way for so long: whoever hears one says one. Ends when everything
    /// that was said was heard, and returns how many lines that were.
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
            match self.epoll.wait(events, EpollTimeout::from(PATIENCE)) {
                Ok(0) => bail!("messages were lost"),
                Err(Errno::EINTR) => {}
                count => return Ok(count?),
            }
        }
    }
}

impl Talker {
    /// Says the next lines, in one go.
    fn say(&mut self, count: u32, scratch: &mut Vec<u8>) -> anyhow::Result<()> {
        scratch.clear();
        for _ in 0..count {
            scratch.extend(self.lines.says.bytes());
            self.lines.says.advance();
        }
        self.write(scratch)
    }

    /// Takes what has come.
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

    /// Waits where the kernel's buffer is full, which a window of some lines never fills.
    fn write(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let mut wait = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
                    ensure!(poll(&mut wait, PollTimeout::from(PATIENCE))? > 0, "the server does not read");
                }
                Err(error) => return Err(error).context("the server cut the connection"),
            }
        }
        Ok(())
    }
}
