//! Two nodes and a way between them that loses things and keeps others for too long: nothing is lost in silence, nothing
//! comes twice, everything comes in order. And implementations that are wrong, which must not pass.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};

use super::super::{
    envelope,
    link::{GIVEN_UP_AFTER, Links},
    message,
    outbound::{MOST, MOST_FOR_ONE, MOST_WITH_NEWS},
};
use crate::core::{
    model::{
        event::{Event, Signal, SignalKind},
        ids::{Epoch, NodeId, ParticipantId},
        mailbox::PairSeq,
        seat_table::SeatKey,
    },
    ports::{
        clock::{Clock, SystemClock},
        node_bus::{BusFull, NodeMessage},
    },
};

#[derive(Debug, Clone)]
enum Step {
    /// The node sends some messages.
    Send {
        by: usize,
        count: u64,
        size: usize,
    },
    /// What the node has to publish is published.
    Publish {
        by: usize,
    },
    /// The oldest frame that is on its way to the node arrives.
    Deliver {
        to: usize,
    },
    /// It never does.
    Lose {
        to: usize,
    },
    /// It takes a detour.
    Delay {
        to: usize,
    },
    /// One that took a detour arrives.
    Late {
        to: usize,
        which: prop::sample::Index,
    },
    /// The node has a new connection, and what was on its way to it is lost.
    Reconnect {
        by: usize,
    },
    Pass {
        ms: u64,
    },
    /// The node hears nothing of the other one, for so long that it gives up what waits for it.
    GiveUp {
        by: usize,
    },
}

fn steps(gives_up: bool) -> impl Strategy<Value = Vec<Step>> {
    let node = || 0..2_usize;
    let size = prop_oneof![Just(10), Just(30_000)];
    let step = prop_oneof![
        4 => (node(), 1..4_u64, size).prop_map(|(by, count, size)| Step::Send { by, count, size }),
        4 => node().prop_map(|by| Step::Publish { by }),
        4 => node().prop_map(|to| Step::Deliver { to }),
        1 => node().prop_map(|to| Step::Lose { to }),
        1 => node().prop_map(|to| Step::Delay { to }),
        1 => (node(), any::<prop::sample::Index>()).prop_map(|(to, which)| Step::Late { to, which }),
        1 => node().prop_map(|by| Step::Reconnect { by }),
        2 => (1..1_500_u64).prop_map(|ms| Step::Pass { ms }),
        u32::from(gives_up) => node().prop_map(|by| Step::GiveUp { by }),
    ];
    vec(step, 1..80)
}

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// What came before is taken again.
    TakesAgain,
    /// Nobody says that something is missing.
    NeverSays,
    /// Nobody asks what has arrived.
    NeverAsks,
    /// Nobody says that something was given up.
    HidesLoss,
    /// What follows a gap is taken.
    IgnoresGaps,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd)]
enum Heard {
    NodeMessage(u64),
    Torn,
}

struct Node {
    id: NodeId,
    links: Links,
    /// On their way here.
    incoming: VecDeque<Bytes>,
    late: Vec<Bytes>,
    heard: Vec<Heard>,
    /// The numbers of what was taken for sending.
    sent: Vec<u64>,
}

struct World {
    nodes: [Node; 2],
    now: Instant,
    wrong: Wrong,
}

type Outcome = Result<(), TestCaseError>;

impl World {
    fn new(wrong: Wrong) -> Self {
        let node = || {
            let id = NodeId::random();
            let (incoming, late, heard, sent) = Default::default();
            Node { id, links: Links::new(id), incoming, late, heard, sent }
        };
        Self { nodes: [node(), node()], now: SystemClock.now(), wrong }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send { by, count, size } => (0..*count).for_each(|_| self.send(*by, *size)),
            Step::Publish { by } => drop(self.publish(*by)),
            Step::Deliver { to } => drop(self.deliver(*to)),
            Step::Lose { to } => drop(self.nodes[*to].incoming.pop_front()),
            Step::Delay { to } => {
                let delayed = self.nodes[*to].incoming.pop_front();
                self.nodes[*to].late.extend(delayed);
            }
            Step::Late { to, which } => {
                if !self.nodes[*to].late.is_empty() {
                    let which = which.index(self.nodes[*to].late.len());
                    let frame = self.nodes[*to].late.swap_remove(which);
                    self.arrive(*to, frame);
                }
            }
            Step::Reconnect { by } => {
                self.nodes[*by].incoming.clear();
                self.nodes[*by].links.reconnected(self.now);
            }
            Step::Pass { ms } => self.now += Duration::from_millis(*ms),
            Step::GiveUp { by } => {
                self.nodes[*by].links.heard(|_| false, self.now);
                self.now += GIVEN_UP_AFTER;
                self.nodes[*by].links.heard(|_| false, self.now);
                self.nodes[*by].links.heard(|_| true, self.now);
            }
        }
    }

    fn send(&mut self, by: usize, size: usize) {
        let to = self.nodes[1 - by].id;
        let node = &mut self.nodes[by];
        let number = node.sent.len() as u64 + 1;
        if node.links.push(to, &told(number, size), self.now).is_ok() {
            node.sent.push(number);
        }
    }

    /// Returns whether there was anything.
    fn publish(&mut self, by: usize) -> bool {
        let frames = self.nodes[by].links.frames(self.now);
        for (to, frame) in &frames {
            assert_eq!(*to, self.nodes[1 - by].id);
            let mut bytes = BytesMut::from(&frame.head[..]);
            bytes.extend_from_slice(&frame.messages);
            self.nodes[1 - by].incoming.push_back(bytes.freeze());
        }
        !frames.is_empty()
    }

    fn deliver(&mut self, to: usize) -> bool {
        let frame = self.nodes[to].incoming.pop_front();
        let is_one = frame.is_some();
        if let Some(frame) = frame {
            self.arrive(to, frame);
        }
        is_one
    }

    fn arrive(&mut self, to: usize, frame: Bytes) {
        let (mut head, messages) = envelope::open(frame).expect("it is a frame");
        head.says &= self.wrong != Wrong::NeverSays;
        head.asks &= self.wrong != Wrong::NeverAsks;
        head.after_loss &= self.wrong != Wrong::HidesLoss;
        let node = &mut self.nodes[to];
        let count = messages.total();
        let taken = node.links.take(&head, count, self.now);
        let numbers: Vec<_> = messages.map(|(kind, body)| number_of(kind, body, self.now)).collect();
        let last = node.heard.iter().rev().find(|heard| **heard != Heard::Torn);
        let is_old = numbers.first().is_some_and(|first| first.map(Heard::NodeMessage).as_ref() <= last);
        let skip = match self.wrong {
            Wrong::TakesAgain if is_old => 0,
            Wrong::IgnoresGaps if !is_old => 0,
            _ => usize::try_from(taken.skip).unwrap(),
        };
        if taken.torn {
            node.heard.push(Heard::Torn);
        }
        node.heard.extend(numbers.into_iter().skip(skip).flatten().map(Heard::NodeMessage));
    }

    /// From now on nothing is lost; after a while all is quiet.
    fn heal(&mut self) -> Outcome {
        for _ in 0..500 {
            let mut is_busy = false;
            for node in 0..2 {
                is_busy |= self.publish(node);
                while self.deliver(1 - node) {}
            }
            if !is_busy && self.nodes.iter().all(|node| node.links.due(self.now).is_none()) {
                return Ok(());
            }
            self.now += Duration::from_millis(10);
        }
        Err(TestCaseError::fail("it never comes to rest"))
    }

    /// Whether what each node heard so far is what the other one sent, in order, with a word wherever something is
    /// missing.
    fn check(&self, is_over: bool) -> Outcome {
        for (by, to) in [(0, 1), (1, 0)] {
            let (mut sent, mut is_torn) = (self.nodes[by].sent.iter().peekable(), false);
            for heard in &self.nodes[to].heard {
                match heard {
                    Heard::Torn => is_torn = true,
                    Heard::NodeMessage(number) => {
                        let mut missing = 0;
                        while sent.next_if(|sent| *sent < number).is_some() {
                            missing += 1;
                        }
                        prop_assert!(missing == 0 || is_torn, "{missing} before {number} are missing");
                        prop_assert_eq!(sent.next(), Some(number), "twice, or out of order");
                        is_torn = false;
                    }
                }
            }
            let missing = sent.count();
            prop_assert!(!is_over || missing == 0 || is_torn, "{missing} at the end are missing");
        }
        Ok(())
    }
}

fn number_of(kind: u8, body: Bytes, now: Instant) -> Option<u64> {
    match message::read(kind, body, now) {
        Some(NodeMessage::Deliver { seq: Some(seq), .. }) => Some(seq.number),
        _ => None,
    }
}

fn told(number: u64, size: usize) -> NodeMessage {
    let recipient = |index| {
        let mut bytes = [0; 16];
        bytes[0] = index;
        ParticipantId::from_bytes(bytes)
    };
    told_to(recipient(u8::try_from(number % 4).unwrap()), number, size)
}

fn told_to(participant: ParticipantId, number: u64, size: usize) -> NodeMessage {
    let from = ParticipantId::from_bytes([0; 16]);
    NodeMessage::Deliver {
        to: SeatKey { room: "7".parse().unwrap(), participant, epoch: Epoch(1) },
        from,
        seq: Some(PairSeq { from: Epoch(1), to: Epoch(1), number }),
        event: Event::Signal(Signal {
            from,
            name: "Ann".parse().unwrap(),
            kind: SignalKind::Candidate,
            payload: vec![7; size].into(),
        }),
    }
}

fn goes_well(steps: &[Step], wrong: Wrong) -> Outcome {
    let mut world = World::new(wrong);
    for step in steps {
        world.take(step);
        world.check(false)?;
    }
    world.heal()?;
    world.check(true)
}

fn look_for_harm(times: u32, gives_up: bool, wrong: Wrong) -> Result<(), TestError<impl std::fmt::Debug>> {
    let max_shrink_iters = if wrong == Wrong::Nothing { 2_000 } else { 0 };
    let cases = times * Config::default().cases;
    let config = Config { cases, failure_persistence: None, max_shrink_iters, ..Config::default() };
    TestRunner::new(config).run(&steps(gives_up), |steps| goes_well(&steps, wrong))
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice() {
    if let Err(harm) = look_for_harm(4, false, Wrong::Nothing) {
        panic!("{harm}");
    }
}

#[test]
fn nothing_is_torn_that_was_not_given_up() {
    let cases = 2 * Config::default().cases;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&steps(false), |steps| {
        let mut world = World::new(Wrong::Nothing);
        for step in &steps {
            world.take(step);
        }
        world.heal()?;
        prop_assert!(world.nodes.iter().all(|node| !node.heard.contains(&Heard::Torn)));
        Ok(())
    });
    if let Err(harm) = checked {
        panic!("{harm}");
    }
}

#[test]
fn what_is_given_up_is_said_to_be_lost() {
    if let Err(harm) = look_for_harm(4, true, Wrong::Nothing) {
        panic!("{harm}");
    }
}

#[test]
fn whatever_is_done_wrong_is_found() {
    let wrong = [Wrong::TakesAgain, Wrong::NeverSays, Wrong::NeverAsks, Wrong::HidesLoss, Wrong::IgnoresGaps];
    for wrong in wrong {
        assert!(look_for_harm(8, true, wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn what_waits_is_bounded_for_each_and_for_all_and_news_gets_through() {
    let (now, other) = (SystemClock.now(), NodeId::random());
    let mut links = Links::new(NodeId::random());
    let mut fill = |participant: &dyn Fn() -> ParticipantId| {
        let mut taken = 0;
        while links.push(other, &told_to(participant(), 1, 10_000), now) == Ok(()) {
            taken += 10_000;
        }
        taken
    };
    let ann = ParticipantId::random();
    let for_one = fill(&|| ann);
    assert!((MOST_FOR_ONE - 20_000..MOST_FOR_ONE).contains(&for_one), "{for_one}");
    let for_all = for_one + fill(&ParticipantId::random);
    assert!((MOST * 9 / 10..MOST).contains(&for_all), "{for_all}");
    let mut news = 0;
    while links.push(other, &NodeMessage::Answer { request: 1, yes: true }, now) != Err(BusFull) {
        news += 14;
    }
    assert!((MOST_WITH_NEWS - MOST..MOST_WITH_NEWS - MOST * 9 / 10).contains(&news), "{news}");
}

#[test]
fn what_is_sent_together_goes_out_together() {
    let mut world = World::new(Wrong::Nothing);
    (0..100).for_each(|_| world.send(0, 10));
    world.publish(0);
    assert_eq!(world.nodes[1].incoming.len(), 1);
    world.deliver(1);
    assert!(world.publish(1), "so many are acknowledged at once");
    world.deliver(0);
    assert_eq!(world.nodes[0].links.due(world.now), None, "nothing is kept");
}

#[test]
fn nothing_is_sent_to_a_node_that_is_gone_until_it_is_back() {
    let mut world = World::new(Wrong::Nothing);
    world.send(0, 10);
    world.publish(0);
    world.nodes[1].incoming.clear();
    let (now, links) = (world.now, &mut world.nodes[0].links);
    let marks = links.marks();
    assert!(!links.are_past(&marks));
    links.heard(|_| false, now);
    assert!(links.are_past(&marks), "nobody waits for a node that is gone");
    assert_eq!(links.due(now), None);
    links.heard(|_| true, now + Duration::from_secs(30));
    world.now += Duration::from_secs(30);
    assert!(!world.nodes[0].links.are_past(&marks));
    world.heal().unwrap();
    assert_eq!(world.nodes[1].heard, [Heard::NodeMessage(1)]);
    assert!(world.nodes[0].links.are_past(&marks));
}
