//! Paths of the kurento door, for clients and for operators.

use std::sync::Arc;

use axum::{Router, routing};

use super::{KurentoDoor, http, operators};

/// The routes for clients.
pub fn router(door: Arc<KurentoDoor>) -> Router {
    let origins = door.common.origins.clone();
    let router = Router::new()
        .route("/room", routing::get(http::connect))
        .route("/getAllRooms", routing::get(http::get_all_rooms))
        .route("/getUpdateSpeakerInterval", routing::get(http::get_update_speaker_interval))
        .route("/getThresholdSpeaker", routing::get(http::get_threshold_speaker))
        .route("/getClientConfig", routing::get(http::get_client_config))
        .with_state(door);
    origins.layer(router)
}

/// The routes for operators.
pub fn ops_router(door: Arc<KurentoDoor>) -> Router {
    Router::new()
        .route("/getAllRooms", routing::get(operators::get_all_rooms))
        .route("/close", routing::get(operators::close_room).post(operators::close_room))
        .route("/evict", routing::get(operators::evict).post(operators::evict))
        .route("/mediaError", routing::get(operators::media_error).post(operators::media_error))
        .with_state(door)
}
