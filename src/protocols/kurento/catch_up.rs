//! Repairs what a participant knows of its room after events to it were lost.
//!
//! The core sends who joined and left meanwhile, as events. Who publishes is known to the door alone.

use std::collections::HashSet;

use super::{
    KurentoDoor,
    membership::Membership,
    messages::{Notification, WEBCAM},
    session::Session,
};
use crate::core::model::ids::ParticipantId;

/// How often the publishers are read again because an event arrived meanwhile.
const MAX_LOOKS: usize = 5;

impl KurentoDoor {
    /// Tells a returning participant what changed in the room, if events were lost.
    pub(super) fn catch_up(&self, session: &Session) {
        for _ in 0..MAX_LOOKS {
            let missed = session.with_membership(|membership| {
                membership.has_gap().then(|| (membership.seat.clone(), membership.known()))
            });
            let Ok(Some((seat, known))) = missed else { return };
            if self.common.hub.tell_difference(&seat, &known).is_err() {
                return;
            }
            let Ok(delivered) = session.with_membership(|membership| membership.delivered()) else { return };
            let publishers = self.sessions.publishers(seat.room());
            let told = session.with_membership(|membership| {
                // An event delivered since then may be about a publisher.
                (membership.delivered() == delivered).then(|| membership.update_publishers(&publishers))
            });
            if let Ok(Some(notifications)) = told {
                for notification in notifications {
                    session.send(notification);
                }
                return;
            }
        }
    }
}

impl Membership {
    /// Sets who publishes, and returns the notifications of the difference.
    fn update_publishers(&mut self, publishers: &HashSet<ParticipantId>) -> Vec<String> {
        let mut notifications = Vec::new();
        for participant in self.known() {
            let is_publisher = publishers.contains(&participant);
            if is_publisher == self.knows_published(participant) {
                continue;
            }
            if let Some(name) = self.name_of(participant) {
                let (id, name) = (name.as_str(), name.as_str());
                notifications.push(if is_publisher {
                    Notification::ParticipantPublished { id, streams: WEBCAM }.text()
                } else {
                    Notification::ParticipantUnpublished { name }.text()
                });
            }
            self.note_publishes(participant, is_publisher);
        }
        self.close_gap();
        notifications
    }
}
