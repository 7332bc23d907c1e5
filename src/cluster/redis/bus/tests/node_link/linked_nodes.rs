//! Two linked nodes, the network between them, and the steps and defects of a test.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};

use crate::{
    cluster::redis::bus::{
        frame, message,
        node_link::{DISCARD_AFTER, NodeLinks},
    },
    core::{
        model::{
            event::{Event, Signal, SignalKind},
            ids::{Epoch, NodeId, ParticipantId},
            mailbox::PairSeq,
            seat_table::SeatKey,
        },
        ports::{
            clock::{Clock, SystemClock},
            node_bus::NodeMessage,
        },
    },
};

#[derive(Debug, Clone)]
pub enum Step {
    /// The node sends some messages.
    Send {
        by: usize,
        count: u64,
        size: usize,
    },
    /// The node publishes the frames that are due.
    Publish {
        by: usize,
    },
    /// The oldest frame under way to the node arrives.
    Deliver {
        to: usize,
    },
    /// The oldest frame under way to the node is lost.
    Lose {
        to: usize,
    },
    /// The oldest frame under way to the node is delayed.
    Delay {
        to: usize,
    },
    /// A delayed frame arrives.
    Late {
        to: usize,
        which: prop::sample::Index,
    },
    /// The node reconnects, and the frames under way to it are lost.
    Reconnect {
        by: usize,
    },
    Pass {
        ms: u64,
    },
    /// The other node is lost for so long that the node discards the messages for it.
    Discard {
        by: usize,
    },
}

pub fn steps(discards: bool) -> impl Strategy<Value = Vec<Step>> {
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
        u32::from(discards) => node().prop_map(|by| Step::Discard { by }),
    ];
    vec(step, 1..80)
}

/// A deliberate fault in the handling of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    None,
    /// Messages that were received before are accepted again.
    AcceptsRepeated,
    /// Requests to send messages again are ignored.
    IgnoresResend,
    /// Requests for an acknowledgment are ignored.
    IgnoresWantsAck,
    /// The mark that messages were discarded is ignored.
    IgnoresLoss,
    /// Messages after a gap are accepted.
    IgnoresGaps,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd)]
pub enum Received {
    Message(u64),
    /// A report that messages are lost.
    Loss,
}

pub struct Node {
    pub id: NodeId,
    pub links: NodeLinks,
    /// Frames under way to this node.
    pub incoming: VecDeque<Bytes>,
    pub delayed: Vec<Bytes>,
    pub received: Vec<Received>,
    /// Numbers of the messages that the link accepted for sending.
    pub sent: Vec<u64>,
}

pub struct LinkedNodes {
    pub nodes: [Node; 2],
    pub now: Instant,
    pub defect: Defect,
}

pub type Outcome = Result<(), TestCaseError>;

impl LinkedNodes {
    pub fn new(defect: Defect) -> Self {
        let node = || {
            let id = NodeId::random();
            let (incoming, delayed, received, sent) = Default::default();
            Node { id, links: NodeLinks::new(id), incoming, delayed, received, sent }
        };
        Self { nodes: [node(), node()], now: SystemClock.now(), defect }
    }

    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Send { by, count, size } => (0..*count).for_each(|_| self.send(*by, *size)),
            Step::Publish { by } => drop(self.publish(*by)),
            Step::Deliver { to } => drop(self.deliver(*to)),
            Step::Lose { to } => drop(self.nodes[*to].incoming.pop_front()),
            Step::Delay { to } => {
                let delayed = self.nodes[*to].incoming.pop_front();
                self.nodes[*to].delayed.extend(delayed);
            }
            Step::Late { to, which } => {
                if !self.nodes[*to].delayed.is_empty() {
                    let which = which.index(self.nodes[*to].delayed.len());
                    let frame = self.nodes[*to].delayed.swap_remove(which);
                    self.arrive(*to, frame);
                }
            }
            Step::Reconnect { by } => {
                self.nodes[*by].incoming.clear();
                self.nodes[*by].links.reconnected(self.now);
            }
            Step::Pass { ms } => self.now += Duration::from_millis(*ms),
            Step::Discard { by } => {
                self.nodes[*by].links.update_liveness(|_| false, self.now);
                self.now += DISCARD_AFTER;
                self.nodes[*by].links.update_liveness(|_| false, self.now);
                self.nodes[*by].links.update_liveness(|_| true, self.now);
            }
        }
    }

    pub fn send(&mut self, by: usize, size: usize) {
        let to = self.nodes[1 - by].id;
        let node = &mut self.nodes[by];
        let number = node.sent.len() as u64 + 1;
        if node.links.push(to, &message_of(number, size), self.now).is_ok() {
            node.sent.push(number);
        }
    }

    /// Returns `false` if no frame was due.
    pub fn publish(&mut self, by: usize) -> bool {
        let frames = self.nodes[by].links.frames(self.now);
        for (to, frame) in &frames {
            assert_eq!(*to, self.nodes[1 - by].id);
            let mut bytes = BytesMut::from(&frame.head[..]);
            bytes.extend_from_slice(&frame.messages);
            self.nodes[1 - by].incoming.push_back(bytes.freeze());
        }
        !frames.is_empty()
    }

    /// Returns `false` if no frame was under way.
    pub fn deliver(&mut self, to: usize) -> bool {
        let Some(frame) = self.nodes[to].incoming.pop_front() else { return false };
        self.arrive(to, frame);
        true
    }

    fn arrive(&mut self, to: usize, frame: Bytes) {
        let (mut head, messages) = frame::read(frame).expect("a frame");
        head.resend &= self.defect != Defect::IgnoresResend;
        head.wants_ack &= self.defect != Defect::IgnoresWantsAck;
        head.after_loss &= self.defect != Defect::IgnoresLoss;
        let node = &mut self.nodes[to];
        let count = messages.total();
        let accepted = node.links.receive(&head, count, self.now);
        let numbers: Vec<_> = messages.map(|(kind, body)| number_of(kind, body, self.now)).collect();
        let last = node.received.iter().rev().find(|received| **received != Received::Loss);
        let is_old = numbers.first().is_some_and(|first| first.map(Received::Message).as_ref() <= last);
        let skip = match self.defect {
            Defect::AcceptsRepeated if is_old => 0,
            Defect::IgnoresGaps if !is_old => 0,
            _ => usize::try_from(accepted.skip).unwrap(),
        };
        if accepted.messages_lost {
            node.received.push(Received::Loss);
        }
        node.received.extend(numbers.into_iter().skip(skip).flatten().map(Received::Message));
    }

    /// Delivers every frame until no node has one to publish.
    pub fn heal(&mut self) -> Outcome {
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
        Err(TestCaseError::fail("the links never come to rest"))
    }

    /// Checks that each node received what the other one sent, in order, with a report wherever messages are
    /// missing.
    pub fn check(&self, is_over: bool) -> Outcome {
        for (by, to) in [(0, 1), (1, 0)] {
            let (mut sent, mut is_reported) = (self.nodes[by].sent.iter().peekable(), false);
            for received in &self.nodes[to].received {
                match received {
                    Received::Loss => is_reported = true,
                    Received::Message(number) => {
                        let mut missing = 0;
                        while sent.next_if(|sent| *sent < number).is_some() {
                            missing += 1;
                        }
                        prop_assert!(
                            missing == 0 || is_reported,
                            "{missing} messages are missing before {number}"
                        );
                        prop_assert_eq!(sent.next(), Some(number), "repeated or out of order");
                        is_reported = false;
                    }
                }
            }
            let missing = sent.count();
            prop_assert!(
                !is_over || missing == 0 || is_reported,
                "{missing} messages are missing at the end"
            );
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

fn message_of(number: u64, size: usize) -> NodeMessage {
    let recipient = |index| {
        let mut bytes = [0; 16];
        bytes[0] = index;
        ParticipantId::from_bytes(bytes)
    };
    message_to(recipient(u8::try_from(number % 4).unwrap()), number, size)
}

pub fn message_to(participant: ParticipantId, number: u64, size: usize) -> NodeMessage {
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
