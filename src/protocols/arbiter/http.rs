//! The HTTP endpoints, and the door to the WebSocket. Source: arbiter document, "HTTP API Gateway".

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::{
    ArbiterDoor, LIMITS,
    claims::ClaimedRoom,
    connection::ArbiterConnection,
    delivery::GOING_AWAY,
    error::HttpRefusal,
    messages::object,
    start::Order,
    url_path::{UrlPath, UrlPathError},
};
use crate::protocols::{
    admission::Client,
    http::{BodyError, json, read_body},
    websocket::upgrade,
};

/// The largest body: a path, escaped, with room to spare.
const MAX_BODY_BYTES: usize = 16 * 1024;

type Answer = Result<Response<Body>, HttpRefusal>;

/// What both the document's clients (`roomId`) and the original's (`id`) read a room from.
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

/// `GET /getRoomId?urlPath=`
pub async fn get_room_id(State(door): State<Arc<ArbiterDoor>>, request: Request) -> Response<Body> {
    let answer = find(&door, door.admit(&request), request.uri().clone()).await;
    door.answered(answer)
}

async fn find(door: &ArbiterDoor, admitted: Result<Client, HttpRefusal>, uri: Uri) -> Answer {
    admitted?;
    let path = UrlPath::of_query(&uri)?;
    let room = door.claims.find(&path).await?.ok_or(HttpRefusal::RoomNotFound)?;
    Ok(room_answer(&path, &room))
}

/// `PATCH /claimRoom {"urlPath"}`
pub async fn claim_room(State(door): State<Arc<ArbiterDoor>>, request: Request) -> Response<Body> {
    let answer = claim(&door, door.admit(&request), request.into_body()).await;
    door.answered(answer)
}

async fn claim(door: &ArbiterDoor, admitted: Result<Client, HttpRefusal>, body: Body) -> Answer {
    admitted?;
    let body = read_body(body, MAX_BODY_BYTES).await?;
    let body = std::str::from_utf8(&body).ok().and_then(object::<ClaimBody>);
    let body = body.ok_or(HttpRefusal::MissingPath)?;
    let path = UrlPath::parse(&body.url_path)?;
    let room = door.claims.claim(&path).await?.ok_or(HttpRefusal::RoomNotFound)?;
    Ok(room_answer(&path, &room))
}

/// `PUT /createRoom`, and `POST` as the original has it
pub async fn create_room(State(door): State<Arc<ArbiterDoor>>, request: Request) -> Response<Body> {
    let answer = create(&door, door.admit(&request)).await;
    door.answered(answer)
}

async fn create(door: &ArbiterDoor, admitted: Result<Client, HttpRefusal>) -> Answer {
    let client = admitted?;
    let starter = door.starter.clone().ok_or(HttpRefusal::NotStarted)?;
    if door.starts.as_ref().is_some_and(|starts| starts.check_key(&client).is_err()) {
        return Err(HttpRefusal::TooMany);
    }
    let sfu = Uuid::new_v4().to_string().parse().expect("a UUID is a name");
    let order = Order { sfu, url: door.sfu_url.clone() };
    // Whoever asks may hang up; what was begun is seen through.
    let starting = door.tasks.spawn(async move { starter.start(order).await });
    match starting.await {
        Ok(Ok(())) => Ok(json(StatusCode::OK, &Started { message: "Task started successfully!" })),
        Ok(Err(error)) => {
            warn!(error = &error as &dyn std::error::Error, "no SFU was started");
            Err(HttpRefusal::NotStarted)
        }
        Err(_) => Err(HttpRefusal::NotStarted),
    }
}

/// A `GET` that asks for a WebSocket.
pub async fn open(State(door): State<Arc<ArbiterDoor>>, mut request: Request) -> Response<Body> {
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return door.answered(Err(HttpRefusal::TooMany));
    }
    let is_proven = proves_sfu(&door, request.uri(), request.headers());
    let serving = door.clone();
    let opened = upgrade(&mut request, LIMITS, &door.tasks, move |socket, incoming| async move {
        let connection = ArbiterConnection::new(serving.clone(), socket.clone(), client, is_proven);
        let conversation = connection.serve(incoming);
        tokio::pin!(conversation);
        tokio::select! {
            () = &mut conversation => {}
            () = serving.stop.cancelled() => {
                socket.close(GOING_AWAY, "the server stops");
                conversation.await;
            }
        }
    });
    opened.unwrap_or_else(|_| {
        let mut response = door.answered(Err(HttpRefusal::UpgradeRequired));
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response
    })
}

/// Whatever else is asked for.
pub async fn not_found(State(door): State<Arc<ArbiterDoor>>) -> Response<Body> {
    door.answered(Err(HttpRefusal::NotFound))
}

impl ArbiterDoor {
    /// Whom a request comes from, unless they have asked for too much.
    fn admit(&self, request: &Request) -> Result<Client, HttpRefusal> {
        let client = self.admission.client(request.headers(), request.extensions());
        if self.admission.admits_event(client) { Ok(client) } else { Err(HttpRefusal::TooMany) }
    }

    fn answered(&self, answer: Answer) -> Response<Body> {
        answer.unwrap_or_else(|refusal| {
            self.counters.refused(refusal.code());
            refusal.response()
        })
    }
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

/// Whether the request shows the SFUs' secret: `?sfuSecret=`, or as a bearer token.
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
        }
    }
}
