//! The door's requests over HTTP. Source: direct document, "Core API" and "Admin API".

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
};
use serde::Deserialize;

use super::{
    Dialect, DirectDoor, LIMITS,
    connection::{self, Visitor},
    cookies,
    error::{Outcome, Refusal, log, say, text},
    session::Session,
    username::{Username, UsernameError},
    users::{Registered, User},
};
use crate::{
    core::model::error::Unavailable,
    protocols::{
        http::{json, read_body},
        websocket,
    },
};

/// The largest body of a registration, in bytes: a name takes a few hundred at most.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// Source: Clear Site Data.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cookies\""));

/// `GET /healthcheck`: `200 success` for as long as the process serves at all.
pub async fn healthcheck() -> Response<Body> {
    say(StatusCode::OK, "success")
}

/// What is there, but not for this method; the router adds `Allow`.
pub async fn method_not_allowed() -> Response<Body> {
    text(StatusCode::METHOD_NOT_ALLOWED)
}

/// `POST /v1/register`: gives a name to whoever asks first.
pub async fn register(State(door): State<Arc<DirectDoor>>, request: Request) -> Response<Body> {
    register_name(&door, request).await.unwrap_or_else(|refusal| {
        door.counters.refused(refusal.status().1);
        refusal.as_outcome()
    })
}

async fn register_name(door: &DirectDoor, request: Request) -> Result<Response<Body>, Refusal> {
    if !door.origins.allows(request.headers()) {
        return Err(Refusal::OriginNotAllowed);
    }
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return Err(Refusal::TooMany);
    }
    let encrypted = door.admission.is_encrypted(request.headers(), request.extensions());
    let (head, body) = request.into_parts();
    let body = read_body(body, MAX_BODY_BYTES).await?;
    let username = username_in(&head.headers, &body)?;
    let session = match door.users.find(&username).await? {
        Some(user) => reclaim(door, &head.headers, user).await?,
        None if door.names.admits(client) => take(door, &head.headers, &username).await?,
        None => return Err(Refusal::TooMany),
    };
    let outcome = Outcome { status: "SUCCESS", message: String::new() };
    let mut response = json(StatusCode::OK, &outcome);
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookies::keep_username(&username));
    headers.append(header::SET_COOKIE, cookies::keep_session(&session, door.users.unused(), encrypted));
    Ok(response)
}

/// A name that somebody has: whoever asks, if their browser still holds its session.
async fn reclaim(door: &DirectDoor, headers: &HeaderMap, mut user: User) -> Result<Session, Refusal> {
    let session = cookies::session(headers, &user.session_digest).ok_or(Refusal::Taken)?;
    door.users.renew(&mut user).await?;
    Ok(session)
}

/// A name that is free.
async fn take(door: &DirectDoor, headers: &HeaderMap, username: &Username) -> Result<Session, Refusal> {
    match door.users.register(username).await? {
        Registered::Before(user) => reclaim(door, headers, user).await,
        Registered::Now(session) => {
            if let Err(error) = forget_former(door, headers, username).await {
                log(&error);
            }
            Ok(session)
        }
    }
}

/// A browser holds one session, and so has one name at a time: the one it had before is free again.
async fn forget_former(
    door: &DirectDoor,
    headers: &HeaderMap,
    username: &Username,
) -> Result<(), Unavailable> {
    match proven_user(door, headers).await? {
        Some((former, _)) if former.username != *username => door.users.forget(&former).await,
        _ => Ok(()),
    }
}

/// The user that the cookies name and prove, with the session that does.
async fn proven_user(door: &DirectDoor, headers: &HeaderMap) -> Result<Option<(User, Session)>, Unavailable> {
    let Some(username) = cookies::username(headers) else { return Ok(None) };
    let Some(user) = door.users.find(&username).await? else { return Ok(None) };
    let session = cookies::session(headers, &user.session_digest);
    Ok(session.map(|session| (user, session)))
}

/// Unknown fields are ignored.
#[derive(Deserialize)]
struct RegisterRequest {
    #[serde(default)]
    username: Option<String>,
}

/// The name in a body that is JSON or a form; no other is understood, nor one that does not say which it is.
fn username_in(headers: &HeaderMap, body: &[u8]) -> Result<Username, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let username = if media_type.eq_ignore_ascii_case("application/json") {
        // An array would do for a struct as well.
        let request = Some(body).filter(|body| !body.trim_ascii_start().starts_with(b"["));
        let request = request.and_then(|body| serde_json::from_slice::<Option<RegisterRequest>>(body).ok());
        request.ok_or(Refusal::InvalidBody)?.and_then(|request| request.username)
    } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let mut fields = form_urlencoded::parse(body);
        fields.find(|(name, _)| name == "username").map(|(_, value)| value.into_owned())
    } else {
        return Err(Refusal::InvalidBody);
    };
    Ok(username.ok_or(UsernameError::Empty)?.parse::<Username>()?)
}

/// `GET /v1/user`: whether the user that the cookie names is registered. Proves nothing, as documented.
pub async fn user(State(door): State<Arc<DirectDoor>>, request: Request) -> Response<Body> {
    let (head, _) = request.into_parts();
    match is_registered(&door, &head).await {
        Ok(true) => text(StatusCode::OK),
        Ok(false) => stranger(door.dialect),
        Err(refusal) => refuse(&door, refusal),
    }
}

async fn is_registered(door: &DirectDoor, head: &Parts) -> Result<bool, Refusal> {
    let client = door.admission.client(&head.headers, &head.extensions);
    if !door.admission.admits_event(client) {
        return Err(Refusal::TooMany);
    }
    let Some(username) = cookies::username(&head.headers) else { return Ok(false) };
    Ok(door.users.find(&username).await?.is_some())
}

/// Has the browser forget who it is.
fn stranger(dialect: Dialect) -> Response<Body> {
    let mut response = text(match dialect {
        Dialect::Documented => StatusCode::NOT_FOUND,
        Dialect::Original => StatusCode::UNAUTHORIZED,
    });
    let headers = response.headers_mut();
    headers.extend([CLEAR_SITE_DATA]);
    for cookie in cookies::forget() {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /v1/connect`: the WebSocket of the user that the cookies name and prove. Whoever is not let in is told so over
/// the WebSocket, where pages can read why.
pub async fn connect(State(door): State<Arc<DirectDoor>>, mut request: Request) -> Response<Body> {
    if !websocket::is_handshake(&request) {
        return upgrade_required();
    }
    if !door.origins.allows(request.headers()) {
        return refuse(&door, Refusal::OriginNotAllowed);
    }
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return refuse(&door, Refusal::TooMany);
    }
    let (visitor, session) = visitor(&door, request.headers()).await;
    let encrypted = door.admission.is_encrypted(request.headers(), request.extensions());
    let (serving, unused) = (door.clone(), door.users.unused());
    let serve = move |socket, incoming| connection::serve(serving, socket, incoming, visitor, client);
    let Ok(mut response) = websocket::upgrade(&mut request, LIMITS, &door.tasks, serve) else {
        return upgrade_required();
    };
    if let Some(session) = session {
        // Kept as long as the name is, which was renewed just now.
        response.headers_mut().append(header::SET_COOKIE, cookies::keep_session(&session, unused, encrypted));
    }
    response
}

async fn visitor(door: &DirectDoor, headers: &HeaderMap) -> (Visitor, Option<Session>) {
    match proven_user(door, headers).await {
        Ok(Some((mut user, session))) => {
            // Not worth turning anybody away for: it is tried again while they are connected.
            if let Err(error) = door.users.renew(&mut user).await {
                log(&error);
            }
            (Visitor::Known(user), Some(session))
        }
        Ok(None) => (Visitor::Unknown, None),
        Err(error) => {
            log(&error);
            (Visitor::Undecided, None)
        }
    }
}

fn refuse(door: &DirectDoor, refusal: Refusal) -> Response<Body> {
    door.counters.refused(refusal.status().1);
    refusal.as_text()
}

/// Source: RFC 9110, section 15.5.22; RFC 6455, section 4.2.2.
fn upgrade_required() -> Response<Body> {
    let mut response = text(StatusCode::UPGRADE_REQUIRED);
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// `GET` or `POST /v1/kick-active-users`: closes every connection, for whoever may.
pub async fn kick(State(door): State<Arc<DirectDoor>>, request: Request) -> Response<Body> {
    if !door.may_kick(request.headers(), request.extensions()) {
        door.counters.refused("FORBIDDEN");
        return text(StatusCode::FORBIDDEN);
    }
    match door.kick_all().await {
        Ok(()) => text(StatusCode::OK),
        Err(error) => refuse(&door, error.into()),
    }
}
