//! Clients that send nothing: reported for watched endpoints, before they count as lost.

use std::time::{Duration, Instant};

use super::shard::Shard;
use crate::media::{EndpointId, MediaEvent};

/// When an endpoint was heard, and whether its silence is to be reported.
#[derive(Debug)]
pub struct Silence {
    heard: Instant,
    limit: Option<Duration>,
    is_reported: bool,
}

impl Silence {
    /// Begins when the endpoint opens.
    pub fn new(now: Instant) -> Self {
        Self { heard: now, limit: None, is_reported: false }
    }

    /// Records a packet. Returns an event for the listener.
    pub fn on_heard(&mut self, now: Instant) -> Option<MediaEvent> {
        self.heard = now;
        std::mem::take(&mut self.is_reported).then_some(MediaEvent::Heard)
    }

    /// Sets the time after which silence is reported; again, if it was before.
    fn watch(&mut self, limit: Option<Duration>) {
        self.limit = limit;
        self.is_reported &= limit.is_none();
    }

    /// Checks the time. Returns an event for the listener.
    pub fn check(&mut self, now: Instant) -> Option<MediaEvent> {
        let silent = now.saturating_duration_since(self.heard);
        if self.is_reported || self.limit.is_none_or(|limit| silent < limit) {
            return None;
        }
        self.is_reported = true;
        Some(MediaEvent::Silent)
    }
}

impl Shard {
    /// Watches whether the client of an endpoint is silent for the time `limit`.
    pub fn watch(&mut self, id: EndpointId, limit: Option<Duration>) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.silence.watch(limit);
        }
    }

    /// Reports the endpoints that have become silent.
    pub(super) fn report_silence(&mut self, now: Instant) {
        for endpoint in self.endpoints.values_mut() {
            if let Some(event) = endpoint.silence.check(now) {
                endpoint.tell(event);
            }
        }
    }
}
