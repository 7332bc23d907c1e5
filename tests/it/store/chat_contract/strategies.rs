//! Schedules of two concurrent clients.

use proptest::{collection::vec, prelude::*};

/// The actions of a client before it saves its whole array again.
#[derive(Debug, Clone)]
pub struct Step {
    /// Number of new messages.
    pub say: usize,
    /// Whether the client has received the other's messages, so that its array has them too.
    pub hear: bool,
}

/// Schedules of two clients that run at the same time.
pub fn schedules() -> impl Strategy<Value = [Vec<Step>; 2]> {
    let steps = || vec((0..4_usize, any::<bool>()).prop_map(|(say, hear)| Step { say, hear }), 1..6);
    [steps(), steps()]
}
