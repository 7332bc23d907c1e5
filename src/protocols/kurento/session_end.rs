//! How sessions, and their memberships in rooms, end.

use std::sync::Arc;

use tokio::time::sleep;

use super::{
    KurentoDoor, delivery::RoomDelivery, membership::Membership, messages::Notification, session::Session,
};
use crate::core::{
    hub::join::Seated,
    model::{
        error::Replaced,
        ids::{ConnectionId, Name, ParticipantId, RoomId},
    },
};

impl KurentoDoor {
    /// Starts the delivery of events to a participant. If its seat was lost meanwhile, tells it so.
    pub(super) fn attach(
        self: &Arc<Self>,
        seat: &Seated,
        session: &Arc<Session>,
        delivery: Arc<RoomDelivery>,
    ) {
        if let Err(Replaced) = self.common.hub.attach(seat, delivery)
            && let Some(membership) = session.take_membership(Some(seat.participant()))
        {
            session.tell(&Notification::ParticipantEvicted {});
            self.release(session, &membership);
        }
    }

    /// Keeps a session whose WebSocket was lost until the lease of its seat ends.
    pub(super) async fn connection_lost(
        self: &Arc<Self>,
        session: Arc<Session>,
        connection: ConnectionId,
        loss: u64,
    ) {
        if let Ok(seat) = session.seat() {
            self.common.hub.connection_lost(&seat, connection).await;
        }
        let door = self.clone();
        self.runtime.tasks.spawn(async move {
            let is_over = door.runtime.stop.run_until_cancelled(sleep(door.policy.lease)).await.is_some();
            if is_over && session.is_detached_since(loss) {
                door.end_session(&session).await;
            }
        });
    }

    /// Ends a session and releases its seat.
    pub(super) async fn end_session(&self, session: &Arc<Session>) {
        self.sessions.remove(session);
        if let Some(membership) = session.take_membership(None) {
            self.leave_room(session, &membership).await;
        }
    }

    /// As [`end_session`](Self::end_session), in a task.
    pub(super) fn spawn_end_session(self: &Arc<Self>, session: Arc<Session>) {
        let door = self.clone();
        self.runtime.tasks.spawn(async move { door.end_session(&session).await });
    }

    /// Releases the seat of a former membership, and tells the others.
    pub(super) async fn leave_room(&self, session: &Arc<Session>, membership: &Membership) {
        self.release(session, membership);
        self.common.hub.leave(&membership.seat).await;
    }

    /// Removes the media connections and the listing of a membership whose seat is released or lost.
    pub(super) fn release(&self, session: &Arc<Session>, membership: &Membership) {
        self.sessions.exit(membership.room(), session);
        self.end_subscriptions(membership.room(), membership.seat.participant());
        self.common.media.close_participant(&membership.owner());
    }

    /// As [`release`](Self::release), in a task: for callers that hold the lock of a room.
    pub(super) fn spawn_release(self: &Arc<Self>, session: Arc<Session>, membership: Membership) {
        let door = self.clone();
        self.runtime.tasks.spawn(async move { door.release(&session, &membership) });
    }

    /// Evicts the session whose name the core has just given to another participant. The core tells only
    /// connected participants.
    pub(super) fn evict_former_holder(&self, room: &RoomId, name: &Name) {
        for session in self.sessions.in_room(room) {
            let has_name = session.with_membership(|membership| membership.name == *name).unwrap_or(false);
            if has_name && let Some(membership) = session.take_membership_in(room) {
                session.tell(&Notification::ParticipantEvicted {});
                self.release(&session, &membership);
            }
        }
    }

    /// Closes all endpoints that receive from `source`.
    pub(super) fn end_subscriptions(&self, room: &RoomId, source: ParticipantId) {
        for session in self.sessions.in_room(room) {
            if let Ok(Some(endpoint)) = session.with_membership(|membership| membership.unsubscribe(source)) {
                self.common.media.close(endpoint.id);
            }
        }
    }
}
