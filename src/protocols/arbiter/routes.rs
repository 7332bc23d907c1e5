//! Paths of the arbiter door, and its CORS headers.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::Method, routing};
use tower_http::cors::{Any, CorsLayer};

use super::{ArbiterDoor, http};

/// Prefixes of the HTTP endpoints: as documented, and with the stage that API gateways add.
const STAGES: [&str; 2] = ["", "/production"];

/// Paths of the WebSocket.
const SOCKET_PATHS: [&str; 4] = ["/arbiter", "/arbiter/", "/production", "/production/"];

/// The routes.
pub fn router(door: Arc<ArbiterDoor>) -> Router {
    let mut router = Router::new().route("/production/{*rest}", routing::any(http::not_found));
    for stage in STAGES {
        let create = routing::put(http::create_room).post(http::create_room);
        let endpoints = [
            ("getRoomId", routing::get(http::get_room_id)),
            ("claimRoom", routing::patch(http::claim_room)),
            ("createRoom", create),
        ];
        for (name, methods) in endpoints {
            let methods = methods.fallback(http::not_found);
            router = router
                .route(&format!("{stage}/{name}"), methods.clone())
                .route(&format!("{stage}/{name}/"), methods);
        }
    }
    for path in SOCKET_PATHS {
        router = router.route(path, routing::get(http::connect).fallback(http::not_found));
    }
    router.with_state(door).layer(cors())
}

/// Allows every page. Source: `docs/arbiter.md`, as the API gateways of the original do.
fn cors() -> CorsLayer {
    use Method as M;
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([M::GET, M::POST, M::PUT, M::DELETE, M::HEAD, M::OPTIONS, M::PATCH])
        .allow_headers(Any)
        .max_age(Duration::from_hours(24))
}
