//! Metrics of the node bus for `/metrics`. They are never labelled by node, room or participant.

use metrics::{Counter, counter};

/// Counts messages between nodes.
pub(super) struct BusCounters {
    /// Messages published for the first time.
    pub(super) sent: Counter,
    /// Messages published again, because they may have been lost.
    pub(super) resent: Counter,
    /// Messages refused because the queue for their node is full.
    pub(super) refused: Counter,
    /// Messages discarded because their node is lost.
    pub(super) discarded: Counter,
    /// Messages or frames that this node could not read.
    pub(super) unreadable: Counter,
}

impl BusCounters {
    pub(super) fn new() -> Self {
        Self {
            sent: counter!("switchboard_node_messages_sent_total"),
            resent: counter!("switchboard_node_messages_resent_total"),
            refused: counter!("switchboard_node_messages_refused_total"),
            discarded: counter!("switchboard_node_messages_discarded_total"),
            unreadable: counter!("switchboard_node_messages_unreadable_total"),
        }
    }
}
