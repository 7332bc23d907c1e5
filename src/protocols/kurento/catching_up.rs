//! What a participant is told that was away for so much that not all of it could be kept: the difference between what
//! it knows and how things are.

use std::collections::{HashMap, HashSet};

use super::{
    KurentoDoor,
    messages::{Notification, WEBCAM},
    place::Place,
    session::Session,
};
use crate::core::{
    model::ids::{Name, ParticipantId},
    room::Other,
};

/// How often it is tried to look at a room in which nobody comes or goes meanwhile.
const MAX_LOOKS: usize = 5;

impl KurentoDoor {
    /// Tells a participant that is back what it has missed for good. Nothing, if nothing was lost.
    pub(super) async fn catch_up(&self, session: &Session) {
        for _ in 0..MAX_LOOKS {
            let before =
                session.with_place(|place| place.has_gap().then(|| (place.seat.clone(), place.heard())));
            let Ok(Some((seat, heard))) = before else { return };
            let Ok(joined) = self.hub.view(&seat).await else { return };
            let publishers = self.sessions.publishers(seat.room());
            let told = session.with_place(|place| {
                // Whatever was heard since then is not in that view.
                (place.heard() == heard).then(|| place.catch_up(&joined.view.others, &publishers))
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

impl Place {
    /// Notes how things are, and says what the participant does not know of it yet.
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
        self.look_around(others, publishers);
        missed
    }
}
