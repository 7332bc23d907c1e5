//! The HTTP endpoints of the kurento door for clients: the WebSocket, and what the original's pages request
//! before it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;

use super::{KurentoDoor, NAMESPACE, browser::BrowserId, connection::KurentoConnection, error::HttpRefusal};
use crate::protocols::{
    base_path::BasePath,
    http::{json, redirect},
    websocket::{NotAHandshake, Socket, SocketLimits, is_handshake, upgrade},
};

const LIMITS: SocketLimits = SocketLimits::new(256 * 1024);

/// Interval in milliseconds at which the original's page looks for the active speaker.
const SPEAKER_INTERVAL_MS: u32 = 1_800;

/// Level in decibels that the original's page treats as silence.
const SPEAKER_THRESHOLD_DB: i32 = -50;

/// Configuration of the original's page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    loopback_remote: bool,
    loopback_and_local: bool,
    filter_request_param: &'static str,
}

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// `GET /room`: the WebSocket. Redirects a user who opens the address in a browser to the page.
pub async fn connect(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    if !is_handshake(&request) {
        let is_navigation = is_navigation(request.headers());
        let base = &door.common.base_path;
        return Ok(if is_navigation { redirect_to_page(base) } else { NotAHandshake.into_response() });
    }
    let client = door.common.admit_page(&request).map_err(|refusal| refusal.at(NAMESPACE))?;
    let encrypted = door.common.admission.is_encrypted(request.headers(), request.extensions());
    let (browser, cookie) = BrowserId::of(request.headers(), encrypted, &door.common.base_path);
    let serve = move |door, socket: Socket| {
        KurentoConnection::new(door, socket.sender(), client, browser).serve(socket)
    };
    let Ok(mut response) = upgrade(&door, request, LIMITS, serve) else {
        return Ok(NotAHandshake.into_response());
    };
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /getAllRooms`: the names of all rooms, for administrators or, if so configured, for every client.
pub async fn get_all_rooms(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    if !door.open_room_list {
        door.check_administrator(&request)?;
    }
    Ok(json(StatusCode::OK, &door.room_names()))
}

/// `GET /getUpdateSpeakerInterval`, in milliseconds.
pub async fn get_update_speaker_interval() -> HttpResult {
    Ok(json(StatusCode::OK, &SPEAKER_INTERVAL_MS))
}

/// `GET /getThresholdSpeaker`, in decibels.
pub async fn get_threshold_speaker() -> HttpResult {
    Ok(json(StatusCode::OK, &SPEAKER_THRESHOLD_DB))
}

/// `GET /getClientConfig`.
pub async fn get_client_config() -> HttpResult {
    let config =
        ClientConfig { loopback_remote: false, loopback_and_local: false, filter_request_param: "hat" };
    Ok(json(StatusCode::OK, &config))
}

fn is_navigation(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn redirect_to_page(base: &BasePath) -> Response<Body> {
    redirect(StatusCode::SEE_OTHER, &base.join("/"))
}
