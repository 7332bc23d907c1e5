//! A simulated node bus: a queue for each ordered pair of nodes, delivered when the test says so.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, Weak},
};

use futures_util::future::BoxFuture;

use crate::core::{
    model::ids::{Epoch, NodeId, ParticipantId},
    ports::node_bus::{BusFull, NodeBus, NodeListener, NodeMessage},
};

/// A fault of the bus that the tests must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Events arrive without sequence numbers.
    Uncounted,
    /// Mailboxes arrive without events.
    Emptied,
}

/// The queues between all nodes.
#[derive(Default)]
pub struct Net {
    state: Mutex<State>,
    wrong: Option<Wrong>,
}

#[derive(Default)]
struct State {
    recipients: Vec<(NodeId, Weak<dyn NodeListener>)>,
    /// In the order of their first messages, so that runs repeat.
    queues: Vec<((NodeId, NodeId), VecDeque<NodeMessage>)>,
    full: HashSet<(NodeId, NodeId)>,
    /// Pairs in which the second node gets nothing from the first.
    silent: Vec<(NodeId, NodeId)>,
    /// Participants whose mailbox is on its way, to which node, and for which claim once it is requested.
    mailboxes: Vec<(ParticipantId, NodeId, Option<Epoch>)>,
}

impl Net {
    pub fn new(wrong: Option<Wrong>) -> Arc<Self> {
        Arc::new(Self { wrong, ..Self::default() })
    }

    pub fn attach(&self, node: NodeId, recipient: Weak<dyn NodeListener>) {
        self.state.lock().unwrap().recipients.push((node, recipient));
    }

    /// Tells all nodes of a new one.
    pub fn introduce(&self, node: NodeId) {
        for (other, recipient) in self.recipients() {
            if let Some(newcomer) = self.recipient(node).filter(|_| other != node) {
                newcomer.node_returned(other);
                recipient.node_returned(node);
            }
        }
    }

    /// Removes a node, with all messages to it and from it.
    pub fn kill(&self, node: NodeId) {
        {
            let mut state = self.state.lock().unwrap();
            state.recipients.retain(|(other, _)| *other != node);
            state.queues.retain(|((from, to), _)| *from != node && *to != node);
        }
        self.recipients().iter().for_each(|(_, recipient)| recipient.node_lost(node));
    }

    pub fn set_full(&self, from: NodeId, to: NodeId, full: bool) {
        let mut state = self.state.lock().unwrap();
        if full {
            state.full.insert((from, to))
        } else {
            state.full.remove(&(from, to))
        };
    }

    /// Cuts or restores the way from `from` to `to`.
    pub fn set_silent(&self, from: NodeId, to: NodeId, silent: bool) {
        let changed = {
            let mut state = self.state.lock().unwrap();
            let before = state.silent.len();
            state.silent.retain(|pair| *pair != (from, to));
            let was_silent = state.silent.len() < before;
            state.silent.extend(silent.then_some((from, to)));
            was_silent != silent
        };
        if let Some(recipient) = self.recipient(to).filter(|_| changed) {
            if silent { recipient.node_lost(from) } else { recipient.node_returned(from) }
        }
    }

    /// Records that a participant's mailbox is about to be requested by a node.
    pub fn await_mailbox(&self, participant: ParticipantId, node: NodeId) {
        self.state.lock().unwrap().mailboxes.push((participant, node, None));
    }

    /// True while a participant's mailbox is on its way.
    pub fn awaits_mailbox(&self, participant: ParticipantId) -> bool {
        self.state.lock().unwrap().mailboxes.iter().any(|(who, ..)| *who == participant)
    }

    /// True while another node has not been told the seats that `node` waits to have confirmed.
    pub fn awaits_confirmation(&self, node: NodeId) -> bool {
        let asks = |message: &NodeMessage| matches!(message, NodeMessage::Seats { request: Some(_), .. });
        let state = self.state.lock().unwrap();
        state.queues.iter().any(|((from, _), queue)| *from == node && queue.iter().any(asks))
    }

    /// Delivers the next message, if there is one.
    pub fn deliver(&self, from: NodeId, to: NodeId) -> bool {
        let message = {
            let mut state = self.state.lock().unwrap();
            if state.silent.contains(&(from, to)) {
                return false;
            }
            state.queue(from, to).pop_front()
        };
        let (Some(message), Some(recipient)) = (message, self.recipient(to)) else { return false };
        if let NodeMessage::MailboxFetched { seat, .. } = &message {
            let arrived = (seat.participant, to, Some(seat.epoch));
            self.state.lock().unwrap().mailboxes.retain(|awaited| *awaited != arrived);
        }
        recipient.receive(from, message);
        true
    }

    /// Loses all messages on their way, and tells the listener.
    pub fn tear(&self, from: NodeId, to: NodeId) {
        let lost = !std::mem::take(self.state.lock().unwrap().queue(from, to)).is_empty();
        if let Some(recipient) = self.recipient(to).filter(|_| lost) {
            recipient.messages_lost(from);
        }
    }

    pub fn deliver_all(&self) -> bool {
        let pairs: Vec<_> = self.state.lock().unwrap().queues.iter().map(|(pair, _)| *pair).collect();
        let mut any = false;
        for (from, to) in pairs {
            while self.deliver(from, to) {
                any = true;
            }
        }
        any
    }

    pub fn heal(&self) {
        let silent = self.state.lock().unwrap().silent.clone();
        for (from, to) in silent {
            self.set_silent(from, to, false);
        }
        self.state.lock().unwrap().full.clear();
    }

    fn recipient(&self, node: NodeId) -> Option<Arc<dyn NodeListener>> {
        self.state.lock().unwrap().recipient(node).and_then(Weak::upgrade)
    }

    fn recipients(&self) -> Vec<(NodeId, Arc<dyn NodeListener>)> {
        let state = self.state.lock().unwrap();
        state.recipients.iter().filter_map(|(node, it)| Some((*node, it.upgrade()?))).collect()
    }

    fn spoil(&self, message: NodeMessage) -> NodeMessage {
        match (self.wrong, message) {
            (Some(Wrong::Uncounted), NodeMessage::Deliver { to, from, event, .. }) => {
                NodeMessage::Deliver { to, from, seq: None, event }
            }
            (Some(Wrong::Emptied), NodeMessage::MailboxFetched { seat, mailbox: Some(mut mailbox) }) => {
                mailbox.last_seq -= mailbox.events.len() as u64;
                mailbox.taken_seq = mailbox.taken_seq.min(mailbox.last_seq);
                mailbox.events.clear();
                NodeMessage::MailboxFetched { seat, mailbox: Some(mailbox) }
            }
            (_, message) => message,
        }
    }
}

impl State {
    fn queue(&mut self, from: NodeId, to: NodeId) -> &mut VecDeque<NodeMessage> {
        let place = self.queues.iter().position(|(pair, _)| *pair == (from, to));
        let place = place.unwrap_or_else(|| {
            self.queues.push(((from, to), VecDeque::new()));
            self.queues.len() - 1
        });
        &mut self.queues[place].1
    }

    fn recipient(&self, node: NodeId) -> Option<&Weak<dyn NodeListener>> {
        self.recipients.iter().find(|(other, _)| *other == node).map(|(_, recipient)| recipient)
    }
}

/// A node's end of the net.
pub struct SimNodeBus {
    pub node: NodeId,
    pub net: Arc<Net>,
}

impl NodeBus for SimNodeBus {
    fn send(&self, to: NodeId, message: NodeMessage) -> Result<(), BusFull> {
        let message = self.net.spoil(message);
        let mut state = self.net.state.lock().unwrap();
        if let NodeMessage::FetchMailbox { former, epoch } = &message {
            let awaited = (former.participant, self.node, None);
            if let Some((.., requested)) = state.mailboxes.iter_mut().find(|it| **it == awaited) {
                *requested = Some(*epoch);
            }
        }
        if state.full.contains(&(self.node, to)) {
            return Err(BusFull);
        }
        // Dead nodes neither send nor receive.
        if state.recipient(to).is_some() && state.recipient(self.node).is_some() {
            let queue = state.queue(self.node, to);
            queue.push_back(message);
        }
        Ok(())
    }

    fn is_alive(&self, node: NodeId) -> bool {
        let state = self.net.state.lock().unwrap();
        state.recipient(node).is_some() && !state.silent.contains(&(node, self.node))
    }

    fn alive(&self) -> Vec<NodeId> {
        let nodes: Vec<_> = self.net.state.lock().unwrap().recipients.iter().map(|(node, _)| *node).collect();
        nodes.into_iter().filter(|node| *node != self.node && self.is_alive(*node)).collect()
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        let (net, node) = (self.net.clone(), self.node);
        Box::pin(async move {
            let waits = |net: &Net| {
                let state = net.state.lock().unwrap();
                state.queues.iter().any(|((from, _), queue)| *from == node && !queue.is_empty())
            };
            while waits(&net) {
                tokio::task::yield_now().await;
            }
        })
    }
}
