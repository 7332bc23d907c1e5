//! Repairs what a participant knows of its room after its mailbox overflowed: sends the difference between
//! that and the present state.

use std::collections::{HashMap, HashSet};

use super::{
    KurentoDoor,
    membership::Membership,
    messages::{Notification, WEBCAM},
    session::Session,
};
use crate::core::{
    model::ids::{Name, ParticipantId},
    room::Other,
};

/// How often the state of the room is read again because an event arrived meanwhile.
const MAX_LOOKS: usize = 5;

impl KurentoDoor {
    /// Tells a returning participant what changed in the room, if events were lost.
    pub(super) async fn catch_up(&self, session: &Session) {
        for _ in 0..MAX_LOOKS {
            let before = session.with_membership(|membership| {
                membership.has_gap().then(|| (membership.seat.clone(), membership.delivered()))
            });
            let Ok(Some((seat, delivered))) = before else { return };
            let Ok(joined) = self.hub.view(&seat).await else { return };
            let publishers = self.sessions.publishers(seat.room());
            let told = session.with_membership(|membership| {
                // An event delivered since then is not in that view.
                (membership.delivered() == delivered)
                    .then(|| membership.catch_up(&joined.view.others, &publishers))
            });
            if let Ok(Some(texts)) = told {
                for text in texts {
                    session.send(text);
                }
                return;
            }
        }
    }
}

impl Membership {
    /// Sets the state of the room, and returns the notifications that lead to it.
    fn catch_up(&mut self, others: &[Other], publishers: &HashSet<ParticipantId>) -> Vec<String> {
        let known: HashMap<ParticipantId, (Name, bool)> = self.known().collect();
        let mut missed = Vec::new();
        for (participant, (name, _)) in &known {
            if !others.iter().any(|other| other.participant == *participant) {
                missed.push(Notification::ParticipantLeft { name: name.as_str() }.text());
            }
        }
        for other in others {
            let (name, is_publisher) = (other.name.as_str(), publishers.contains(&other.participant));
            let knew = known.get(&other.participant).map(|(_, publishes)| *publishes);
            if knew.is_none() {
                missed.push(Notification::ParticipantJoined { id: name }.text());
            }
            match (knew.unwrap_or(false), is_publisher) {
                (false, true) => {
                    missed.push(Notification::ParticipantPublished { id: name, streams: WEBCAM }.text());
                }
                (true, false) => missed.push(Notification::ParticipantUnpublished { name }.text()),
                _ => {}
            }
        }
        self.set_others(others, publishers);
        missed
    }
}
