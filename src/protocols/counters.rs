//! What every door counts, for `/metrics`: labelled by door, never by room or person.

use metrics::Counter;

/// One door's counters.
pub struct Counters {
    door: &'static str,
    /// Seats given out or given back.
    pub joins: Counter,
    /// Signals taken for others.
    pub signals: Counter,
    /// Chat messages stored.
    pub messages: Counter,
}

impl Counters {
    /// The counters of the door called `door`.
    pub fn new(door: &'static str) -> Self {
        Self {
            door,
            joins: metrics::counter!("switchboard_joins_total", "door" => door),
            signals: metrics::counter!("switchboard_signals_total", "door" => door),
            messages: metrics::counter!("switchboard_messages_total", "door" => door),
        }
    }

    /// Something was refused with `code`, one of a few fixed words.
    pub fn refused(&self, code: impl Into<metrics::SharedString>) {
        metrics::counter!("switchboard_refusals_total", "door" => self.door, "code" => code.into())
            .increment(1);
    }
}
