//! What is counted of what nodes tell each other, for `/metrics`: never labelled by node, room or person.

use metrics::{Counter, counter};

/// Messages between nodes.
pub(super) struct Counters {
    /// Published for the first time.
    pub(super) sent: Counter,
    /// Published once more, because something may have been lost on its way.
    pub(super) resent: Counter,
    /// Not taken, because too much waited.
    pub(super) refused: Counter,
    /// Given up: their node is gone.
    pub(super) given_up: Counter,
    /// Or frames, that this node could not read.
    pub(super) unreadable: Counter,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            sent: counter!("switchboard_parcels_sent_total"),
            resent: counter!("switchboard_parcels_resent_total"),
            refused: counter!("switchboard_parcels_refused_total"),
            given_up: counter!("switchboard_parcels_given_up_total"),
            unreadable: counter!("switchboard_parcels_unreadable_total"),
        }
    }
}
