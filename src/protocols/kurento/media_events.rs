//! Events of media connections: a connection has ended, or the active speaker has changed.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{
    KurentoDoor,
    delivery::RoomSignal,
    error::Code,
    membership::EndedEndpoint,
    messages::{ActiveSpeaker, Notification},
    session::Session,
};
use crate::{
    core::model::{event::SignalKind, ids::ParticipantId},
    media::{EndReason, EndpointId, MediaEvent},
};

/// Delay of the notice that a client closed its media connection.
///
/// A client that leaves or unpublishes closes the connection first; its request then tells the others.
const CLOSE_NOTICE_DELAY: Duration = Duration::from_millis(250);

impl KurentoDoor {
    /// Handles an event on the thread of the media plane. Longer work moves to a task.
    pub(super) fn on_media_event(self: &Arc<Self>, session: Arc<Session>, id: EndpointId, event: MediaEvent) {
        match event {
            MediaEvent::Connected | MediaEvent::Flowing(_) => {}
            MediaEvent::ActiveSpeaker(who) => tell_speaker(&session, who),
            MediaEvent::Closed(reason) => {
                let door = self.clone();
                let ended = async move {
                    if reason == EndReason::Left {
                        sleep(CLOSE_NOTICE_DELAY).await;
                    }
                    // The connection may end before the request that opened it is answered.
                    let _turn = session.turn.lock().await;
                    door.endpoint_ended(&session, id, reason);
                };
                self.runtime.tasks.spawn_on(ended, &self.tokio);
            }
        }
    }

    fn endpoint_ended(&self, session: &Session, id: EndpointId, reason: EndReason) {
        let Ok((Some(ended), seat)) =
            session.with_membership(|membership| (membership.forget(id), membership.seat.clone()))
        else {
            return;
        };
        if let EndReason::Lost | EndReason::Fault = reason {
            session.tell(&Notification::MediaError { error: &description_of(ended, reason) });
        }
        if ended == EndedEndpoint::Publication {
            self.end_subscriptions(seat.room(), seat.participant());
            // Fails only if the seat was lost meanwhile, and then no others must be told.
            let _ = self.common.hub.broadcast(&seat, SignalKind::Other, RoomSignal::Unpublished.encode());
        }
    }
}

fn tell_speaker(session: &Session, who: Option<ParticipantId>) {
    let name = session.with_membership(|membership| {
        let name = who.and_then(|who| membership.name_of(who)).cloned();
        membership.options.active_speaker.then_some(name)
    });
    if let Ok(Some(name)) = name {
        session.tell(&Notification::ActiveSpeaker {
            id: name.as_ref().map_or(ActiveSpeaker::None, |name| ActiveSpeaker::Named(name.as_str())),
        });
    }
}

/// The format of the original: `TYPE: description(errCode=N)`.
fn description_of(ended: EndedEndpoint, reason: EndReason) -> String {
    let what = match ended {
        EndedEndpoint::Publication => "The connection for sending media",
        EndedEndpoint::Subscription => "A connection for receiving media",
    };
    let how = match reason {
        EndReason::Fault => "has failed",
        EndReason::Left | EndReason::Lost | EndReason::Replaced => "was lost",
    };
    format!("MEDIA_ENDPOINT: {what} {how}(errCode={})", Code::Endpoint.number())
}
