//! The kurento door: calls of several people over the server's own forwarding unit, by JSON-RPC 2.0 over a WebSocket, as
//! Kurento Room speaks it.
//!
//! The wire contract is `docs/kurento.md`. A WebSocket is [`connection`]'s, which finds its [`session`] and hands requests
//! about rooms to [`ask`]; what happens in a room comes back by [`delivery`]. In the core's terms a user is a participant,
//! and its session's grace is the lease of its seat. Who publishes is known here alone ([`place`]): media is forwarded
//! on the node that it comes to.
//!
//! Source: kurento document.

mod ask;
mod browser;
mod catching_up;
mod chat;
mod closing;
mod connection;
mod custom;
mod delivery;
mod description;
mod error;
mod http;
mod join;
mod media_events;
mod messages;
mod operators;
mod place;
mod rpc;
mod session;
mod sessions;
mod streams;
mod watchdog;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{Router, routing};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use self::{
    closing::Closing, delivery::Line, messages::Notification, place::Place, session::Session,
    sessions::Sessions,
};
pub use self::{
    custom::{CustomRequest, CustomRequests, Unsupported},
    error::Code,
};
use crate::{
    core::{
        hub::{
            Hub,
            join::{RoomPolicy, Seated},
        },
        model::{
            error::Replaced,
            ids::{ConnectionId, Name, ParticipantId, RoomId},
        },
    },
    media::MediaPlane,
    protocols::{
        admission::Admission,
        counters::Counters,
        door::{Common, Door},
        options::{Secret, duration},
        origin::AllowedOrigins,
        websocket::Limits,
    },
};

/// Its rooms, among all rooms.
const NAMESPACE: &str = "kurento";

/// What a WebSocket may cost. A dead one is noticed within 10 s.
const LIMITS: Limits = Limits {
    max_message_bytes: 256 * 1024,
    ping_interval: Duration::from_secs(5),
    max_silence: Duration::from_millis(9_500),
};

/// What can be set about the kurento door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// How many people a room of the kurento door holds.
    #[arg(
        help_heading = "Kurento door",
        long,
        env,
        value_name = "NUMBER",
        default_value_t = 30,
        value_parser = clap::value_parser!(u16).range(1..=1_000)
    )]
    pub kurento_max_participants: u16,

    /// How long a participant whose connection was lost stays in the room.
    #[arg(help_heading = "Kurento door", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub kurento_lease: Duration,

    /// Let everybody see the names of all rooms (getAllRooms), as the original does: true or false.
    #[arg(
        help_heading = "Kurento door",
        long,
        env,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        action = clap::ArgAction::Set
    )]
    pub kurento_open_room_list: bool,
}

/// Opens the kurento door. To be called within a Tokio runtime.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    open_with(common, options, Arc::new(Unsupported))
}

/// As [`open`], with somebody who answers custom requests.
pub fn open_with(common: &Common, options: &Options, custom: Arc<dyn CustomRequests>) -> Arc<dyn Door> {
    Arc::new(KurentoDoor {
        hub: common.hub.clone(),
        media: common.media.clone(),
        custom,
        policy: RoomPolicy {
            unique_names: true,
            ..RoomPolicy::new(usize::from(options.kurento_max_participants), options.kurento_lease)
        },
        open_room_list: options.kurento_open_room_list,
        admin_token: common.admin_token.clone(),
        origins: common.origins.clone(),
        admission: common.admission.clone(),
        sessions: Sessions::default(),
        closing: Closing::default(),
        tasks: TaskTracker::new(),
        runtime: Handle::current(),
        stop: CancellationToken::new(),
        counters: Counters::new(NAMESPACE),
    })
}

/// The kurento door.
pub struct KurentoDoor {
    hub: Hub,
    media: Arc<dyn MediaPlane>,
    custom: Arc<dyn CustomRequests>,
    policy: RoomPolicy,
    open_room_list: bool,
    admin_token: Secret,
    origins: AllowedOrigins,
    admission: Arc<Admission>,
    sessions: Sessions,
    closing: Closing,
    /// All connections, and sessions that have lost theirs.
    tasks: TaskTracker,
    runtime: Handle,
    stop: CancellationToken,
    counters: Counters,
}

#[async_trait]
impl Door for KurentoDoor {
    fn name(&self) -> &'static str {
        NAMESPACE
    }

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/room", routing::get(http::open))
            .route("/getAllRooms", routing::get(http::get_all_rooms))
            .route("/getUpdateSpeakerInterval", routing::get(http::get_update_speaker_interval))
            .route("/getThresholdSpeaker", routing::get(http::get_threshold_speaker))
            .route("/getClientConfig", routing::get(http::get_client_config))
            .layer(self.origins.cors_layer())
            .with_state(self)
    }

    fn ops_router(self: Arc<Self>) -> Router {
        operators::router(self)
    }

    async fn shut_down(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            warn!("some clients of the kurento door did not take their last words");
        }
    }
}

/// How sessions and places end.
impl KurentoDoor {
    fn is_closing(&self, room: &RoomId) -> bool {
        self.closing.contains(room)
    }

    /// Has a participant told what happens, unless its seat was lost meanwhile: then it is told that.
    fn attach(self: &Arc<Self>, seat: &Seated, session: &Arc<Session>, line: Arc<Line>) {
        if let Err(Replaced) = self.hub.attach(seat, line)
            && let Some(place) = session.stand_up(Some(seat.participant()))
        {
            session.tell(&Notification::ParticipantEvicted {});
            self.forget(session, &place);
        }
    }

    /// Keeps the place of a session whose WebSocket was lost for as long as the lease of its seat.
    async fn lost(self: &Arc<Self>, session: Arc<Session>, connection: ConnectionId, loss: u64) {
        if let Ok(seat) = session.seat() {
            self.hub.connection_lost(&seat, connection).await;
        }
        let door = self.clone();
        self.tasks.spawn(async move {
            let is_over = door.stop.run_until_cancelled(sleep(door.policy.lease)).await.is_some();
            if is_over && session.is_lost_since(loss) {
                door.end(&session).await;
            }
        });
    }

    /// Ends a session and gives its seat up.
    async fn end(&self, session: &Arc<Session>) {
        self.sessions.close(session);
        if let Some(place) = session.stand_up(None) {
            self.give_up(session, &place).await;
        }
    }

    /// As [`end`](Self::end), without waiting for it.
    fn end_soon(self: &Arc<Self>, session: Arc<Session>) {
        let door = self.clone();
        self.tasks.spawn(async move { door.end(&session).await });
    }

    /// Gives up the place that a session had, and tells the others.
    async fn give_up(&self, session: &Arc<Session>, place: &Place) {
        self.forget(session, place);
        self.hub.leave(&place.seat).await;
    }

    /// Ends what belonged to the place that a session had, whose seat is nobody's any more.
    fn forget(&self, session: &Arc<Session>, place: &Place) {
        self.sessions.exit(place.room(), session);
        self.end_subscriptions(place.room(), place.seat.participant());
        self.media.close_participant(&place.owner());
    }

    /// As [`forget`](Self::forget), for whoever holds a room's lock.
    fn forget_soon(self: &Arc<Self>, session: Arc<Session>, place: Place) {
        let door = self.clone();
        self.tasks.spawn(async move { door.forget(&session, &place) });
    }

    /// The core has just given somebody's name to another: whoever had it in the room sits there no more. It tells only
    /// those who are connected.
    fn forget_former(&self, room: &RoomId, name: &Name) {
        for session in self.sessions.in_room(room) {
            let has_name = session.with_place(|place| place.name == *name).unwrap_or(false);
            if has_name && let Some(place) = session.stand_up_from(room) {
                session.tell(&Notification::ParticipantEvicted {});
                self.forget(&session, &place);
            }
        }
    }

    /// What `source` sent is no more: nobody receives it.
    fn end_subscriptions(&self, room: &RoomId, source: ParticipantId) {
        for session in self.sessions.in_room(room) {
            if let Ok(Some(endpoint)) = session.with_place(|place| place.unsubscribe(source)) {
                self.media.close(endpoint.id);
            }
        }
    }
}
