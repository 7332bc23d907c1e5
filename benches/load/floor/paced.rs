//! Messages at a fixed rate, and their latencies.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, bail};
use nix::sys::epoll::{EpollEvent, EpollTimeout};
use tokio::time::Instant;

use super::{EVENTS, Floor, Heard, TIMEOUT};
use crate::load::took::Took;

impl Floor {
    /// Sends `rate` messages a second, in turn and on time, whether or not earlier ones have arrived. Returns
    /// when the last has arrived. A latency starts at the intended time of sending, so that a stalled server
    /// is not measured less.
    pub fn talk_at_a_rate(&mut self, rate: u32, duration: Duration) -> anyhow::Result<Took> {
        let mut took = Took::new()?;
        let mut agenda = Agenda::new(self.talkers.len(), rate, duration);
        let mut scratch = Vec::new();
        let mut events = [EpollEvent::empty(); EVENTS];
        let mut last_heard = Instant::now();
        while !agenda.is_done() {
            let now = Instant::now();
            while let Some(who) = agenda.due(now) {
                self.talkers[who].say(1, &mut scratch)?;
            }
            // It never sleeps: timers have a resolution of a millisecond.
            let count = self.epoll.wait(&mut events, EpollTimeout::ZERO)?;
            for event in &events[..count] {
                let who = usize::try_from(event.data())?;
                let Heard { lines, pinged } = self.talkers[who].hear(&mut self.buffer)?;
                last_heard = Instant::now();
                for _ in 0..lines {
                    took.record(last_heard - agenda.heard(who).context("more was heard than was said")?)?;
                }
                if pinged {
                    self.talkers[who].answer_ping()?;
                }
            }
            if now.saturating_duration_since(last_heard) > Duration::from_millis(TIMEOUT.into()) {
                bail!("messages were lost");
            }
        }
        Ok(took)
    }
}

/// The schedule of messages, and those under way.
struct Agenda {
    next: Instant,
    end: Instant,
    interval: Duration,
    turn: usize,
    /// Per participant, the intended times of the messages that it has yet to receive.
    awaited: Vec<VecDeque<Instant>>,
    under_way: u64,
}

impl Agenda {
    fn new(talkers: usize, rate: u32, duration: Duration) -> Self {
        let next = Instant::now();
        Self {
            next,
            end: next + duration,
            interval: Duration::from_secs(1) / rate,
            turn: 0,
            awaited: vec![VecDeque::new(); talkers],
            under_way: 0,
        }
    }

    /// The next sender, if it is time for a message.
    fn due(&mut self, now: Instant) -> Option<usize> {
        if self.next > now || self.next >= self.end {
            return None;
        }
        let who = self.turn;
        // An even number and the next one are a pair.
        self.awaited[who ^ 1].push_back(self.next);
        self.under_way += 1;
        self.turn = (who + 1) % self.awaited.len();
        self.next += self.interval;
        Some(who)
    }

    /// The intended time of the message that a participant has just received.
    fn heard(&mut self, who: usize) -> Option<Instant> {
        let said = self.awaited[who].pop_front()?;
        self.under_way -= 1;
        Some(said)
    }

    fn is_done(&self) -> bool {
        self.next >= self.end && self.under_way == 0
    }
}
