//! The arbiter door: calls of many over an SFU. People find the SFU of their page over HTTP, and signal with it over a
//! WebSocket.
//!
//! The wire contract is `docs/arbiter.md`. In the core's terms an SFU is a participant that is called like its room,
//! and its clients sit beside it. Which SFUs there are and which path has which is in records ([`claims`] changes
//! them for whoever asks, [`register`] for the SFU's own node), so that all nodes agree. An SFU comes from elsewhere, or
//! is the server's own ([`built_in`]); nothing else in here tells the two apart.
//!
//! Source: arbiter document.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where names stand bare")]

mod built_in;
mod claims;
mod connection;
mod delivery;
mod error;
mod http;
mod messages;
mod register;
mod rooms;
mod row;
mod sfu;
mod start;
mod url_path;

#[cfg(test)]
mod tests;

use std::{
    num::NonZeroU32,
    sync::{Arc, Weak},
    time::Duration,
};

use ::http::Uri;
use async_trait::async_trait;
use axum::{Router, http::Method, routing};
use futures_util::{StreamExt, stream};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::cors::{Any, CorsLayer};
use tracing::warn;

use self::{
    built_in::BuiltInStarter,
    claims::{Claims, Patience},
    error::{Refusal, log},
    rooms::{Rooms, SfuRoom},
    start::{Command, CommandStarter, RoomStarter, Webhook, WebhookStarter, url_for_sfus},
};
use crate::{
    core::{
        hub::{
            Hub,
            join::{JoinRequest, Joined, RoomPolicy},
        },
        model::ids::{Name, RoomId},
        ports::{clock::Clock, record_store::RecordStore},
    },
    media::{MediaPlane, Owner},
    protocols::{
        admission::{Admission, Client},
        counters::Counters,
        door::{Common, Door},
        options::{Secret, duration, long_secret},
        websocket::Limits,
    },
};

/// Its rooms, among all rooms.
const NAMESPACE: &str = "arbiter";

/// Under which paths it is served: as documented, and with the stage that API gateways put before it.
const STAGES: [&str; 2] = ["", "/production"];

/// Where the WebSocket is.
const SOCKET_PATHS: [&str; 4] = ["/arbiter", "/arbiter/", "/production", "/production/"];

/// What a WebSocket may cost. A dead one is noticed within 10 s.
const LIMITS: Limits = Limits {
    max_message_bytes: 128 * 1024,
    ping_interval: Duration::from_secs(5),
    max_silence: Duration::from_millis(9_500),
};

/// How long a seat outlives its node, as the records of an SFU do. Whoever's connection ends has left: the original's
/// clients do not come back.
const LEASE: Duration = claims::RECORD_LIFETIME;

/// How often records of living SFUs are made to live on.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// How many of them at once.
const REFRESHED_AT_ONCE: usize = 16;

/// How long the clients of an SFU that has gone wait to be told, while its records are removed.
const FORGET_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an SFU that a command runs may be without its connection.
const MAX_ABSENCE: Duration = Duration::from_mins(1);

/// How soon an address may start as many SFUs again.
const STARTS_REFILL: Duration = Duration::from_mins(10);

/// What can be set about the arbiter door.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// Proves an SFU to be one; 16 characters or more. Without it anybody may say that they are one.
    #[arg(
        help_heading = "Arbiter door",
        long,
        env,
        value_name = "SECRET",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_parser = long_secret
    )]
    pub arbiter_sfu_secret: Secret,

    /// How many clients one SFU may have.
    #[arg(
        help_heading = "Arbiter door",
        long,
        env,
        value_name = "NUMBER",
        default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub arbiter_max_clients: u16,

    /// How long a room stays claimed while nobody has come yet.
    #[arg(help_heading = "Arbiter door", long, env, value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub arbiter_claim_timeout: Duration,

    /// How long a room stays claimed after everybody has left, in case it was to reload the page.
    #[arg(help_heading = "Arbiter door", long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub arbiter_release_grace: Duration,

    /// What is run to start an SFU, with SFU_ID and ARBITER_URL in its environment: a program and its arguments,
    /// separated by blanks. With neither this nor a webhook the server is the SFU itself, where media is on.
    #[arg(
        help_heading = "Arbiter door",
        long,
        env,
        value_name = "COMMAND",
        default_value = "",
        hide_default_value = true
    )]
    pub arbiter_start_command: Command,

    /// What is told to start an SFU instead, by a POST of {"id", "url"}.
    #[arg(
        help_heading = "Arbiter door",
        long,
        env,
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub arbiter_start_webhook: Webhook,

    /// The WebSocket that SFUs which are started are to connect to.
    #[arg(
        help_heading = "Arbiter door",
        long,
        env,
        value_name = "ADDRESS",
        default_value = "ws://localhost:8080/arbiter"
    )]
    pub arbiter_url: Uri,

    /// How long it may take to start an SFU.
    #[arg(help_heading = "Arbiter door", long, env, value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub arbiter_start_timeout: Duration,

    /// How many SFUs the command may run, or the server may be itself, at once.
    #[arg(help_heading = "Arbiter door", long, env, value_name = "NUMBER", default_value_t = 16)]
    pub arbiter_max_started: usize,

    /// How many SFUs one client address may have started at once; as many again within ten minutes. 0: no limit.
    #[arg(help_heading = "Arbiter door", long, env, value_name = "NUMBER", default_value_t = 10)]
    pub arbiter_starts_per_address: u32,
}

/// Opens the arbiter door.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    if options.arbiter_sfu_secret.reveal().is_none() {
        warn!("anybody may say that they are an SFU, and get calls of the arbiter door (ARBITER_SFU_SECRET)");
    }
    let patience = Patience { claim: options.arbiter_claim_timeout, release: options.arbiter_release_grace };
    let (rooms, tasks, stop) = (Arc::<Rooms>::default(), TaskTracker::new(), CancellationToken::new());
    let door = Arc::new_cyclic(|door| ArbiterDoor {
        hub: common.hub.clone(),
        policy: RoomPolicy {
            unique_names: true,
            ..RoomPolicy::new(usize::from(options.arbiter_max_clients) + 1, LEASE)
        },
        claims: Claims::new(common.records.clone(), common.clock.clone(), patience),
        starter: starter(options, &rooms, &tasks, &stop).or_else(|| built_in(options, common, door)),
        rooms,
        media: common.media.clone(),
        records: common.records.clone(),
        clock: common.clock.clone(),
        admission: common.admission.clone(),
        starts: NonZeroU32::new(options.arbiter_starts_per_address).and_then(|burst| {
            let quota = Quota::with_period(STARTS_REFILL / burst.get())?.allow_burst(burst);
            Some(RateLimiter::keyed(quota))
        }),
        sfu_url: url_for_sfus(&options.arbiter_url, &options.arbiter_sfu_secret),
        sfu_secret: options.arbiter_sfu_secret.clone(),
        tasks,
        stop,
        counters: Counters::new("arbiter"),
    });
    door.tasks.spawn(door.clone().look_after_records());
    door
}

fn starter(
    options: &Options,
    rooms: &Arc<Rooms>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Option<Arc<dyn RoomStarter>> {
    let start = options.arbiter_start_timeout;
    if options.arbiter_start_command.is_set() {
        let limits =
            start::CommandLimits { start, absence: MAX_ABSENCE, running: options.arbiter_max_started };
        let command = options.arbiter_start_command.clone();
        return Some(Arc::new(CommandStarter::new(
            command,
            rooms.clone(),
            limits,
            tasks.clone(),
            stop.clone(),
        )));
    }
    let webhook = WebhookStarter::new(&options.arbiter_start_webhook, start)?;
    Some(Arc::new(webhook))
}

/// The server itself, where nothing else starts SFUs.
fn built_in(options: &Options, common: &Common, door: &Weak<ArbiterDoor>) -> Option<Arc<dyn RoomStarter>> {
    let is_on = common.media.is_on();
    is_on.then(|| Arc::new(BuiltInStarter::new(door.clone(), options.arbiter_max_started)) as _)
}

/// The arbiter door.
pub struct ArbiterDoor {
    hub: Hub,
    policy: RoomPolicy,
    rooms: Arc<Rooms>,
    claims: Claims,
    /// What the server's own SFUs forward with.
    media: Arc<dyn MediaPlane>,
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    admission: Arc<Admission>,
    starter: Option<Arc<dyn RoomStarter>>,
    /// How many SFUs each client has had started.
    starts: Option<DefaultKeyedRateLimiter<Client>>,
    /// Where SFUs that are started connect to.
    sfu_url: String,
    sfu_secret: Secret,
    /// Connections, and work that was begun for clients.
    tasks: TaskTracker,
    stop: CancellationToken,
    counters: Counters,
}

#[async_trait]
impl Door for ArbiterDoor {
    fn name(&self) -> &'static str {
        NAMESPACE
    }

    fn router(self: Arc<Self>) -> Router {
        let mut router = Router::new().route("/production/{*rest}", routing::any(http::not_found));
        for stage in STAGES {
            router = router
                .route(
                    &format!("{stage}/getRoomId"),
                    routing::get(http::get_room_id).fallback(http::not_found),
                )
                .route(
                    &format!("{stage}/claimRoom"),
                    routing::patch(http::claim_room).fallback(http::not_found),
                )
                .route(
                    &format!("{stage}/createRoom"),
                    routing::put(http::create_room).post(http::create_room).fallback(http::not_found),
                );
        }
        for path in SOCKET_PATHS {
            router = router.route(path, routing::get(http::open).fallback(http::not_found));
        }
        router.with_state(self).layer(cors())
    }

    /// Clients of the server's own SFUs may sit on other nodes.
    fn forwards_for(&self, owner: &Owner) -> bool {
        let is_own = owner.room.is_within(NAMESPACE);
        let room =
            is_own.then(|| owner.room.local().parse().ok()).flatten().and_then(|id| self.rooms.get(&id));
        room.is_some_and(|room| room.has(owner.participant))
    }

    async fn tidy(&self) {
        if let Some(starts) = &self.starts {
            starts.retain_recent();
            starts.shrink_to_fit();
        }
        if let Err(error) = self.records.forget_expired(self.clock.wall()).await {
            log(&error);
        }
    }

    async fn shut_down(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(patience, self.tasks.wait()).await.is_err() {
            warn!("some clients of the arbiter door did not take their last words");
        }
    }
}

/// Every page may use it. Source: `docs/arbiter.md`, as API gateways of the original have it.
fn cors() -> CorsLayer {
    use Method as M;
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([M::GET, M::POST, M::PUT, M::DELETE, M::HEAD, M::OPTIONS, M::PATCH])
        .allow_headers(Any)
        .max_age(Duration::from_hours(24))
}

/// The room of an SFU.
fn room_of(sfu: &Name) -> Result<RoomId, Refusal> {
    RoomId::within(NAMESPACE, sfu.as_str()).map_err(|_| Refusal::Missing("roomId"))
}

impl ArbiterDoor {
    /// Takes a seat in the room called `room`.
    async fn join(&self, room: &Name, id: &Name) -> Result<Joined, Refusal> {
        let (room, policy) = (room_of(room)?, self.policy);
        let request = JoinRequest::new(room, id.clone(), policy);
        let joined = self.hub.join(request).await?;
        self.counters.joins.increment(1);
        Ok(joined)
    }

    /// Notes whether anybody is in the room of an SFU, if that is connected to this node. Another node's does so itself.
    async fn refresh_if_here(&self, sfu: &Name) {
        if let Some(room) = self.rooms.get(sfu) {
            self.refresh(&room).await;
        }
    }

    /// Notes whether anybody is in a room.
    async fn refresh(&self, room: &SfuRoom) {
        if let Err(error) = self.claims.refresh(room).await {
            log(&error);
        }
    }

    /// Has nobody sent to an SFU any more that has gone, before its clients are told and come back.
    async fn forget(&self, room: &SfuRoom) {
        match timeout(FORGET_TIMEOUT, self.claims.remove(room)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log(&error),
            Err(_) => {
                warn!("the records of an SFU that has gone could not be removed; they end by themselves");
            }
        }
    }

    async fn look_after_records(self: Arc<Self>) {
        let mut ticks = interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let rooms = stream::iter(self.rooms.all());
            rooms.for_each_concurrent(REFRESHED_AT_ONCE, async |room| self.refresh(&room).await).await;
        }
    }
}
