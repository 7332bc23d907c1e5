//! Composes the parts, runs them, and stops them in order. The only module that knows all others.

mod back_ends;
mod listeners;
mod paths;
mod running;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, http::HeaderValue};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use tracing::{info, warn};

use self::{
    back_ends::{open_media, open_registry, open_store, session_secret},
    listeners::Listeners,
    running::Running,
};
use crate::{
    config::{Config, Origin},
    core::{
        hub::Hub,
        model::session_token::SessionSigner,
        ports::{
            clock::{Clock, SystemClock},
            record_store::RecordStore,
        },
    },
    data_folder::DataFolder,
    debug, frontend,
    greeting::Greeting,
    media::MediaPlane,
    ops::{self, Ops},
    protocols::{
        self,
        admission::{Admission, Quotas},
        base_path::BasePath,
        door::{Common, Door},
        ice_servers::{IceServers, SettingsError},
        origin::AllowedOrigins,
    },
    telemetry,
};

/// The longest pause within a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

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
    let (registry, seats) = open_registry(&config, &sessions, clock.clone(), &store).await?;
    let hub = Hub::new(registry.clone(), store.chats.clone(), clock.clone(), sessions);

    let media = open_media(&config, &clock)?;
    let (records, node) = (store.records.clone(), data.node_name().into());
    let common = common_of(&config, hub.clone(), records, node, media.clone(), clock)?;
    let doors = protocols::open_all(&common, &config.doors);

    let listeners = Listeners::bind(&config, &doors)?;
    let greeting = Greeting {
        config: &config,
        doors: &listeners.doors,
        ops: &listeners.ops,
        data: &data,
        media: media.addresses(),
    };
    // Before the greeting: its reader may stop the server at once.
    let stops = StopSignals::new()?;
    greeting.print().context("standard output is closed")?;

    let running = Running::default();
    let ops = ops::router(Ops { hub: hub.clone(), store: store.chats.clone(), registry, metrics });
    let of_doors = doors.iter().map(|door| door.clone().ops_router());
    let ops = of_doors.fold(ops.merge(debug::router(config.debug_from_anywhere)), Router::merge);
    running.serve_ops(listeners.ops, &paths::router(ops, Router::new(), BasePath::default()));
    let page = frontend::Site {
        frame_ancestors: values(&config.frame_ancestors),
        base: config.base_path.clone(),
        proxies: Arc::new(config.trusted_proxies.clone()),
    };
    let router = router(&doors, frontend::router(page), &config.base_path);
    running.serve_doors(listeners.doors, &router, config.max_connections);
    running.spawn_ticks(common, doors.clone());
    if let Some(seats) = &seats {
        tokio::spawn(seats.clone().run(running.ops_stop.clone()));
    }

    stops.first().await;
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

fn ice_servers(config: &Config, clock: Arc<dyn Clock>) -> Result<IceServers, SettingsError> {
    let secret = config.turn_secret.reveal();
    IceServers::new(&config.stun_urls, &config.turn_urls, secret, config.turn_ttl, clock)
}

fn values(origins: &[Origin]) -> Vec<HeaderValue> {
    origins.iter().map(|origin| origin.0.clone()).collect()
}

fn common_of(
    config: &Config,
    hub: Hub,
    records: Arc<dyn RecordStore>,
    node: Arc<str>,
    media: Arc<dyn MediaPlane>,
    clock: Arc<dyn Clock>,
) -> Result<Common, SettingsError> {
    let proxies = Arc::new(config.trusted_proxies.clone());
    let quotas = Quotas { sessions: config.new_sessions_per_address, events: config.events_per_address };
    Ok(Common {
        hub,
        records,
        node,
        media,
        admission: Arc::new(Admission::new(quotas, proxies.clone())),
        origins: AllowedOrigins::new(&values(&config.cors_origins), proxies),
        base_path: config.base_path.clone(),
        ice_servers: Arc::new(ice_servers(config, clock.clone())?),
        return_spread: config.shutdown_grace / 2,
        admin_token: config.admin_token.clone(),
        clock,
    })
}

/// Routes requests to the doors, and the rest to the call page.
fn router(doors: &[Arc<dyn Door>], page: Router, base: &BasePath) -> Router {
    let routers = doors.iter().map(|door| door.clone().router());
    paths::router(routers.fold(Router::new(), Router::merge), page, base.clone())
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(CatchPanicLayer::new())
}

/// The signals that stop the server.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on, these signals no longer end the process at once.
    fn new() -> anyhow::Result<Self> {
        let receive = |kind| signal(kind).context("signals cannot be received");
        Ok(Self {
            terminate: receive(SignalKind::terminate())?,
            interrupt: receive(SignalKind::interrupt())?,
        })
    }

    async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
