//! Paths of the mesh door: its HTTP endpoints, and Socket.IO behind the gate.

use std::sync::Arc;

use axum::{Router, routing};

use super::{
    MeshDoor,
    gate::{self, Gate},
    http, socket_service,
};

/// The paths of Socket.IO: the library's usual one, and that of the mesh document's original.
const SOCKET_PATHS: [&str; 2] = ["/socket.io", "/api/v1/signalling/socket"];

/// The routes.
pub fn router(door: Arc<MeshDoor>) -> Router {
    let origins = door.common.origins.clone();
    let socket_routers = SOCKET_PATHS.map(|path| socket_router(&door, path));
    let router = Router::new()
        .route("/api/v1/signalling/health-status", routing::get(http::health_status))
        .route("/api/v1/signalling/save-chats/{appointment_id}", routing::put(http::save_chats))
        .route("/api/v1/ice-servers", routing::get(http::ice_servers))
        .with_state(door);
    origins.layer(socket_routers.into_iter().fold(router, Router::merge))
}

fn socket_router(door: &Arc<MeshDoor>, path: &'static str) -> Router {
    let gate = Gate { door: door.clone(), service: socket_service::open(door, path) };
    Router::new()
        .route(path, routing::any(gate::pass))
        .route(&format!("{path}/"), routing::any(gate::pass))
        .route(&format!("{path}/{{*rest}}"), routing::any(gate::pass))
        .with_state(Arc::new(gate))
}
