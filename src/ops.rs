//! Health, readiness and metrics for operators and their tools, on a listener of its own.

use std::sync::Arc;

use axum::{Router, body::Body, extract::State, http::Response, http::StatusCode, routing};
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tracing::warn;

use crate::{
    core::{
        hub::Hub,
        model::error::Unavailable,
        ports::{chat_store::ChatStore, seat_registry::SeatRegistry},
    },
    protocols::http::json,
};

/// The sources of the answers.
pub struct Ops {
    /// Counts rooms and participants.
    pub hub: Hub,
    /// The chat store.
    pub store: Arc<dyn ChatStore>,
    /// The seat registry.
    pub registry: Arc<dyn SeatRegistry>,
    /// All metrics.
    pub metrics: PrometheusHandle,
}

/// Routes `/healthz`, `/readyz` and `/metrics`.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/healthz", routing::get(healthz))
        .route("/readyz", routing::get(readyz))
        .route("/metrics", routing::get(metrics))
        .with_state(Arc::new(ops))
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    store: Dependency,
    #[serde(rename = "cluster")]
    registry: Dependency,
}

#[derive(Serialize)]
struct Dependency {
    name: &'static str,
    ready: bool,
}

impl Dependency {
    fn new(name: &'static str, check: &Result<(), Unavailable>) -> Self {
        if let Err(error) = check {
            warn!(dependency = name, error = error as &dyn std::error::Error, "not ready");
        }
        Self { name, ready: check.is_ok() }
    }
}

/// Says that the process runs. Depends on nothing else: an outage of a back end must not restart the process.
async fn healthz() -> Response<Body> {
    json(StatusCode::OK, &Alive { status: "ok" })
}

/// Says whether this process should get new clients.
async fn readyz(State(ops): State<Arc<Ops>>) -> Response<Body> {
    let (store, registry) = tokio::join!(ops.store.check(), ops.registry.check());
    let draining = ops.hub.is_draining();
    let store = Dependency::new(ops.store.name(), &store);
    let registry = Dependency::new(ops.registry.name(), &registry);
    let ready = !draining && store.ready && registry.ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &Readiness { ready, draining, store, registry })
}

/// Renders the metrics in Prometheus's text format.
async fn metrics(State(ops): State<Arc<Ops>>) -> String {
    let occupancy = ops.hub.occupancy();
    gauge!("switchboard_rooms").set(as_gauge(occupancy.rooms));
    gauge!("switchboard_participants").set(as_gauge(occupancy.participants));
    gauge!("switchboard_participants_connected").set(as_gauge(occupancy.connected));
    gauge!("switchboard_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    ops.metrics.run_upkeep();
    ops.metrics.render()
}

#[expect(clippy::cast_precision_loss, reason = "no process holds 2^52 of anything")]
fn as_gauge(count: usize) -> f64 {
    count as f64
}
