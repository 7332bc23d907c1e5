//! Paths and methods of the direct door.

use std::sync::Arc;

use axum::{Router, routing};

use super::{DirectDoor, http};

/// Additional prefix of all paths: the original's proxy serves them there.
const PREFIX: &str = "/api";

/// The routes.
pub fn router(door: Arc<DirectDoor>) -> Router {
    let origins = door.common.origins.clone();
    let kick = routing::get(http::kick).post(http::kick).head(http::method_not_allowed);
    let routes = Router::new()
        .route("/healthcheck", routing::get(http::healthcheck).fallback(http::method_not_allowed))
        .route("/v1/register", routing::post(http::register).fallback(http::method_not_allowed))
        .route("/v1/connect", routing::get(http::connect).fallback(http::method_not_allowed))
        .route("/v1/user", routing::get(http::user).fallback(http::method_not_allowed))
        .route("/v1/kick-active-users", kick.fallback(http::method_not_allowed))
        .with_state(door);
    origins.layer(Router::new().merge(routes.clone()).nest(PREFIX, routes))
}
