//! What two clients may do at the same time.

use proptest::{collection::vec, prelude::*};

/// What a client does before it saves its whole array once more.
#[derive(Debug, Clone)]
pub struct Step {
    /// How many messages it says.
    pub say: usize,
    /// Whether it has heard the other by now, so that the other's messages are in its array, too.
    pub hear: bool,
}

/// What two clients do, each for itself and both at once.
pub fn schedules() -> impl Strategy<Value = [Vec<Step>; 2]> {
    let steps = || vec((0..4_usize, any::<bool>()).prop_map(|(say, hear)| Step { say, hear }), 1..6);
    [steps(), steps()]
}
