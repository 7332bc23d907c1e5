//! Puts the parts together, runs them, and stops them in the right order. The only place that sees everything.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, http::HeaderValue};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use tracing::{info, warn};

use crate::{
    cluster::LocalCluster,
    config::{Config, Origin},
    core::{
        clock::{Clock, SystemClock},
        cluster::Cluster,
        hub::Hub,
        session::SessionSigner,
        store::ChatStore,
    },
    data_folder::DataFolder,
    frontend,
    greeting::Greeting,
    listener,
    ops::{self, Ops},
    protocols::{
        admission::Admission,
        ice_servers::{IceServers, SettingsError},
        mesh::{MeshDoor, MeshOptions},
        origin::AllowedOrigins,
    },
    store::{MongoStore, SqliteStore},
    telemetry,
};

/// How often leases are looked after: the lateness of an ended seat, and well below any lease's third.
const TICK: Duration = Duration::from_millis(500);

/// After how many ticks idle addresses are forgotten: about every minute.
const FORGET_EVERY: u32 = 120;

/// How long a request's body may pause.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections operators may have open at once.
const MAX_OPS_CONNECTIONS: usize = 64;

/// Runs the server until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// It could not be started; says why, for people.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let data = DataFolder::open(&config.data_dir)?;
    let secret = data.session_secret(config.session_secret.reveal())?;
    let metrics = telemetry::start_metrics()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = open_store(&config, &data)?;
    let ice_servers = Arc::new(ice_servers(&config, clock.clone())?);
    let cluster: Arc<dyn Cluster> = Arc::new(LocalCluster::new(clock.clone()));
    let hub = Hub::new(cluster.clone(), store.clone(), clock, SessionSigner::new(&secret));

    let admission = Arc::new(Admission::new(config.new_sessions_per_address, config.trusted_proxies.clone()));
    let origins = AllowedOrigins::new(&values(&config.cors_origins));
    let options = MeshOptions {
        origins: origins.clone(),
        dialect: config.mesh_dialect,
        seat_lease: config.seat_lease,
        ice_servers,
        return_spread: config.shutdown_grace / 2,
    };
    let mesh = MeshDoor::new(hub.clone(), admission.clone(), options);

    let listeners = bind_all(&config).await?;
    let ops_listener = listener::bind(config.ops_listen).await.context("OPS_LISTEN")?;
    let greeting = Greeting { config: &config, listeners: &listeners, ops: &ops_listener, data: &data };
    greeting.print().context("standard output is closed")?;

    let running = Running {
        stop: CancellationToken::new(),
        ops_stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let ops = ops::router(Ops { hub: hub.clone(), store: store.clone(), cluster, metrics });
    running.serve_ops(ops_listener, ops);
    let page = frontend::router(&values(&config.frame_ancestors));
    let doors = doors(&mesh, page, &origins);
    running.serve_doors(listeners, &doors, config.max_connections);
    running.look_after(hub.clone(), admission);

    wait_for_signal().await?;
    info!("stopping");
    let drained = tokio::time::timeout(
        config.shutdown_grace,
        running.drain(&hub, &mesh, store.as_ref(), config.shutdown_grace / 2),
    )
    .await;
    if drained.is_err() {
        warn!("not everything was finished in time (SHUTDOWN_GRACE)");
    }
    Ok(())
}

fn ice_servers(config: &Config, clock: Arc<dyn Clock>) -> Result<IceServers, SettingsError> {
    let secret = config.turn_secret.reveal();
    IceServers::new(&config.stun_urls, &config.turn_urls, secret, config.turn_ttl, clock)
}

fn values(origins: &[Origin]) -> Vec<HeaderValue> {
    origins.iter().map(|origin| origin.0.clone()).collect()
}

fn open_store(config: &Config, data: &DataFolder) -> anyhow::Result<Arc<dyn ChatStore>> {
    Ok(match config.mongodb_uri.reveal() {
        Some(uri) => Arc::new(MongoStore::connect(uri).context("MONGODB_URI")?),
        None => Arc::new(SqliteStore::open(&data.chats_file())?),
    })
}

async fn bind_all(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in &config.listen {
        listeners.push(listener::bind(*address).await.context("LISTEN")?);
    }
    Ok(listeners)
}

fn doors(mesh: &Arc<MeshDoor>, page: Router, origins: &AllowedOrigins) -> Router {
    mesh.router()
        .fallback_service(page)
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(origins.cors_layer())
        .layer(CatchPanicLayer::new())
}

/// All that runs until the server stops.
struct Running {
    stop: CancellationToken,
    /// The operators' listener stays until the end, so that they can watch.
    ops_stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn serve_ops(&self, ops: TcpListener, router: Router) {
        let room = Arc::new(Semaphore::new(MAX_OPS_CONNECTIONS));
        tokio::spawn(listener::serve(ops, router, room, self.ops_stop.clone()));
    }

    fn serve_doors(&self, listeners: Vec<TcpListener>, router: &Router, max_connections: usize) {
        let room = Arc::new(Semaphore::new(max_connections));
        for listener in listeners {
            let serving = listener::serve(listener, router.clone(), room.clone(), self.stop.clone());
            self.tasks.spawn(serving);
        }
    }

    fn look_after(&self, hub: Hub, admission: Arc<Admission>) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for tick in 0_u32.. {
                if stop.run_until_cancelled(ticks.tick()).await.is_none() {
                    return;
                }
                hub.tick().await;
                if tick.is_multiple_of(FORGET_EVERY) {
                    admission.forget_idle();
                }
            }
        });
    }

    /// In this order: nobody new, tell those who are here, let go of them, finish what was begun, close the store.
    async fn drain(&self, hub: &Hub, mesh: &MeshDoor, store: &dyn ChatStore, patience: Duration) {
        hub.drain();
        self.stop.cancel();
        mesh.shut_down(patience).await;
        self.tasks.close();
        self.tasks.wait().await;
        store.close().await;
        self.ops_stop.cancel();
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("signals cannot be received")?,
    }
    Ok(())
}
