//! The signals door's endpoints, their CORS headers, and what is no join.
//!
//! Source: signals document, "Endpoints".

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts},
};
use tokio::time::{Sleep, sleep};

use super::{
    SignalsDoor, connection,
    error::Refusal,
    messages::{Kind, Publication, ServerMessage},
    room_of,
};
use crate::{
    core::{
        delivery::outbox::RESET,
        hub::join::JoinRequest,
        model::{event::SignalKind, ids::RoomId},
    },
    protocols::{
        http::{json, read_body},
        websocket::upgrade,
    },
};

/// The methods of an endpoint, as its CORS headers name them.
#[derive(Clone, Copy)]
enum Allows {
    Get,
    Post,
}

impl Allows {
    fn methods(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Get => "GET, OPTIONS",
            Self::Post => "OPTIONS, POST",
        })
    }
}

/// `/call`: the calls are one level below.
pub async fn to_calls(State(door): State<Arc<SignalsDoor>>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/call/"));
    door.with_headers(response, Allows::Get)
}

/// `/call/`: names no call.
pub async fn no_call(State(door): State<Arc<SignalsDoor>>) -> Response<Body> {
    door.answer(Allows::Get, Err(Refusal::NoSuchPath))
}

/// `GET /call/{call}`: takes a seat, or with `?session=` the seat that one had.
pub async fn call(
    State(door): State<Arc<SignalsDoor>>,
    call: Result<Path<String>, PathRejection>,
    request: Parts,
) -> Response<Body> {
    let outcome = match request.method {
        Method::OPTIONS => Ok(no_content()),
        Method::GET => join(&door, call, &request).await,
        _ => Err(Refusal::MethodNotAllowed),
    };
    door.answer(Allows::Get, outcome)
}

/// `GET /ws`: opens a WebSocket, whose handshake is still to come.
pub async fn ws(State(door): State<Arc<SignalsDoor>>, request: Request) -> Response<Body> {
    let outcome = match *request.method() {
        Method::OPTIONS => Ok(no_content()),
        Method::GET => open(&door, request),
        _ => Err(Refusal::MethodNotAllowed),
    };
    door.answer(Allows::Get, outcome)
}

/// `POST /signal`: tells everybody else in the call.
pub async fn signal(State(door): State<Arc<SignalsDoor>>, request: Request) -> Response<Body> {
    let outcome = match *request.method() {
        Method::OPTIONS => Ok(no_content()),
        Method::POST => publish(&door, request).await,
        _ => Err(Refusal::MethodNotAllowed),
    };
    door.answer(Allows::Post, outcome)
}

async fn join(
    door: &SignalsDoor,
    call: Result<Path<String>, PathRejection>,
    request: &Parts,
) -> Result<Response<Body>, Refusal> {
    if is_no_join(&request.headers) {
        return Err(Refusal::NotAJoin);
    }
    let Path(call) = call.map_err(|_| Refusal::BadCall)?;
    let call = call.strip_suffix('/').unwrap_or(&call);
    if call.is_empty() || call.contains('/') {
        return Err(Refusal::NoSuchPath);
    }
    if !door.admission.admits_session(door.admission.client(&request.headers, &request.extensions)) {
        return Err(Refusal::TooManyRequests);
    }
    let room = room_of(call).map_err(|_| Refusal::BadCall)?;
    let session = session_in(&request.uri).map(str::to_owned);
    // Whoever joins has no peer connection any more that what was kept for them could be about.
    let taken = door.hub.take_seat(door.request(room, session, Some(RESET))).await?;
    if taken.returned {
        // The others' peer connection to this seat is dead: as if somebody new had come.
        door.hub.broadcast(&taken.seat, SignalKind::Other, bytes::Bytes::new())?;
    }
    door.counters.joins.increment(1);
    let session = Some(taken.session.as_str());
    Ok(json(StatusCode::OK, &ServerMessage { call, session, body: None, kind: Kind::Join }))
}

/// A session is made of characters that need no escaping in a query.
fn session_in(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("session="))
}

fn open(door: &Arc<SignalsDoor>, mut request: Request) -> Result<Response<Body>, Refusal> {
    let client = door.admission.client(request.headers(), request.extensions());
    if !door.admission.admits_session(client) {
        return Err(Refusal::TooManyRequests);
    }
    let (serving, deadline) = (door.clone(), deadline(door.handshake_timeout));
    upgrade(&mut request, door.limits, &door.tasks, move |socket, incoming| {
        connection::serve(serving, client, deadline, socket, incoming)
    })
    .map_err(|_| Refusal::NotAWebSocket)
}

/// Begins to run now; `None` for no time at all, which stands for no limit.
pub(super) fn deadline(time: Duration) -> Option<Pin<Box<Sleep>>> {
    (!time.is_zero()).then(|| Box::pin(sleep(time)))
}

async fn publish(door: &SignalsDoor, request: Request) -> Result<Response<Body>, Refusal> {
    if !door.admission.admits_event(door.admission.client(request.headers(), request.extensions())) {
        return Err(Refusal::TooManyRequests);
    }
    if !is_json(request.headers()) {
        return Err(Refusal::BadSignal);
    }
    let bytes = read_body(request.into_body(), door.max_request_bytes).await?;
    let publication = Publication::parse(&bytes, door.max_body_bytes)?;
    let room = room_of(&publication.call).map_err(|_| Refusal::NotSeated)?;
    let body = bytes.slice_ref(publication.body.get().as_bytes());
    door.hub.signal_by_session(&room, &publication.session, publication.kind, body).await?;
    door.counters.signals.increment(1);
    Ok(Response::new(Body::empty()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether a GET was sent by something that only looks, and would leave an empty seat behind: a browser that fetches
/// ahead of its user, an image or a script tag, which never gets to read the session, and whoever draws previews
/// of links.
fn is_no_join(headers: &HeaderMap) -> bool {
    let says = |name: &'static str, words: &[&str]| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let mut values = values.map(str::to_ascii_lowercase);
        values.any(|value| words.iter().any(|word| value.contains(word)))
    };
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| says(name, &["prefetch", "preview"]))
        || says("sec-fetch-mode", &["no-cors"])
        || headers.contains_key(header::RANGE)
        || headers.get(header::USER_AGENT).is_some_and(draws_previews)
}

/// Crawlers call themselves bots: a product whose name ends in it, or in one of a few other words. A robot is none.
fn draws_previews(user_agent: &HeaderValue) -> bool {
    let agent = user_agent.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut names = agent.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| !name.ends_with("robot"));
    names.any(|name| ["bot", "preview", "externalhit", "whatsapp"].iter().any(|end| name.ends_with(end)))
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

impl SignalsDoor {
    /// What is asked of the core by somebody of whom only their session is known.
    pub(super) fn request(
        &self,
        room: RoomId,
        session: Option<String>,
        received: Option<u64>,
    ) -> JoinRequest {
        JoinRequest { session, received, ..JoinRequest::new(room, self.nobody.clone(), self.policy) }
    }

    fn answer(&self, allows: Allows, outcome: Result<Response<Body>, Refusal>) -> Response<Body> {
        let mut response = outcome.unwrap_or_else(|refusal| {
            self.counters.refused(refusal.code());
            refusal.response()
        });
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, allows.methods());
        }
        self.with_headers(response, allows)
    }

    /// Adds what every answer has: the CORS headers, and that it must not be kept.
    fn with_headers(&self, mut response: Response<Body>, allows: Allows) -> Response<Body> {
        const NAMES: HeaderValue = HeaderValue::from_static("Cache-Control, Content-Type, User-Agent");
        let ours: [(HeaderName, HeaderValue); 6] = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone()),
            (header::ACCESS_CONTROL_ALLOW_METHODS, allows.methods()),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, NAMES),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, NAMES),
            (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("60")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        for (name, value) in ours {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(name: &'static str, value: &'static str) -> bool {
        is_no_join(&HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
    }

    #[test]
    fn whatever_only_looks_is_told_from_a_client() {
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
