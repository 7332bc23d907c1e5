//! The HTTP endpoints of the signals door, and the GET requests that do not join.
//!
//! Source: signals document, "Endpoints".

use std::sync::Arc;

use axum::{
    RequestExt,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header},
};

use super::{
    SignalsDoor, connection,
    error::HttpRefusal,
    messages::{MessageKind, PublishedSignal, ServerMessage},
    room_of,
};
use crate::{
    core::{delivery::outbox::RESET, model::event::SignalKind},
    protocols::{
        http::{empty, json, read_body, redirect},
        websocket::upgrade,
    },
};

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// `/call`: redirects to `/call/`, the parent of all calls.
pub async fn redirect_to_calls(State(door): State<Arc<SignalsDoor>>) -> HttpResult {
    Ok(redirect(StatusCode::MOVED_PERMANENTLY, &door.common.base_path.join("/call/")))
}

/// `/call/`: names no call.
pub async fn no_such_path() -> HttpResult {
    Err(HttpRefusal::NoSuchPath)
}

/// `OPTIONS` on every endpoint; the CORS headers are added to all responses.
pub async fn options() -> HttpResult {
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Every other method.
pub async fn method_not_allowed() -> HttpResult {
    Err(HttpRefusal::MethodNotAllowed)
}

/// `GET /call/{call}`: takes a seat, or returns the seat of `?session=`.
pub async fn join(State(door): State<Arc<SignalsDoor>>, mut request: Request) -> HttpResult {
    if is_no_join(request.headers()) {
        return Err(HttpRefusal::NotAJoin);
    }
    let path = request.extract_parts::<Path<String>>().await;
    let Path(call) = path.map_err(|_| HttpRefusal::BadCall)?;
    let call = call.strip_suffix('/').unwrap_or(&call);
    if call.is_empty() || call.contains('/') {
        return Err(HttpRefusal::NoSuchPath);
    }
    door.common.admission.admit_session(&request)?;
    let room = room_of(call).map_err(|_| HttpRefusal::BadCall)?;
    let session = session_in(request.uri()).map(str::to_owned);
    // A client that joins has no peer connection that earlier signals could belong to.
    let taken = door.common.hub.take_seat(door.join_request(room, session, Some(RESET))).await?;
    if taken.returned {
        // The peers' connections to this seat are dead: announce the seat as a new peer.
        door.common.hub.broadcast(&taken.seat, SignalKind::Other, bytes::Bytes::new())?;
    }
    door.runtime.counters.joins.increment(1);
    let session = Some(taken.session.as_str());
    Ok(json(StatusCode::OK, &ServerMessage { call, session, body: None, kind: MessageKind::Join }))
}

/// `GET /ws`: opens a WebSocket, whose first message must prove a seat.
pub async fn connect(State(door): State<Arc<SignalsDoor>>, request: Request) -> HttpResult {
    let client = door.common.admission.admit_session(&request)?;
    let deadline = connection::deadline(door.handshake_timeout);
    let serve = move |door, socket| connection::serve(door, client, deadline, socket);
    upgrade(&door, request, door.limits, serve).map_err(|_| HttpRefusal::NotAWebSocket)
}

/// `POST /signal`: sends a signal to everyone else in the call.
pub async fn publish(State(door): State<Arc<SignalsDoor>>, request: Request) -> HttpResult {
    door.common.admission.admit_event(&request)?;
    if !is_json(request.headers()) {
        return Err(HttpRefusal::BadSignal);
    }
    let (head, body) = request.into_parts();
    let bytes = read_body(&head.headers, body, door.max_request_bytes).await?;
    let publication = PublishedSignal::parse(&bytes, door.max_body_bytes)?;
    let room = room_of(&publication.call).map_err(|_| HttpRefusal::NotSeated)?;
    let body = bytes.slice_ref(publication.body.get().as_bytes());
    door.common.hub.signal_by_session(&room, &publication.session, publication.kind, body).await?;
    door.runtime.counters.signals.increment(1);
    Ok(Response::new(Body::empty()))
}

/// The session in the query, as it stands: its characters need no escaping.
fn session_in(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("session="))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// True for a GET whose sender will not use the seat, so that it must not take one.
///
/// Such a sender is a prefetching browser, an image or a script tag, which cannot read the session, or a
/// crawler that draws link previews.
fn is_no_join(headers: &HeaderMap) -> bool {
    let says = |name: &'static str, words: &[&str]| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let mut values = values.map(str::to_ascii_lowercase);
        values.any(|value| words.iter().any(|word| value.contains(word)))
    };
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| says(name, &["prefetch", "preview"]))
        || says("sec-fetch-mode", &["no-cors"])
        || headers.contains_key(header::RANGE)
        || headers.get(header::USER_AGENT).is_some_and(is_crawler)
}

/// Whether a user agent is a crawler.
///
/// One of its product names ends in `bot` or another known word, but not in `robot`.
fn is_crawler(user_agent: &HeaderValue) -> bool {
    let agent = user_agent.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut names = agent.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| !name.ends_with("robot"));
    names.any(|name| ["bot", "preview", "externalhit", "whatsapp"].iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn is_refused(name: &'static str, value: &'static str) -> bool {
        is_no_join(&HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
    }

    #[test]
    fn prefetches_and_crawlers_are_told_from_clients() {
        for (name, value) in [
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
            ("x-moz", "prefetch"),
            ("x-purpose", "preview"),
            ("sec-fetch-mode", "no-cors"),
            ("range", "bytes=0-32768"),
            ("user-agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
            ("user-agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
            ("user-agent", "WhatsApp/2.23.20.0 A"),
            ("user-agent", "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"),
            ("user-agent", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"),
            ("user-agent", "TelegramBot (like TwitterBot)"),
        ] {
            assert!(is_refused(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-mode", "navigate"),
            ("user-agent", "Go-http-client/1.1"),
            ("user-agent", "node"),
            ("user-agent", "ward-robot/1.0"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"),
        ] {
            assert!(!is_refused(name, value), "{name}: {value}");
        }
    }
}
