//! The HTTP endpoints of the kurento door for operators: they list rooms, close one, evict a user, report
//! media errors.
//!
//! Source: kurento document, entries 1, 13 and 16; `/close` is the original demo's.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode, Uri},
};
use futures_util::future::join_all;
use tracing::info;

use super::{
    KurentoDoor, NAMESPACE,
    error::{FORBIDDEN, HttpRefusal},
    join::room_called,
    messages::Notification,
    session::Session,
};
use crate::{
    core::model::ids::{Name, RoomId},
    protocols::{
        administrator::{is_administrator, is_foreign_page},
        http::{empty, json},
    },
};

/// The longest text of a `mediaError` from an administrator, in bytes.
const MAX_ERROR_BYTES: usize = 1024;

type HttpResult = Result<Response<Body>, HttpRefusal>;

/// `GET /getAllRooms`: the names of all rooms on this node, in alphabetical order.
pub async fn get_all_rooms(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    door.check_administrator(&request)?;
    Ok(json(StatusCode::OK, &door.room_names()))
}

/// `/close?room=R`: tells all participants `roomClosed`, and removes them from the room.
pub async fn close_room(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    door.check_administrator(&request)?;
    let Some(room) = room_in(request.uri()) else { return Ok(empty(StatusCode::NOT_FOUND)) };
    let closed = door.close_room(&room).await;
    Ok(empty(if closed { StatusCode::OK } else { StatusCode::NOT_FOUND }))
}

/// `/evict?room=R&user=U`: tells the user `participantEvicted`, and the others `participantLeft`.
pub async fn evict(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    door.check_administrator(&request)?;
    let user = value_in(request.uri(), "user").and_then(|user| user.parse().ok());
    let Some((room, user)) = room_in(request.uri()).zip(user) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    let evicted = door.evict(&room, &user).await;
    Ok(empty(if evicted { StatusCode::OK } else { StatusCode::NOT_FOUND }))
}

/// `/mediaError?room=R&error=E`: tells all participants of the room the text.
pub async fn media_error(State(door): State<Arc<KurentoDoor>>, request: Request) -> HttpResult {
    door.check_administrator(&request)?;
    let sessions = room_in(request.uri()).map(|room| door.sessions.in_room(&room)).unwrap_or_default();
    let error = value_in(request.uri(), "error").filter(|error| (1..=MAX_ERROR_BYTES).contains(&error.len()));
    let Some(error) = error else { return Ok(empty(StatusCode::BAD_REQUEST)) };
    for session in &sessions {
        session.tell(&Notification::MediaError { error: &error });
    }
    Ok(empty(if sessions.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK }))
}

fn room_in(uri: &Uri) -> Option<RoomId> {
    room_called(&value_in(uri, "room")?).ok()
}

fn value_in<'a>(uri: &'a Uri, key: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find_map(|(name, value)| (name == key).then_some(value))
}

impl KurentoDoor {
    /// Checks that a request comes from an administrator, and not from a page of another site in its browser.
    pub(super) fn check_administrator(&self, request: &Request) -> Result<(), HttpRefusal> {
        let (headers, extensions) = (request.headers(), request.extensions());
        let is_allowed = !is_foreign_page(headers)
            && self.common.origins.allows(headers, extensions)
            && is_administrator(headers, extensions, &self.common.admin_token);
        if is_allowed { Ok(()) } else { Err(FORBIDDEN) }
    }

    /// The names of all rooms on this node, in alphabetical order.
    pub(super) fn room_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.sessions.rooms().iter().map(|room| room.local().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Removes all participants from a room. `false`: the room is empty.
    async fn close_room(&self, room: &RoomId) -> bool {
        let _closing = self.closing.begin(room);
        let sessions = self.sessions.in_room(room);
        let closed = Notification::RoomClosed { room: room.local() };
        // Every session loses its membership before the first seat is released, so that none is told that
        // another left.
        let places: Vec<_> = sessions
            .iter()
            .filter_map(|session| {
                let membership = session.take_membership_in(room)?;
                session.tell(&closed);
                Some((session, membership))
            })
            .collect();
        join_all(places.iter().map(|(session, membership)| self.leave_room(session, membership))).await;
        info!(door = NAMESPACE, count = places.len(), "a room was closed on request");
        !places.is_empty()
    }

    /// Removes a user from a room. `false`: no participant has the name.
    async fn evict(&self, room: &RoomId, user: &Name) -> bool {
        let is_named = |session: &Arc<Session>| {
            session.with_membership(|membership| membership.name == *user).unwrap_or(false)
        };
        let Some(session) = self.sessions.in_room(room).into_iter().find(is_named) else { return false };
        let Some(membership) = session.take_membership_in(room) else { return false };
        self.leave_room(&session, &membership).await;
        session.tell(&Notification::ParticipantEvicted {});
        info!(door = NAMESPACE, "a participant was evicted on request");
        true
    }
}
