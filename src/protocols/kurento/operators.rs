//! What an administrator may do to rooms, on the listener for operators: list them, close one, have somebody leave, tell
//! of trouble with media.
//!
//! Source: kurento document, entries 1, 13 and 16; `/close` is the original demo's.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode, Uri},
    routing,
};
use futures_util::future::join_all;
use tracing::info;

use super::{KurentoDoor, join::room_called, messages::Notification, session::Session};
use crate::{
    core::model::ids::{Name, RoomId},
    protocols::{
        administrator::{is_administrator, is_foreign_page},
        http::json,
    },
};

/// The most bytes of text in a `mediaError` that an administrator has sent.
const MAX_ERROR_BYTES: usize = 1024;

/// The routes.
pub fn router(door: Arc<KurentoDoor>) -> Router {
    Router::new()
        .route("/getAllRooms", routing::get(get_all_rooms))
        .route("/close", routing::get(close).post(close))
        .route("/evict", routing::get(evict).post(evict))
        .route("/mediaError", routing::get(media_error).post(media_error))
        .with_state(door)
}

/// `GET /getAllRooms`: the names of all rooms on this node, in alphabetical order.
async fn get_all_rooms(State(door): State<Arc<KurentoDoor>>, request: Request) -> Response<Body> {
    if !door.may_administer(&request) {
        return empty(StatusCode::FORBIDDEN);
    }
    json(StatusCode::OK, &door.room_names())
}

/// `/close?room=R`: everybody is told `roomClosed`, and sits there no more.
async fn close(State(door): State<Arc<KurentoDoor>>, request: Request) -> Response<Body> {
    if !door.may_administer(&request) {
        return empty(StatusCode::FORBIDDEN);
    }
    let Some(room) = room_in(request.uri()) else { return empty(StatusCode::NOT_FOUND) };
    let closed = door.close_room(&room).await;
    empty(if closed { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

/// `/evict?room=R&user=U`: the others are told `participantLeft`, the user `participantEvicted`.
async fn evict(State(door): State<Arc<KurentoDoor>>, request: Request) -> Response<Body> {
    if !door.may_administer(&request) {
        return empty(StatusCode::FORBIDDEN);
    }
    let found =
        room_in(request.uri()).zip(value_in(request.uri(), "user").and_then(|user| user.parse().ok()));
    let Some((room, user)) = found else { return empty(StatusCode::NOT_FOUND) };
    let evicted = door.evict(&room, &user).await;
    empty(if evicted { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

/// `/mediaError?room=R&error=E`: everybody there is told that text.
async fn media_error(State(door): State<Arc<KurentoDoor>>, request: Request) -> Response<Body> {
    if !door.may_administer(&request) {
        return empty(StatusCode::FORBIDDEN);
    }
    let sessions = room_in(request.uri()).map(|room| door.sessions.in_room(&room)).unwrap_or_default();
    let error = value_in(request.uri(), "error").filter(|error| (1..=MAX_ERROR_BYTES).contains(&error.len()));
    let Some(error) = error else { return empty(StatusCode::BAD_REQUEST) };
    for session in &sessions {
        session.tell(&Notification::MediaError { error: &error });
    }
    empty(if sessions.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK })
}

fn room_in(uri: &Uri) -> Option<RoomId> {
    room_called(&value_in(uri, "room")?).ok()
}

fn value_in<'a>(uri: &'a Uri, key: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find_map(|(name, value)| (name == key).then_some(value))
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl KurentoDoor {
    /// Whether whoever asks is an administrator, and not the page of another site in an administrator's name.
    pub(super) fn may_administer(&self, request: &Request) -> bool {
        let (headers, extensions) = (request.headers(), request.extensions());
        let may = !is_foreign_page(headers)
            && self.origins.allows(headers)
            && is_administrator(headers, extensions, &self.admin_token);
        if !may {
            self.counters.refused("forbidden");
        }
        may
    }

    /// The names of all rooms on this node, in alphabetical order.
    pub(super) fn room_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.sessions.rooms().iter().map(|room| room.local().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Has nobody sit in a room any more. `false`: nobody did.
    async fn close_room(&self, room: &RoomId) -> bool {
        let _closing = self.closing.begin(room);
        let sessions = self.sessions.in_room(room);
        let closed = Notification::RoomClosed { room: room.local() };
        // All stand up before anybody leaves, so that nobody hears of the others' leaving.
        let places: Vec<_> = sessions
            .iter()
            .filter_map(|session| {
                let place = session.stand_up_from(room)?;
                session.tell(&closed);
                Some((session, place))
            })
            .collect();
        join_all(places.iter().map(|(session, place)| self.give_up(session, place))).await;
        info!(door = super::NAMESPACE, count = places.len(), "a room was closed on request");
        !places.is_empty()
    }

    /// Has a user sit in a room no more. `false`: nobody of that name does.
    async fn evict(&self, room: &RoomId, user: &Name) -> bool {
        let is_named =
            |session: &Arc<Session>| session.with_place(|place| place.name == *user).unwrap_or(false);
        let Some(session) = self.sessions.in_room(room).into_iter().find(is_named) else { return false };
        let Some(place) = session.stand_up_from(room) else { return false };
        self.give_up(&session, &place).await;
        session.tell(&Notification::ParticipantEvicted {});
        info!(door = super::NAMESPACE, "a participant was evicted on request");
        true
    }
}
