//! The HTTP endpoints of the direct door. Source: direct document, "Core API" and "Admin API".

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde::Deserialize;
use tracing::info;

use super::{
    DirectDoor, NAMESPACE, connection, cookies,
    error::{
        HttpRefusal, RegistrationAnswer, RegistrationRefusal, UNAUTHENTICATED, UNAVAILABLE, plain, text,
    },
    session::NameSession,
    username::{Username, UsernameError},
    users::{Registered, User},
};
use crate::{
    core::model::error::Unavailable,
    protocols::{
        administrator::{is_administrator, is_foreign_page},
        dialect::Dialect,
        http::{json, read_body},
        unavailable::log_unavailable,
        websocket::{CloseStatus, SocketLimits, is_handshake, upgrade, upgrade_required},
    },
};

/// The largest body of a registration, in bytes. A name has a few hundred at most.
const MAX_BODY_BYTES: usize = 4 * 1024;

/// The largest message a client may send, in bytes: several times the size of a session description (SDP).
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// A client has 5 s to answer a ping; a dead connection is noticed within 9 s.
const LIMITS: SocketLimits = SocketLimits {
    max_message_bytes: MAX_MESSAGE_BYTES,
    ping_interval: Duration::from_secs(4),
    max_silence: Duration::from_secs(9),
};

/// Source: Clear Site Data.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cookies\""));

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// `GET /healthcheck`: `200 success` while the process serves requests.
pub async fn healthcheck() -> HttpResult {
    Ok(plain(StatusCode::OK, "success"))
}

/// Any other method of a known path; the router adds `Allow`.
pub async fn method_not_allowed() -> HttpResult {
    Err(HttpRefusal::MethodNotAllowed)
}

/// `POST /v1/register`: registers a name for the first client that asks for it.
pub async fn register(
    State(door): State<Arc<DirectDoor>>,
    request: Request,
) -> Result<Response<Body>, RegistrationRefusal> {
    let client = door.common.admit_page(&request)?;
    let encrypted = door.common.admission.is_encrypted(request.headers(), request.extensions());
    let (head, body) = request.into_parts();
    let body = read_body(&head.headers, body, MAX_BODY_BYTES).await?;
    let username = username_in(&head.headers, &body)?;
    let session = match door.users.find(&username).await? {
        Some(user) => reclaim(&door, &head.headers, user).await?,
        None if door.names.admits(client) => take(&door, &head.headers, &username).await?,
        None => return Err(HttpRefusal::TooMany.into()),
    };
    let base = &door.common.base_path;
    let outcome = RegistrationAnswer { status: "SUCCESS", message: String::new() };
    let mut response = json(StatusCode::OK, &outcome);
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookies::keep_username(&username, base));
    let cookie = cookies::keep_session(&session, door.users.lifetime(), encrypted, base);
    headers.append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Returns the session of a registered name, if the request carries it.
async fn reclaim(door: &DirectDoor, headers: &HeaderMap, mut user: User) -> Result<NameSession, HttpRefusal> {
    let session = cookies::session(headers, &user.session_digest).ok_or(HttpRefusal::Taken)?;
    door.users.renew(&mut user).await?;
    Ok(session)
}

/// Registers a free name.
async fn take(
    door: &DirectDoor,
    headers: &HeaderMap,
    username: &Username,
) -> Result<NameSession, HttpRefusal> {
    match door.users.register(username).await? {
        Registered::Taken(user) => reclaim(door, headers, user).await,
        Registered::New(session) => {
            if let Err(error) = forget_former(door, headers, username).await {
                log_unavailable(NAMESPACE, &error);
            }
            Ok(session)
        }
    }
}

/// Frees the former name of the browser: its cookies hold one name at a time.
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

/// The user whose name and session are in the cookies, with the session.
async fn proven_user(
    door: &DirectDoor,
    headers: &HeaderMap,
) -> Result<Option<(User, NameSession)>, Unavailable> {
    let Some(username) = cookies::username(headers) else { return Ok(None) };
    let Some(user) = door.users.find(&username).await? else { return Ok(None) };
    let session = cookies::session(headers, &user.session_digest);
    Ok(session.map(|session| (user, session)))
}

/// Body of a registration in JSON. Unknown fields are ignored.
#[derive(Deserialize)]
struct RegisterRequest {
    #[serde(default)]
    username: Option<String>,
}

/// The name in the body: JSON or a form, according to `Content-Type`.
fn username_in(headers: &HeaderMap, body: &[u8]) -> Result<Username, HttpRefusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let username = if media_type.eq_ignore_ascii_case("application/json") {
        // serde reads a struct from an array too.
        let request = Some(body).filter(|body| !body.trim_ascii_start().starts_with(b"["));
        let request = request.and_then(|body| serde_json::from_slice::<Option<RegisterRequest>>(body).ok());
        request.ok_or(HttpRefusal::InvalidBody)?.and_then(|request| request.username)
    } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let mut fields = form_urlencoded::parse(body);
        fields.find(|(name, _)| name == "username").map(|(_, value)| value.into_owned())
    } else {
        return Err(HttpRefusal::InvalidBody);
    };
    Ok(username.ok_or(UsernameError::Empty)?.parse::<Username>()?)
}

/// `GET /v1/user`: whether the name in the cookie is registered. Proves nothing, as documented.
pub async fn user(State(door): State<Arc<DirectDoor>>, request: Request) -> HttpResult {
    door.common.admission.admit_event(&request)?;
    if let Some(username) = cookies::username(request.headers())
        && door.users.find(&username).await?.is_some()
    {
        return Ok(text(StatusCode::OK));
    }
    // Makes the browser delete its cookies.
    let mut response = text(match door.dialect {
        Dialect::Documented => StatusCode::NOT_FOUND,
        Dialect::Original => StatusCode::UNAUTHORIZED,
    });
    let headers = response.headers_mut();
    headers.extend([CLEAR_SITE_DATA]);
    for cookie in cookies::forget(&door.common.base_path) {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `GET /v1/connect`: the WebSocket of the user that the cookies prove. A client without proof is refused
/// over the WebSocket, where pages can read the reason.
pub async fn connect(State(door): State<Arc<DirectDoor>>, request: Request) -> HttpResult {
    if !is_handshake(&request) {
        return Ok(upgrade_required(text(StatusCode::UPGRADE_REQUIRED)));
    }
    let client = door.common.admit_page(&request)?;
    let proven = authenticate(&door, request.headers()).await;
    let encrypted = door.common.admission.is_encrypted(request.headers(), request.extensions());
    // The cookie lasts as long as the name, which was renewed just now.
    let lifetime = door.users.lifetime();
    let base = &door.common.base_path;
    let cookie = proven.as_ref().ok();
    let cookie = cookie.map(|(_, session)| cookies::keep_session(session, lifetime, encrypted, base));
    let user = proven.map(|(user, _)| user);
    let serve = move |door, socket| connection::serve(door, socket, user, client);
    let Ok(mut response) = upgrade(&door, request, LIMITS, serve) else {
        return Ok(upgrade_required(text(StatusCode::UPGRADE_REQUIRED)));
    };
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The proven user with its session, and its name renewed; or the status to close with.
async fn authenticate(door: &DirectDoor, headers: &HeaderMap) -> Result<(User, NameSession), CloseStatus> {
    match proven_user(door, headers).await {
        Ok(Some((mut user, session))) => {
            // A failure does not prevent the connection: names of connected users are renewed again later.
            if let Err(error) = door.users.renew(&mut user).await {
                log_unavailable(NAMESPACE, &error);
            }
            Ok((user, session))
        }
        Ok(None) => Err(UNAUTHENTICATED),
        Err(error) => {
            log_unavailable(NAMESPACE, &error);
            Err(UNAVAILABLE)
        }
    }
}

/// `GET` or `POST /v1/kick-active-users`: closes every connection on every node, and frees the seats of
/// disconnected users too. They may reconnect at once.
pub async fn kick(State(door): State<Arc<DirectDoor>>, request: Request) -> HttpResult {
    let (headers, extensions) = (request.headers(), request.extensions());
    let may_kick = !is_foreign_page(headers)
        && door.common.origins.allows(headers, extensions)
        && (door.open_kick || is_administrator(headers, extensions, &door.common.admin_token));
    if !may_kick {
        return Err(HttpRefusal::Forbidden);
    }
    door.common.hub.dismiss(NAMESPACE).await?;
    info!(door = NAMESPACE, "all connections were closed on request");
    Ok(text(StatusCode::OK))
}
