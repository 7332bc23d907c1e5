//! All media connections, on one dedicated thread.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use nix::{
    errno::Errno,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use super::{
    clock,
    ledger::Counted,
    peer::{DATAGRAM_BYTES, Peer},
    source::Source,
};

/// Limit for connecting, and for the first packets between all participants.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Interval of that check.
const GLANCE: Duration = Duration::from_millis(20);

/// Silence after which no packet is under way; retransmissions happen earlier.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// Sockets per wake-up, and datagrams per socket.
const EVENTS: usize = 256;
const AT_ONCE: usize = 8;

/// The connections of all participants.
pub struct Studio {
    peers: Vec<Peer>,
    epoll: Epoll,
    timers: BTreeSet<(Instant, usize)>,
    wakes_at: Vec<Instant>,
    buffer: Vec<u8>,
}

/// Packets sent to all receivers together, and received packets.
pub struct Count {
    pub due: u64,
    pub come: Counted,
}

impl Studio {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            peers: Vec::new(),
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            timers: BTreeSet::new(),
            wakes_at: Vec::new(),
            buffer: vec![0; DATAGRAM_BYTES],
        })
    }

    /// Connects new connections.
    pub fn connect(&mut self, peers: Vec<Peer>) -> anyhow::Result<()> {
        for peer in peers {
            let at = self.peers.len();
            self.epoll.add(&peer.socket, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
            self.wakes_at.push(peer.wakes_at());
            self.timers.insert((peer.wakes_at(), at));
            self.peers.push(peer);
        }
        self.go_on_until(Peer::is_connected).context("not every peer could connect")
    }

    /// Starts all sources, and waits until each receiver has packets of each of its tracks.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        let now = clock::now();
        self.for_each_source(|source| source.begin(now));
        self.go_on_until(Peer::has_begun).context("not every peer receives all others")
    }

    /// Runs for a duration.
    pub fn go_on(&mut self, duration: Duration) -> anyhow::Result<()> {
        let end = clock::now() + duration;
        while clock::now() < end {
            self.step(end)?;
        }
        Ok(())
    }

    /// Counts packets sent within a duration, and those of them that arrive. Sources stop afterwards.
    pub fn count(&mut self, duration: Duration) -> anyhow::Result<Count> {
        let before = self.sent();
        for peer in &mut self.peers {
            let sent = peer.sender.and_then(|sender| before.get(&sender));
            peer.count_from(sent.copied().unwrap_or_default());
        }
        self.go_on(duration)?;
        self.for_each_source(Source::pause);
        let after = self.sent();
        let sent_since = |sender: u32| {
            let both = after[&sender].iter().zip(&before[&sender]);
            both.map(|(after, before)| u64::from(after - before)).sum::<u64>()
        };
        let due = self.peers.iter().filter_map(|peer| peer.sender).map(sent_since).sum();
        let come = self.wait_for(due)?;
        ensure!((1..=due).contains(&come.packets), "{} packets came of {due}", come.packets);
        Ok(Count { due, come })
    }

    /// Waits until this many packets have arrived, or none arrives any more.
    fn wait_for(&mut self, due: u64) -> anyhow::Result<Counted> {
        let (mut come, mut since) = (self.counted(), clock::now());
        while come.packets < due && since.elapsed() < UNDER_WAY {
            self.go_on(GLANCE)?;
            let now = self.counted();
            if now != come {
                (come, since) = (now, clock::now());
            }
        }
        Ok(come)
    }

    fn for_each_source(&mut self, what: impl Fn(&mut Source)) {
        for at in 0..self.peers.len() {
            self.peers[at].sources.iter_mut().for_each(&what);
            self.reset_timer(at);
        }
    }

    fn counted(&self) -> Counted {
        self.peers.iter().fold(Counted::default(), |sum, peer| sum.and(peer.counted()))
    }

    /// Numbers of video and audio packets sent by all.
    fn sent(&self) -> HashMap<u32, [u32; 2]> {
        let senders =
            self.peers.iter().filter_map(|peer| Some((peer.sources.first()?.sender(), peer.sent())));
        senders.collect()
    }

    fn go_on_until(&mut self, is_so: impl Fn(&Peer) -> bool) -> anyhow::Result<()> {
        let end = clock::now() + TIMEOUT;
        while !self.peers.iter().all(&is_so) {
            if clock::now() > end {
                let count = self.peers.iter().filter(|peer| !is_so(peer)).count();
                bail!("{count} of {} took too long", self.peers.len());
            }
            self.go_on(GLANCE)?;
        }
        Ok(())
    }

    /// Performs due actions, then waits for datagrams, at most until `end`.
    fn step(&mut self, end: Instant) -> anyhow::Result<()> {
        let now = clock::now();
        while let Some(&(due, at)) = self.timers.first()
            && due <= now
        {
            self.peers[at].advance(now)?;
            self.reset_timer(at);
        }
        let until = self.timers.first().map_or(end, |(at, _)| (*at).min(end));
        let wait = until.saturating_duration_since(clock::now()).as_micros().div_ceil(1_000);
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, EpollTimeout::from(u16::try_from(wait)?)) {
            Err(Errno::EINTR) => 0,
            count => count?,
        };
        let now = clock::now();
        for event in &events[..count] {
            let at = usize::try_from(event.data())?;
            for _ in 0..AT_ONCE {
                if !self.peers[at].receive(&mut self.buffer, now)? {
                    break;
                }
            }
            self.reset_timer(at);
        }
        Ok(())
    }

    fn reset_timer(&mut self, at: usize) {
        let wakes_at = self.peers[at].wakes_at();
        if wakes_at != self.wakes_at[at] {
            self.timers.remove(&(self.wakes_at[at], at));
            self.timers.insert((wakes_at, at));
            self.wakes_at[at] = wakes_at;
        }
    }
}
