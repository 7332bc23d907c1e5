//! The door's requests over HTTP: its WebSocket, and what the original's pages ask for before they open it.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;

use super::{KurentoDoor, LIMITS, browser::BrowserId, connection::KurentoConnection};
use crate::protocols::{
    http::{RETRY_AFTER_SECONDS, json},
    websocket,
};

/// How often the original's page looks at who speaks, in milliseconds, and what it takes for silence, in decibels.
const SPEAKER_INTERVAL_MS: u32 = 1_800;
const SPEAKER_THRESHOLD_DB: i32 = -50;

/// What the original's page is told about itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    loopback_remote: bool,
    loopback_and_local: bool,
    filter_request_param: &'static str,
}

/// `GET /room`: the WebSocket. A person who opens the address is sent to the page.
pub async fn open(State(door): State<Arc<KurentoDoor>>, mut request: Request) -> Response<Body> {
    if !websocket::is_handshake(&request) {
        return if is_navigation(request.headers()) { to_the_page() } else { upgrade_required() };
    }
    if !door.origins.allows(request.headers()) {
        return door.refuse(StatusCode::FORBIDDEN, "origin_not_allowed");
    }
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return door.refuse(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    }
    let encrypted = door.admission.is_encrypted(request.headers(), request.extensions());
    let (browser, cookie) = BrowserId::of(request.headers(), encrypted);
    let serving = door.clone();
    let serve =
        move |socket, incoming| KurentoConnection::new(serving, socket, client, browser).serve(incoming);
    let Ok(mut response) = websocket::upgrade(&mut request, LIMITS, &door.tasks, serve) else {
        return upgrade_required();
    };
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /getAllRooms`: the names of all rooms, for an administrator or, where that is set, for everybody.
pub async fn get_all_rooms(State(door): State<Arc<KurentoDoor>>, request: Request) -> Response<Body> {
    if !door.open_room_list && !door.may_administer(&request) {
        return door.refuse(StatusCode::FORBIDDEN, "forbidden");
    }
    json(StatusCode::OK, &door.room_names())
}

/// `GET /getUpdateSpeakerInterval`, in milliseconds.
pub async fn get_update_speaker_interval() -> Response<Body> {
    json(StatusCode::OK, &SPEAKER_INTERVAL_MS)
}

/// `GET /getThresholdSpeaker`, in decibels.
pub async fn get_threshold_speaker() -> Response<Body> {
    json(StatusCode::OK, &SPEAKER_THRESHOLD_DB)
}

/// `GET /getClientConfig`.
pub async fn get_client_config() -> Response<Body> {
    let config =
        ClientConfig { loopback_remote: false, loopback_and_local: false, filter_request_param: "hat" };
    json(StatusCode::OK, &config)
}

impl KurentoDoor {
    fn refuse(&self, status: StatusCode, code: &'static str) -> Response<Body> {
        self.counters.refused(code);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

fn is_navigation(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn to_the_page() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    response
}

/// Source: RFC 9110, section 15.5.22; RFC 6455, section 4.2.2.
fn upgrade_required() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}
