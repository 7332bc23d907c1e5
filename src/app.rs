//! Composes the parts, runs them, and stops them in order. The only module that knows all others.

use std::{collections::HashSet, iter, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use axum::{Router, http::HeaderValue};
use futures_util::future::join_all;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use tracing::{info, warn};

#[cfg(feature = "media")]
use crate::media::forwarding::Forwarding;
use crate::{
    cluster::{LocalRegistry, RedisRegistry, RedisSettings},
    config::{Config, Origin},
    core::{
        hub::Hub,
        model::session_token::SessionSigner,
        ports::{
            chat_store::ChatStore,
            clock::{Clock, SystemClock},
            record_store::RecordStore,
            seat_registry::SeatRegistry,
        },
    },
    data_folder::DataFolder,
    debug, frontend,
    greeting::Greeting,
    listener,
    media::{self, MediaPlane},
    ops::{self, Ops},
    protocols::{
        self,
        admission::{Admission, Quotas},
        chat_json::rekey,
        door::{Common, Door},
        ice_servers::{IceServers, SettingsError},
        origin::AllowedOrigins,
    },
    seat_persistence::SeatPersistence,
    store::{MongoStore, SqliteStore},
    telemetry,
};

/// How often leases are renewed and ended. A seat ends at most this late; well below a third of any lease.
const TICK: Duration = Duration::from_millis(500);

/// Ticks between removals of expired records and idle address budgets: about a minute.
const TIDY_EVERY: u32 = 120;

/// The longest pause within a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The most connections that operators may have open at once.
const MAX_OPS_CONNECTIONS: usize = 64;

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
///
/// The server could not start; the error says why, for people.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let data = DataFolder::open(&config.data_dir)?;
    let sessions = SessionSigner::new(&session_secret(&config, &data)?);
    let metrics = telemetry::start_metrics()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = open_store(&config, &data)?;
    let (cluster, seats) = open_cluster(&config, &sessions, clock.clone(), &store).await?;
    let hub = Hub::new(cluster.clone(), store.chats.clone(), clock.clone(), sessions);

    let media = open_media(&config, &clock)?;
    let common = common_of(&config, hub.clone(), store.records.clone(), media.clone(), clock)?;
    let doors = protocols::open_all(&common, &config.doors);

    let listeners = Listeners::bind(&config, &doors)?;
    let greeting = Greeting {
        config: &config,
        doors: &listeners.doors,
        ops: &listeners.ops,
        data: &data,
        media: media.addresses(),
    };
    greeting.print().context("standard output is closed")?;

    let running = Running {
        stop: CancellationToken::new(),
        ops_stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let ops = ops::router(Ops { hub: hub.clone(), store: store.chats.clone(), cluster, metrics });
    let of_doors = doors.iter().map(|door| door.clone().ops_router());
    let ops = of_doors.fold(ops.merge(debug::router(config.debug_from_anywhere)), Router::merge);
    running.serve_ops(listeners.ops, &ops);
    let page = frontend::router(&values(&config.frame_ancestors));
    running.serve_doors(listeners.doors, &router(&doors, page), config.max_connections);
    running.spawn_ticks(common, doors.clone());
    if let Some(seats) = &seats {
        tokio::spawn(seats.clone().run(running.ops_stop.clone()));
    }

    wait_for_signal().await?;
    info!("stopping");
    let finishing = async {
        running.drain(&hub, &doors, media.as_ref(), config.shutdown_grace / 2).await;
        if let Some(seats) = &seats {
            seats.save().await;
        }
        store.close().await;
    };
    if tokio::time::timeout(config.shutdown_grace, finishing).await.is_err() {
        warn!("not everything was finished in time (SHUTDOWN_GRACE)");
    }
    running.ops_stop.cancel();
    Ok(())
}

/// One store behind both of its traits. Checking the chat store checks the record store too.
struct Store {
    chats: Arc<dyn ChatStore>,
    records: Arc<dyn RecordStore>,
    /// The embedded store, in which a node without Redis saves its seats.
    embedded: Option<Arc<SqliteStore>>,
}

impl Store {
    fn new(store: Arc<impl ChatStore + RecordStore>, embedded: Option<Arc<SqliteStore>>) -> Self {
        Self { chats: store.clone(), records: store, embedded }
    }

    async fn close(&self) {
        self.chats.close().await;
        if let Some(embedded) = &self.embedded {
            embedded.close().await;
        }
    }
}

fn ice_servers(config: &Config, clock: Arc<dyn Clock>) -> Result<IceServers, SettingsError> {
    let secret = config.turn_secret.reveal();
    IceServers::new(&config.stun_urls, &config.turn_urls, secret, config.turn_ttl, clock)
}

fn values(origins: &[Origin]) -> Vec<HeaderValue> {
    origins.iter().map(|origin| origin.0.clone()).collect()
}

fn open_store(config: &Config, data: &DataFolder) -> anyhow::Result<Store> {
    let embedded = || SqliteStore::open(&data.embedded_file(), rekey).map(Arc::new);
    let Some(uri) = config.mongodb_uri.reveal() else {
        let store = embedded()?;
        return Ok(Store::new(store.clone(), Some(store)));
    };
    let store = Arc::new(MongoStore::connect(uri, rekey).context("MONGODB_URI")?);
    let has_own_seats = config.redis_url.reveal().is_none();
    Ok(Store::new(store, has_own_seats.then(embedded).transpose()?))
}

fn session_secret(config: &Config, data: &DataFolder) -> anyhow::Result<Vec<u8>> {
    // Each node would make a secret of its own, and reject the session tokens of the others.
    if config.redis_url.reveal().is_some() && config.session_secret.reveal().is_none() {
        bail!("SESSION_SECRET is not set: all nodes that share a Redis (REDIS_URL) need the same");
    }
    data.session_secret(config.session_secret.reveal())
}

/// Opens the seat registry, and the task that saves its seats if they are this node's alone.
async fn open_cluster(
    config: &Config,
    sessions: &SessionSigner,
    clock: Arc<dyn Clock>,
    store: &Store,
) -> anyhow::Result<(Arc<dyn SeatRegistry>, Option<SeatPersistence>)> {
    let Some(url) = config.redis_url.reveal() else {
        let cluster = Arc::new(LocalRegistry::new(clock));
        let Some(embedded) = &store.embedded else { return Ok((cluster, None)) };
        let seats = SeatPersistence::start(cluster.clone(), embedded.clone()).await.context("DATA_DIR")?;
        return Ok((cluster, Some(seats)));
    };
    let settings = RedisSettings {
        url: url.to_owned(),
        prefix: config.redis_prefix.clone(),
        fingerprint: sessions.fingerprint(),
        clock,
        judge: None,
    };
    Ok((Arc::new(RedisRegistry::join(settings).await.context("REDIS_URL")?), None))
}

#[cfg(feature = "media")]
fn open_media(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn MediaPlane>> {
    let Some(settings) = config.media.settings(&config.listen)? else { return Ok(Arc::new(media::Off)) };
    let forwarding = Forwarding::start(&settings, clock).context("MEDIA_LISTEN, MEDIA_PORT")?;
    Ok(Arc::new(forwarding))
}

/// Forwards nothing: forwarding is not built in.
#[cfg(not(feature = "media"))]
fn open_media(_config: &Config, _clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn MediaPlane>> {
    Ok(Arc::new(media::Off))
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

fn common_of(
    config: &Config,
    hub: Hub,
    records: Arc<dyn RecordStore>,
    media: Arc<dyn MediaPlane>,
    clock: Arc<dyn Clock>,
) -> Result<Common, SettingsError> {
    let quotas = Quotas { sessions: config.new_sessions_per_address, events: config.events_per_address };
    Ok(Common {
        hub,
        records,
        media,
        admission: Arc::new(Admission::new(quotas, config.trusted_proxies.clone())),
        origins: AllowedOrigins::new(&values(&config.cors_origins)),
        ice_servers: Arc::new(ice_servers(config, clock.clone())?),
        return_spread: config.shutdown_grace / 2,
        admin_token: config.admin_token.clone(),
        clock,
    })
}

/// Routes requests to the doors, and the rest to the call page.
fn router(doors: &[Arc<dyn Door>], page: Router) -> Router {
    let routers = doors.iter().map(|door| door.clone().router());
    routers
        .fold(Router::new(), Router::merge)
        .fallback_service(page)
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(CatchPanicLayer::new())
}

/// The bound listeners for clients and operators.
struct Listeners {
    doors: Vec<TcpListener>,
    ops: Vec<TcpListener>,
}

impl Listeners {
    fn bind(config: &Config, doors: &[Arc<dyn Door>]) -> anyhow::Result<Self> {
        let further = doors.iter().flat_map(|door| door.listen());
        let further_ops = doors.iter().flat_map(|door| door.ops_listen());
        Ok(Self {
            doors: bind_all("LISTEN", config.listen.iter().copied().chain(further))?,
            ops: bind_all("OPS_LISTEN", iter::once(config.ops_listen).chain(further_ops))?,
        })
    }
}

/// Binds each address once.
fn bind_all(
    setting: &'static str,
    addresses: impl Iterator<Item = SocketAddr>,
) -> anyhow::Result<Vec<TcpListener>> {
    let addresses: Vec<_> = addresses.collect();
    let mut bound = HashSet::new();
    let mut listeners = Vec::new();
    for address in &addresses {
        // Each bind of port 0 takes another free port.
        let is_new = address.port() == 0 || bound.insert(*address);
        if is_new && !addresses.iter().any(|other| covers(*other, *address)) {
            listeners.push(listener::bind(*address).context(setting)?);
        }
    }
    Ok(listeners)
}

/// True if `all` stands for every address of the machine, including `one`, so that both cannot be bound.
fn covers(all: SocketAddr, one: SocketAddr) -> bool {
    let is_same_port = all.port() == one.port() && all.is_ipv4() == one.is_ipv4() && one.port() != 0;
    is_same_port && all.ip().is_unspecified() && !one.ip().is_unspecified()
}

/// The tasks that run until the server stops.
struct Running {
    stop: CancellationToken,
    /// Stops the operators' listener, after everything else: operators watch the drain.
    ops_stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn serve_ops(&self, listeners: Vec<TcpListener>, router: &Router) {
        let room = Arc::new(Semaphore::new(MAX_OPS_CONNECTIONS));
        for listener in listeners {
            tokio::spawn(listener::serve(listener, router.clone(), room.clone(), self.ops_stop.clone()));
        }
    }

    fn serve_doors(&self, listeners: Vec<TcpListener>, router: &Router, max_connections: usize) {
        let room = Arc::new(Semaphore::new(max_connections));
        for listener in listeners {
            let serving = listener::serve(listener, router.clone(), room.clone(), self.stop.clone());
            self.tasks.spawn(serving);
        }
    }

    fn spawn_ticks(&self, common: Common, doors: Vec<Arc<dyn Door>>) {
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

    /// Stops accepting, tells the participants, moves their seats to other nodes, ends their media, and waits
    /// for tasks that have begun; in this order.
    async fn drain(&self, hub: &Hub, doors: &[Arc<dyn Door>], media: &dyn MediaPlane, patience: Duration) {
        hub.drain();
        self.stop.cancel();
        let disconnected = async {
            join_all(doors.iter().map(|door| door.shut_down(patience))).await;
            hub.lose_all_connections().await;
        };
        // A seat moves to another node as soon as its connection has ended.
        tokio::join!(disconnected, hub.migrate_all(patience / 2, patience + patience / 2));
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

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("signals cannot be received")?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            hub::join::{JoinRequest, RoomPolicy},
            tests::support::{ManualClock, MemoryStore, name, room_id},
        },
        media::{EndpointId, MediaEvent, NewEndpoint, Owner, Publication, Role, fake::FakeMedia},
    };

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    const LEASE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn media_ends_with_its_seat_and_not_with_a_lost_connection() {
        let (clock, media) = (ManualClock::new(), FakeMedia::new());
        let cluster = Arc::new(LocalRegistry::new(clock.clone()));
        let store = Arc::new(MemoryStore::default());
        let hub = Hub::new(cluster, store, clock.clone(), SessionSigner::new(b"secret"));
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
