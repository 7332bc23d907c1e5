//! Lines at a fixed rate, and how long each of them is under way.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, bail};
use nix::sys::epoll::{EpollEvent, EpollTimeout};
use tokio::time::Instant;

use super::{EVENTS, Floor, Heard, PATIENCE};
use crate::load::took::Took;

impl Floor {
    /// Lets people say `rate` lines a second, one after the other and on time, whatever became of the lines before.
    /// Ends when everything that was said was heard. What a line takes counts from when it should have been said, so
    /// that a server that stalls is not measured less while it does.
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
            // It never sleeps: a timer is exact to a millisecond only.
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
            if now.saturating_duration_since(last_heard) > Duration::from_millis(PATIENCE.into()) {
                bail!("messages were lost");
            }
        }
        Ok(took)
    }
}

/// Who says the next line when, and what was said and not yet heard.
struct Agenda {
    next: Instant,
    end: Instant,
    interval: Duration,
    turn: usize,
    /// For each talker, when the lines should have been said that it has yet to hear.
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

    /// Whose turn it is to say a line, if it is time for one.
    fn due(&mut self, now: Instant) -> Option<usize> {
        if self.next > now || self.next >= self.end {
            return None;
        }
        let who = self.turn;
        // Those with an even number and the next one are a pair.
        self.awaited[who ^ 1].push_back(self.next);
        self.under_way += 1;
        self.turn = (who + 1) % self.awaited.len();
        self.next += self.interval;
        Some(who)
    }

    /// When the line should have been said that somebody has just heard.
    fn heard(&mut self, who: usize) -> Option<Instant> {
        let said = self.awaited[who].pop_front()?;
        self.under_way -= 1;
        Some(said)
    }

    fn is_done(&self) -> bool {
        self.next >= self.end && self.under_way == 0
    }
}
