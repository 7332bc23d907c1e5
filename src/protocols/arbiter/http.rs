//! The HTTP endpoints of the arbiter door. Source: arbiter document, "HTTP API Gateway".

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, Uri, header},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::{
    ArbiterDoor,
    claims::ClaimedRoom,
    connection::ArbiterConnection,
    delivery::GOING_AWAY,
    error::HttpRefusal,
    messages::object,
    start::StartOrder,
    url_path::{UrlPath, UrlPathError},
};
use crate::protocols::{
    admission::TooManyRequests,
    http::{BodyError, json, read_body},
    websocket::{SocketLimits, upgrade},
};

/// The largest body: a path, escaped, with room to spare.
const MAX_BODY_BYTES: usize = 16 * 1024;

const LIMITS: SocketLimits = SocketLimits::new(128 * 1024);

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// A room. Clients of the document read `roomId`, clients of the original `id`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomAnswer<'a> {
    room_id: &'a str,
    id: &'a str,
    url_path: &'a str,
    connection_id: &'a str,
    connection_type: &'static str,
    connection_status: &'static str,
}

#[derive(Serialize)]
struct Started {
    message: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    url_path: String,
}

/// `GET /getRoomId?urlPath=`: the room that the path has claimed.
pub async fn get_room_id(State(door): State<Arc<ArbiterDoor>>, request: Request) -> HttpResult {
    door.common.admission.admit_event(&request)?;
    let path = UrlPath::of_query(request.uri())?;
    let room = door.find(&path).await?.ok_or(HttpRefusal::RoomNotFound)?;
    Ok(room_answer(&path, &room))
}

/// `PATCH /claimRoom {"urlPath"}`: the room that the path has claimed, or claims now.
pub async fn claim_room(State(door): State<Arc<ArbiterDoor>>, request: Request) -> HttpResult {
    door.common.admission.admit_event(&request)?;
    let (head, body) = request.into_parts();
    let body = read_body(&head.headers, body, MAX_BODY_BYTES).await?;
    let body = std::str::from_utf8(&body).ok().and_then(object::<ClaimBody>);
    let body = body.ok_or(HttpRefusal::MissingPath)?;
    let path = UrlPath::parse(&body.url_path)?;
    let room = door.claim(&path).await?.ok_or(HttpRefusal::RoomNotFound)?;
    Ok(room_answer(&path, &room))
}

/// `PUT /createRoom`, and `POST` as the original has it: starts an SFU.
pub async fn create_room(State(door): State<Arc<ArbiterDoor>>, request: Request) -> HttpResult {
    let client = door.common.admission.admit_event(&request)?;
    let starter = door.starter.clone().ok_or(HttpRefusal::NotStarted)?;
    if !door.starts.admits(client) {
        return Err(HttpRefusal::TooMany);
    }
    let sfu = Uuid::new_v4().to_string().parse().expect("a UUID is a name");
    let order = StartOrder { sfu, url: door.sfu_url.clone() };
    // A task: the start continues if the client disconnects.
    let starting = door.runtime.tasks.spawn(async move { starter.start(order).await });
    match starting.await {
        Ok(Ok(())) => Ok(json(StatusCode::OK, &Started { message: "Task started successfully!" })),
        Ok(Err(error)) => {
            warn!(error = &error as &dyn std::error::Error, "no SFU was started");
            Err(HttpRefusal::NotStarted)
        }
        Err(_) => Err(HttpRefusal::NotStarted),
    }
}

/// `GET` of a WebSocket path: opens the WebSocket of a client or an SFU.
pub async fn connect(State(door): State<Arc<ArbiterDoor>>, request: Request) -> HttpResult {
    let client = door.common.admission.admit_session(&request)?;
    let is_proven = proves_sfu(&door, request.uri(), request.headers());
    let opened = upgrade(&door, request, LIMITS, async move |door, socket| {
        let sender = socket.sender();
        let connection = ArbiterConnection::new(door.clone(), sender.clone(), client, is_proven);
        let conversation = connection.serve(socket);
        tokio::pin!(conversation);
        tokio::select! {
            () = &mut conversation => {}
            () = door.runtime.stop.cancelled() => {
                sender.close(GOING_AWAY);
                conversation.await;
            }
        }
    });
    opened.map_err(|_| HttpRefusal::UpgradeRequired)
}

/// Every other path or method.
pub async fn not_found() -> HttpResult {
    Err(HttpRefusal::NotFound)
}

fn room_answer(path: &UrlPath, room: &ClaimedRoom) -> Response<Body> {
    let answer = RoomAnswer {
        room_id: &room.sfu,
        id: &room.sfu,
        url_path: path.as_str(),
        connection_id: &room.connection,
        connection_type: "sfu",
        connection_status: "CLAIMED",
    };
    json(StatusCode::OK, &answer)
}

/// Whether the request contains the secret of SFUs: as `?sfuSecret=`, or as a bearer token.
fn proves_sfu(door: &ArbiterDoor, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut parameters = uri.query().unwrap_or_default().split('&');
    let in_query = parameters.find_map(|parameter| parameter.strip_prefix("sfuSecret="));
    let in_query = in_query.and_then(|secret| percent_decode_str(secret).decode_utf8().ok());
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    [in_query.as_deref(), in_header].into_iter().flatten().any(|secret| door.sfu_secret.is(secret))
}

impl From<UrlPathError> for HttpRefusal {
    fn from(error: UrlPathError) -> Self {
        match error {
            UrlPathError::Missing => Self::MissingPath,
            UrlPathError::TooLong | UrlPathError::Forbidden => Self::BadPath,
        }
    }
}

impl From<BodyError> for HttpRefusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Incomplete => Self::MissingPath,
            BodyError::Encoded => Self::Encoded,
        }
    }
}

impl From<TooManyRequests> for HttpRefusal {
    fn from(TooManyRequests: TooManyRequests) -> Self {
        Self::TooMany
    }
}
