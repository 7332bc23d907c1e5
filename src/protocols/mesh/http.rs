//! The mesh door's HTTP endpoints. Source: mesh document, sections 1 and 2; `docs/mesh.md`, "HTTP".

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use serde::{Deserialize, Serialize};

use super::{
    MeshDoor,
    error::{Code, NOT_ALLOWED, Refusal, TOO_MANY_ATTEMPTS, TOO_MANY_REQUESTS, UNAUTHORIZED},
    options::saving,
};
use crate::{
    core::model::ids::RoomId,
    protocols::{
        chat_json::{MAX_SAVE_BYTES, parse_save},
        http::{json, read_body},
        ice_servers::IceConfiguration,
    },
};

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct SavedAnswer {
    success: bool,
    message: &'static str,
}

/// The body of a refusal.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HttpRefusal<'a> {
    /// Always `false`.
    #[cfg_attr(test, ts(type = "false"))]
    success: bool,
    /// Reason, for people.
    message: &'a str,
    /// Reason, for programs.
    code: Code,
}

/// `GET /api/v1/signalling/health-status`: `200 {}` while the process serves.
pub async fn health_status() -> Response<Body> {
    json(StatusCode::OK, &Empty {})
}

/// `PUT /api/v1/signalling/save-chats/:appointment_id`: saves `{"chats": [ … ]}` in the room's history, by
/// the rules of the dialect. Answers with success once the whole save is durable.
pub async fn save_chats(
    State(door): State<Arc<MeshDoor>>,
    room: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    match save(&door, room, request).await {
        Ok(()) => json(StatusCode::OK, &SavedAnswer { success: true, message: "Chats saved Successfully" }),
        Err(refusal) => refusal_response(&refusal),
    }
}

async fn save(
    door: &MeshDoor,
    room: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<(), Refusal> {
    if !door.origins.allows(request.headers()) {
        return Err(NOT_ALLOWED);
    }
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_event(client) {
        return Err(TOO_MANY_REQUESTS);
    }
    let Path(room) = room.map_err(|_| Refusal::field("appointment_id", "is not UTF-8"))?;
    let room: RoomId = room.parse().map_err(|error| Refusal::field("appointment_id", error))?;
    let body = read_body(request.into_body(), MAX_SAVE_BYTES).await?;
    let entries = parse_save(&body)?;
    door.hub.save_chats(&room, entries, saving(door.dialect)).await?;
    Ok(())
}

/// The room of the seat for which credentials are requested.
#[derive(Deserialize)]
pub struct SeatQuery {
    appointment_id: Option<String>,
}

/// `GET /api/v1/ice-servers`: the STUN servers, for any client; with `?appointment_id=` and the session token
/// as `Authorization: Bearer`, also TURN servers with new credentials, while the token's seat is held.
pub async fn ice_servers(
    State(door): State<Arc<MeshDoor>>,
    query: Result<Query<SeatQuery>, QueryRejection>,
    request: Request,
) -> Response<Body> {
    let configuration = match proof_of_seat(&door, query, &request) {
        Ok(None) => Ok(door.ice_servers.for_anybody()),
        Ok(Some((room, session))) => with_credentials(&door, &room, session).await,
        Err(refusal) => Err(refusal),
    };
    match configuration {
        Ok(configuration) => json(StatusCode::OK, &configuration),
        Err(refusal) => refusal_response(&refusal),
    }
}

async fn with_credentials(
    door: &MeshDoor,
    room: &RoomId,
    session: &str,
) -> Result<IceConfiguration, Refusal> {
    let participant = door.hub.holder_by_session(room, session).await?.ok_or(UNAUTHORIZED)?;
    Ok(door.ice_servers.for_participant(participant))
}

/// Room and session token of a request for credentials; `None` for a request without a token.
fn proof_of_seat<'a>(
    door: &MeshDoor,
    query: Result<Query<SeatQuery>, QueryRejection>,
    request: &'a Request,
) -> Result<Option<(RoomId, &'a str)>, Refusal> {
    if !door.origins.allows(request.headers()) {
        return Err(NOT_ALLOWED);
    }
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return Err(TOO_MANY_ATTEMPTS);
    }
    let Query(query) = query.map_err(|_| Refusal::field("appointment_id", "must be there once"))?;
    match (query.appointment_id, bearer_token(request.headers())) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Refusal::field("appointment_id", "is missing")),
        (Some(_), None) => Err(UNAUTHORIZED),
        (Some(room), Some(session)) => {
            let room = room.parse().map_err(|error| Refusal::field("appointment_id", error))?;
            Ok(Some((room, session)))
        }
    }
}

/// The token of `Authorization: Bearer`, empty if it is unreadable. Other schemes are for proxies and do not
/// count. Source: RFC 6750, section 2.1.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let credentials = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or("Bearer");
    let (scheme, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// `{success: false, message, code}` with the code's status.
pub fn refusal_response(refusal: &Refusal) -> Response<Body> {
    let body = HttpRefusal { success: false, message: &refusal.message, code: refusal.code };
    let mut response = json(refusal.code.status(), &body);
    if refusal.code == Code::Unauthorized {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
