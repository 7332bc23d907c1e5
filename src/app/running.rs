//! The tasks that run until the server stops, and the drain.

use std::{sync::Arc, time::Duration};

use axum::Router;
use futures_util::future::join_all;
use tokio::{net::TcpListener, sync::Semaphore, time::MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::{
    core::hub::Hub,
    listener,
    media::MediaPlane,
    protocols::door::{Common, Door},
};

/// How often leases are renewed and ended. A seat ends at most this late; well below a third of any lease.
const TICK: Duration = Duration::from_millis(500);

/// Ticks between removals of expired records and idle address budgets: about a minute.
const TIDY_EVERY: u32 = 120;

/// The most connections that operators may have open at once.
const MAX_OPS_CONNECTIONS: usize = 64;

/// The tasks that run until the server stops.
#[derive(Default)]
pub(super) struct Running {
    stop: CancellationToken,
    /// Stops the operators' listener, after everything else: operators watch the drain.
    pub(super) ops_stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    pub(super) fn serve_ops(&self, listeners: Vec<TcpListener>, router: &Router) {
        let room = Arc::new(Semaphore::new(MAX_OPS_CONNECTIONS));
        for listener in listeners {
            tokio::spawn(listener::serve(listener, router.clone(), room.clone(), self.ops_stop.clone()));
        }
    }

    pub(super) fn serve_doors(&self, listeners: Vec<TcpListener>, router: &Router, max_connections: usize) {
        let room = Arc::new(Semaphore::new(max_connections));
        for listener in listeners {
            let serving = listener::serve(listener, router.clone(), room.clone(), self.stop.clone());
            self.tasks.spawn(serving);
        }
    }

    pub(super) fn spawn_ticks(&self, common: Common, doors: Vec<Arc<dyn Door>>) {
        let (stop, tasks) = (self.stop.clone(), self.tasks.clone());
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for tick in 0_u32.. {
                if stop.run_until_cancelled(ticks.tick()).await.is_none() {
                    return;
                }
                common.hub.tick().await;
                close_media_without_seat(&common.hub, common.media.as_ref(), &doors);
                if tick.is_multiple_of(TIDY_EVERY) {
                    // In a task of its own: ticks must not wait for a disk or a database.
                    tasks.spawn(tidy(common.clone(), doors.clone()));
                }
            }
        });
    }

    /// Stops accepting, moves the seats to other nodes, ends the media, and waits for tasks that have begun.
    ///
    /// The steps run in this order. Participants are told before their seats move.
    pub(super) async fn drain(
        &self,
        hub: &Hub,
        doors: &[Arc<dyn Door>],
        media: &dyn MediaPlane,
        return_within: Duration,
    ) {
        hub.drain();
        self.stop.cancel();
        let disconnected = async {
            join_all(doors.iter().map(|door| door.shut_down(return_within))).await;
            hub.lose_all_connections().await;
        };
        // Doors spread the returns of clients evenly over this time. A seat whose participant has not
        // returned a little later moves without it.
        let away_for = return_within + return_within / 8;
        tokio::join!(disconnected, hub.migrate_all(away_for, return_within + return_within / 4 * 3));
        hub.release_open_seats().await;
        media.shut_down().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Removes expired records, and what the doors and the admission keep about idle clients.
async fn tidy(common: Common, doors: Vec<Arc<dyn Door>>) {
    common.admission.forget_idle();
    if let Err(error) = common.records.forget_expired(common.clock.wall()).await {
        warn!(error = &error as &dyn std::error::Error, "expired records could not be forgotten");
    }
    join_all(doors.iter().map(|door| door.tidy())).await;
}

/// Closes the media endpoints of participants who have lost their seats.
fn close_media_without_seat(hub: &Hub, media: &dyn MediaPlane, doors: &[Arc<dyn Door>]) {
    for owner in media.owners() {
        let is_seated = hub.has_seat(&owner.room, owner.participant);
        if !is_seated && !doors.iter().any(|door| door.forwards_for(&owner)) {
            media.close_participant(&owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::LocalRegistry,
        core::{
            hub::join::{JoinRequest, RoomPolicy},
            model::session_token::SessionSigner,
            tests::support::{ManualClock, MemoryStore, name, room_id},
        },
        media::{EndpointId, MediaEvent, NewEndpoint, Owner, Publication, Role, fake::FakeMedia},
    };

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    const LEASE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn media_ends_with_its_seat_and_not_with_a_lost_connection() {
        let (clock, media) = (ManualClock::new(), FakeMedia::new());
        let registry = Arc::new(LocalRegistry::new(clock.clone()));
        let store = Arc::new(MemoryStore::default());
        let hub = Hub::new(registry, store, clock.clone(), SessionSigner::new(b"secret"));
        let request = JoinRequest::new(room_id("7"), name("Ann"), RoomPolicy::new(2, LEASE));
        let seat = hub.join(request).await.unwrap().seat;
        let owner = Owner { room: seat.room().clone(), participant: seat.participant() };
        let role = Role::Publish(Publication::default());
        let endpoint = NewEndpoint { owner, role, listener: Arc::new(|_: EndpointId, _: MediaEvent| {}) };
        media.answer(endpoint, OFFER).await.unwrap();

        clock.advance(LEASE / 2);
        hub.tick().await;
        close_media_without_seat(&hub, media.as_ref(), &[]);
        assert_eq!(media.endpoints().len(), 1);
        clock.advance(LEASE);
        hub.tick().await;
        close_media_without_seat(&hub, media.as_ref(), &[]);
        assert!(media.endpoints().is_empty());
    }
}
