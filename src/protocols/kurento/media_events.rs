//! What is heard of the connections that carry media: that they have ended, and who speaks.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{
    KurentoDoor,
    delivery::Word,
    error::Code,
    messages::{Notification, Speaker},
    place::Ended,
    session::Session,
};
use crate::{
    core::model::{event::SignalKind, ids::ParticipantId},
    media::{CloseReason, EndpointId, MediaEvent},
};

/// How long after a client has closed its connection the others are told: clients that leave or unpublish close it first, and
/// what they say then is all that is to be told.
const LAST_WORDS: Duration = Duration::from_millis(250);

impl KurentoDoor {
    /// Called on the thread that forwards media: what takes longer is left to a task.
    pub(super) fn hear_of_media(self: &Arc<Self>, session: Arc<Session>, id: EndpointId, event: MediaEvent) {
        match event {
            MediaEvent::Connected | MediaEvent::Flowing(_) => {}
            MediaEvent::ActiveSpeaker(who) => tell_speaker(&session, who),
            MediaEvent::Closed(reason) => {
                let door = self.clone();
                let ended = async move {
                    if reason == CloseReason::Left {
                        sleep(LAST_WORDS).await;
                    }
                    // It may have ended before the request that opened it was done.
                    let _turn = session.turn.lock().await;
                    door.endpoint_ended(&session, id, reason);
                };
                self.tasks.spawn_on(ended, &self.runtime);
            }
        }
    }

    fn endpoint_ended(&self, session: &Session, id: EndpointId, reason: CloseReason) {
        let Ok((Some(ended), seat)) = session.with_place(|place| (place.forget(id), place.seat.clone()))
        else {
            return;
        };
        if let CloseReason::Lost | CloseReason::Fault = reason {
            session.tell(&Notification::MediaError { error: &description_of(ended, reason) });
        }
        if ended == Ended::Publication {
            self.end_subscriptions(seat.room(), seat.participant());
            // A seat that was lost meanwhile has nobody to be told.
            let _ = self.hub.broadcast(&seat, SignalKind::Other, Word::Unpublished.encode());
        }
    }
}

fn tell_speaker(session: &Session, who: Option<ParticipantId>) {
    let name = session.with_place(|place| {
        let name = who.and_then(|who| place.name_of(who)).cloned();
        place.wishes.active_speaker.then_some(name)
    });
    if let Ok(Some(name)) = name {
        session.tell(&Notification::ActiveSpeaker {
            id: name.as_ref().map_or(Speaker::Nobody, |name| Speaker::Somebody(name.as_str())),
        });
    }
}

/// As the original writes it: `TYPE: description(errCode=N)`.
fn description_of(ended: Ended, reason: CloseReason) -> String {
    let what = match ended {
        Ended::Publication => "The connection for sending media",
        Ended::Subscription => "A connection for receiving media",
    };
    let how = match reason {
        CloseReason::Fault => "has failed",
        CloseReason::Left | CloseReason::Lost | CloseReason::Replaced => "was lost",
    };
    format!("MEDIA_ENDPOINT: {what} {how}(errCode={})", Code::Endpoint.number())
}
