//! The mesh door's two HTTP endpoints. Source: mesh document, sections 1 and 2.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{Response, StatusCode},
};
use serde::Serialize;

use super::{
    MeshDoor,
    error::{Code, NOT_ALLOWED, TOO_MANY_REQUESTS, Refusal},
};
use crate::{
    core::{chat::MAX_HISTORY_BYTES, ids::RoomId},
    protocols::{
        chat_json::parse_save,
        http::{json, read_body},
    },
};

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Outcome<'a> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
}

/// `GET /api/v1/signalling/health-status`: `200 {}` for as long as the process serves at all.
pub async fn health_status() -> Response<Body> {
    json(StatusCode::OK, &Empty {})
}

/// `PUT /api/v1/signalling/save-chats/:appointment_id`: merges `{"chats": [ … ]}` into the room's history. Answers
/// with success once all of it is durable.
pub async fn save_chats(
    State(door): State<Arc<MeshDoor>>,
    room: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    match save(&door, room, request).await {
        Ok(()) => {
            json(StatusCode::OK, &Outcome { success: true, message: "Chats saved Successfully", code: None })
        }
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
    let body = read_body(request.into_body(), MAX_HISTORY_BYTES).await?;
    let entries = parse_save(&body)?;
    door.hub.save_chats(&room, entries).await?;
    Ok(())
}

/// `{success: false, message, code}` with the code's status.
pub fn refusal_response(refusal: &Refusal) -> Response<Body> {
    let outcome = Outcome { success: false, message: &refusal.message, code: Some(refusal.code) };
    json(refusal.code.status(), &outcome)
}
