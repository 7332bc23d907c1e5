//! The mesh door's HTTP endpoints. Source: mesh document, sections 1 and 2; `docs/mesh.md`, "HTTP".

use std::sync::Arc;

use axum::{
    RequestExt,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{Response, StatusCode},
};
use serde::{Deserialize, Serialize};

use super::{
    MeshDoor,
    error::{HttpRefusal, Refusal, TOO_MANY_REQUESTS, UNAUTHORIZED},
    options::saving,
};
use crate::{
    core::model::ids::RoomId,
    protocols::{
        chat_json::{MAX_SAVE_BYTES, parse_save},
        http::{bearer_token, json, read_body},
    },
};

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct SavedAnswer {
    success: bool,
    message: &'static str,
}

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// `GET /api/v1/signalling/health-status`: `200 {}` while the process serves.
pub async fn health_status() -> HttpResult {
    Ok(json(StatusCode::OK, &Empty {}))
}

/// `PUT /api/v1/signalling/save-chats/:appointment_id`: saves `{"chats": [ … ]}` in the room's history, by
/// the rules of the dialect. Answers with success once the whole save is durable.
pub async fn save_chats(State(door): State<Arc<MeshDoor>>, mut request: Request) -> HttpResult {
    door.common.origins.check(&request)?;
    door.common.admission.admit_event(&request).map_err(|_| TOO_MANY_REQUESTS)?;
    let room = request.extract_parts::<Path<String>>().await;
    let Path(room) = room.map_err(|_| Refusal::field("appointment_id", "is not UTF-8"))?;
    let room: RoomId = room.parse().map_err(|error| Refusal::field("appointment_id", error))?;
    let (head, body) = request.into_parts();
    let body = read_body(&head.headers, body, MAX_SAVE_BYTES).await?;
    let entries = parse_save(&body)?;
    door.common.hub.save_chats(&room, entries, saving(door.dialect)).await?;
    Ok(json(StatusCode::OK, &SavedAnswer { success: true, message: "Chats saved Successfully" }))
}

/// The room of the seat for which credentials are requested.
#[derive(Deserialize)]
struct SeatQuery {
    appointment_id: Option<String>,
}

/// `GET /api/v1/ice-servers`: the STUN servers, for any client.
///
/// With `?appointment_id=` and the session token as `Authorization: Bearer`, also TURN servers with new
/// credentials, while the token's seat is held.
pub async fn ice_servers(State(door): State<Arc<MeshDoor>>, request: Request) -> HttpResult {
    door.common.admit_page(&request)?;
    let configuration = match proof_of_seat(&request)? {
        None => door.common.ice_servers.without_credentials(),
        Some((room, session)) => {
            let participant = door.common.hub.holder_by_session(&room, session).await?.ok_or(UNAUTHORIZED)?;
            door.common.ice_servers.for_participant(participant)
        }
    };
    Ok(json(StatusCode::OK, &configuration))
}

/// Room and session token of a request for credentials; `None` for a request without a token.
fn proof_of_seat(request: &Request) -> Result<Option<(RoomId, &str)>, Refusal> {
    let query = Query::<SeatQuery>::try_from_uri(request.uri());
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
