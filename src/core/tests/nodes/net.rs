//! A simulated wire: for each ordered pair of nodes a queue, from which parcels are delivered when the test says so.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, Weak},
};

use futures_util::future::BoxFuture;

use crate::core::{
    ids::NodeId,
    wire::{Parcel, Recipient, Wire, WireFull},
};

/// A wire that is not as it should be, to see that it is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// What is said is not counted.
    Uncounted,
    /// Where somebody is now is told before their mailbox is asked for.
    SeatsFirst,
    /// Mailboxes arrive without what was kept.
    Emptied,
    /// What is lost is not made known.
    Silent,
}

/// The ways between all nodes.
#[derive(Default)]
pub struct Net {
    state: Mutex<State>,
    wrong: Option<Wrong>,
}

#[derive(Default)]
struct State {
    recipients: HashMap<NodeId, Weak<dyn Recipient>>,
    queues: HashMap<(NodeId, NodeId), VecDeque<Parcel>>,
    full: HashSet<(NodeId, NodeId)>,
    /// Pairs in which the second hears nothing of the first.
    silent: HashSet<(NodeId, NodeId)>,
}

impl Net {
    pub fn new(wrong: Option<Wrong>) -> Arc<Self> {
        Arc::new(Self { wrong, ..Self::default() })
    }

    pub fn attach(&self, node: NodeId, recipient: Weak<dyn Recipient>) {
        self.state.lock().unwrap().recipients.insert(node, recipient);
    }

    /// Everybody is told that a node is there.
    pub fn introduce(&self, node: NodeId) {
        for (other, recipient) in self.recipients() {
            if other != node {
                recipient.back(node);
            }
        }
    }

    /// Takes a node away, with all that was on its way to it or from it.
    pub fn kill(&self, node: NodeId) {
        {
            let mut state = self.state.lock().unwrap();
            state.recipients.remove(&node);
            state.queues.retain(|(from, to), _| *from != node && *to != node);
        }
        self.recipients().iter().for_each(|(_, recipient)| recipient.gone(node));
    }

    pub fn set_full(&self, from: NodeId, to: NodeId, full: bool) {
        let mut state = self.state.lock().unwrap();
        if full {
            state.full.insert((from, to))
        } else {
            state.full.remove(&(from, to))
        };
    }

    /// Lets `to` hear nothing of `from`, or hear of it again.
    pub fn set_silent(&self, from: NodeId, to: NodeId, silent: bool) {
        let changed = {
            let mut state = self.state.lock().unwrap();
            if silent { state.silent.insert((from, to)) } else { state.silent.remove(&(from, to)) }
        };
        if let Some(recipient) = self.recipient(to).filter(|_| changed) {
            if silent { recipient.gone(from) } else { recipient.back(from) }
        }
    }

    /// Delivers the next parcel, if there is one.
    pub fn deliver(&self, from: NodeId, to: NodeId) -> bool {
        let parcel = {
            let mut state = self.state.lock().unwrap();
            if state.silent.contains(&(from, to)) {
                return false;
            }
            state.queues.get_mut(&(from, to)).and_then(VecDeque::pop_front)
        };
        let (Some(parcel), Some(recipient)) = (parcel, self.recipient(to)) else { return false };
        recipient.receive(from, parcel);
        true
    }

    /// Loses for good all that is on its way, which the recipient is told.
    pub fn tear(&self, from: NodeId, to: NodeId) {
        let lost =
            self.state.lock().unwrap().queues.remove(&(from, to)).is_some_and(|queue| !queue.is_empty());
        if let Some(recipient) = self.recipient(to).filter(|_| lost && self.wrong != Some(Wrong::Silent)) {
            recipient.torn(from);
        }
    }

    pub fn deliver_all(&self) -> bool {
        let pairs: Vec<_> = self.state.lock().unwrap().queues.keys().copied().collect();
        let mut any = false;
        for (from, to) in pairs {
            while self.deliver(from, to) {
                any = true;
            }
        }
        any
    }

    pub fn heal(&self) {
        let silent: Vec<_> = self.state.lock().unwrap().silent.iter().copied().collect();
        for (from, to) in silent {
            self.set_silent(from, to, false);
        }
        self.state.lock().unwrap().full.clear();
    }

    fn recipient(&self, node: NodeId) -> Option<Arc<dyn Recipient>> {
        self.state.lock().unwrap().recipients.get(&node).and_then(Weak::upgrade)
    }

    fn recipients(&self) -> Vec<(NodeId, Arc<dyn Recipient>)> {
        let state = self.state.lock().unwrap();
        state.recipients.iter().filter_map(|(node, it)| Some((*node, it.upgrade()?))).collect()
    }

    fn spoil(&self, parcel: Parcel) -> Parcel {
        match (self.wrong, parcel) {
            (Some(Wrong::Uncounted), Parcel::Told { to, from, event, .. }) => {
                Parcel::Told { to, from, count: None, event }
            }
            (Some(Wrong::Emptied), Parcel::Yielded { ask, mailbox: Some(mut mailbox) }) => {
                mailbox.last -= mailbox.kept.len() as u64;
                mailbox.handed = mailbox.handed.min(mailbox.last);
                mailbox.kept.clear();
                Parcel::Yielded { ask, mailbox: Some(mailbox) }
            }
            (_, parcel) => parcel,
        }
    }
}

/// A node's end of the net.
pub struct SimWire {
    pub node: NodeId,
    pub net: Arc<Net>,
}

impl Wire for SimWire {
    fn send(&self, to: NodeId, parcel: Parcel) -> Result<(), WireFull> {
        let parcel = self.net.spoil(parcel);
        let mut state = self.net.state.lock().unwrap();
        if state.full.contains(&(self.node, to)) {
            return Err(WireFull);
        }
        // Who is dead says nothing.
        if state.recipients.contains_key(&to) && state.recipients.contains_key(&self.node) {
            let queue = state.queues.entry((self.node, to)).or_default();
            let overtakes =
                matches!((&parcel, queue.back()), (Parcel::Seats { .. }, Some(Parcel::Yield { .. })));
            let place = queue.len() - usize::from(overtakes && self.net.wrong == Some(Wrong::SeatsFirst));
            queue.insert(place, parcel);
        }
        Ok(())
    }

    fn is_alive(&self, node: NodeId) -> bool {
        let state = self.net.state.lock().unwrap();
        state.recipients.contains_key(&node) && !state.silent.contains(&(node, self.node))
    }

    fn alive(&self) -> Vec<NodeId> {
        let nodes: Vec<_> = self.net.state.lock().unwrap().recipients.keys().copied().collect();
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
