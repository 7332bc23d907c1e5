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
    media::{EndReason, EndpointId, MediaEvent, MediaKind},
};

/// Delay of the notice that a client closed its media connection.
///
/// A client that leaves or unpublishes closes the connection first; its request then tells the others.
const CLOSE_NOTICE_DELAY: Duration = Duration::from_millis(250);

/// A page was closed. Source: RFC 6455, section 7.4.1.
const PAGE_CLOSED: u16 = 1001;

/// How long a publication may be silent whose page was closed.
const SILENCE_OF_CLOSED_PAGE: Duration = Duration::from_millis(500);

/// How long a publication may be silent whose WebSocket was lost otherwise. A browser that sends no media is
/// heard every two and a half seconds.
const SILENCE_AFTER_LOSS: Duration = Duration::from_secs(3);

impl KurentoDoor {
    /// Handles an event on the thread of the media plane. Longer work moves to a task.
    pub(super) fn on_media_event(self: &Arc<Self>, session: Arc<Session>, id: EndpointId, event: MediaEvent) {
        match event {
            MediaEvent::Connected | MediaEvent::Flowing(_) => {}
            MediaEvent::ActiveSpeaker(who) => tell_speaker(&session, who),
            MediaEvent::Silent | MediaEvent::Heard => {
                // Noted at once, so that the task finds the latest state. A session without a seat has none.
                let _ = session.with_membership(|membership| {
                    membership.note_silence(id, event == MediaEvent::Silent);
                });
                self.spawn_in_turn(session, Self::update_suspension);
            }
            MediaEvent::CodecMissing(kind) => {
                self.spawn_in_turn(session, move |door, session| door.tell_codec_missing(session, id, kind));
            }
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

    /// Runs `action` between two requests of the session: the request that opened a connection is answered.
    fn spawn_in_turn(
        self: &Arc<Self>,
        session: Arc<Session>,
        action: impl FnOnce(&Self, &Session) + Send + 'static,
    ) {
        let door = self.clone();
        let task = async move {
            let _turn = session.turn.lock().await;
            action(&door, &session);
        };
        self.runtime.tasks.spawn_on(task, &self.tokio);
    }

    /// Watches the publication of a session that has lost its WebSocket, closed with `code`. The media of a
    /// closed page ends too; that of a page which only reconnects continues.
    pub(super) fn watch_media(&self, session: &Session, code: Option<u16>) {
        let limit = if code == Some(PAGE_CLOSED) { SILENCE_OF_CLOSED_PAGE } else { SILENCE_AFTER_LOSS };
        self.watch_publication(session, Some(limit));
    }

    /// Ends [`watch_media`](Self::watch_media): the session has a WebSocket again.
    pub(super) fn watch_media_no_more(&self, session: &Session) {
        self.watch_publication(session, None);
    }

    fn watch_publication(&self, session: &Session, limit: Option<Duration>) {
        let publication =
            session.with_membership(|membership| membership.publication().map(|endpoint| endpoint.id));
        if let Ok(Some(endpoint)) = publication {
            self.common.media.watch(endpoint, limit);
        }
    }

    /// Tells the others that a publication has become silent, or is heard again.
    fn update_suspension(&self, session: &Session) {
        let is_connected = !session.is_detached();
        let changed = session.with_membership(|membership| {
            Some((membership.update_suspension(is_connected)?, membership.seat.clone()))
        });
        let Ok(Some((is_suspended, seat))) = changed else { return };
        let signal = if is_suspended {
            self.end_subscriptions(seat.room(), seat.participant());
            RoomSignal::Unpublished
        } else {
            RoomSignal::Published
        };
        // Fails only if the seat was lost meanwhile, and then no others must be told.
        let _ = self.common.hub.broadcast(&seat, SignalKind::Other, signal.encode());
    }

    /// Tells a participant that its client or the server lacks the codecs of media. Tells the publisher once.
    fn tell_codec_missing(&self, session: &Session, id: EndpointId, kind: MediaKind) {
        let known = session.with_membership(|membership| {
            let source = membership.source_of(id)?;
            let is_own = source == membership.seat.participant();
            Some((source, is_own, membership.name_of(source)?.clone(), membership.seat.room().clone()))
        });
        let Ok(Some((source, is_own, name, room))) = known else { return };
        let media = if kind == MediaKind::Audio { "audio" } else { "video" };
        if is_own {
            return tell_error(session, &format!("None of the offered {media} codecs is forwarded"));
        }
        let text =
            format!("The {media} of '{}' is in a codec that this client has not offered", name.as_str());
        tell_error(session, &text);
        let publisher = self.sessions.in_room(&room).into_iter().find(|other| {
            let is_first = other.with_membership(|membership| {
                membership.seat.participant() == source && membership.note_undecoded(kind)
            });
            is_first == Ok(true)
        });
        if let Some(publisher) = publisher {
            tell_error(&publisher, &format!("Another user cannot decode this user's {media}"));
        }
    }

    fn endpoint_ended(&self, session: &Session, id: EndpointId, reason: EndReason) {
        let Ok((Some(ended), seat)) =
            session.with_membership(|membership| (membership.forget(id), membership.seat.clone()))
        else {
            return;
        };
        if let EndReason::Lost | EndReason::Fault = reason {
            tell_error(session, &description_of(ended, reason));
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

/// Sends a `mediaError` in the format of the original: `TYPE: description(errCode=N)`.
fn tell_error(session: &Session, text: &str) {
    let error = format!("MEDIA_ENDPOINT: {text}(errCode={})", Code::Endpoint.number());
    session.tell(&Notification::MediaError { error: &error });
}

fn description_of(ended: EndedEndpoint, reason: EndReason) -> String {
    let what = match ended {
        EndedEndpoint::Publication => "The connection for sending media",
        EndedEndpoint::Subscription => "A connection for receiving media",
    };
    let how = match reason {
        EndReason::Fault => "has failed",
        EndReason::Left | EndReason::Lost | EndReason::Replaced => "was lost",
    };
    format!("{what} {how}")
}
