//! All sessions of this node: by what they are known, from which browser, in which room.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex},
};

use super::{
    browser::BrowserId,
    session::{Session, SessionId},
};
use crate::core::model::{
    ids::{ParticipantId, RoomId},
    lock::lock,
};

/// The register of sessions.
#[derive(Default)]
pub struct Sessions(Mutex<Register>);

/// A session is under its id until it is over, and under its room while it sits there.
#[derive(Default)]
struct Register {
    by_id: HashMap<SessionId, Arc<Session>>,
    of_browser: HashMap<BrowserId, Vec<Arc<Session>>>,
    in_room: HashMap<RoomId, Vec<Arc<Session>>>,
}

impl Sessions {
    /// Begins a session.
    pub fn open(&self, browser: Option<BrowserId>) -> Arc<Session> {
        let session = Session::new(browser);
        let mut register = lock(&self.0);
        register.by_id.insert(session.id.clone(), session.clone());
        if let Some(browser) = &session.browser {
            register.of_browser.entry(browser.clone()).or_default().push(session.clone());
        }
        session
    }

    /// The session of that id.
    pub fn get(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.0).by_id.get(id).cloned()
    }

    /// Ends a session; it sits nowhere any more.
    pub fn close(&self, session: &Arc<Session>) {
        let mut register = lock(&self.0);
        register.by_id.remove(&session.id);
        if let Some(browser) = &session.browser {
            remove(&mut register.of_browser, browser, session);
        }
    }

    /// The session of a browser that goes on with the request of this `number` on another WebSocket: the one that has
    /// come nearest to it, if it is known to have lost its own.
    pub fn returning(&self, browser: &BrowserId, number: u64) -> Option<Arc<Session>> {
        let register = lock(&self.0);
        let sessions = register.of_browser.get(browser)?.iter();
        let known = sessions.filter_map(|session| Some((session.last_request()?, session)));
        let (_, nearest) = known.filter(|(last, _)| *last < number).max_by_key(|(last, _)| *last)?;
        nearest.is_lost().then(|| nearest.clone())
    }

    /// Lists a session in the room that it sits in.
    pub fn enter(&self, room: &RoomId, session: &Arc<Session>) {
        lock(&self.0).in_room.entry(room.clone()).or_default().push(session.clone());
    }

    /// The session does not sit in that room any more.
    pub fn exit(&self, room: &RoomId, session: &Arc<Session>) {
        remove(&mut lock(&self.0).in_room, room, session);
    }

    /// The sessions in a room, in the order in which they came.
    pub fn in_room(&self, room: &RoomId) -> Vec<Arc<Session>> {
        lock(&self.0).in_room.get(room).cloned().unwrap_or_default()
    }

    /// Who in a room publishes.
    pub fn publishers(&self, room: &RoomId) -> HashSet<ParticipantId> {
        let publisher = |session: Arc<Session>| {
            let publisher = session.with_place(|place| place.publication().map(|_| place.seat.participant()));
            publisher.ok().flatten()
        };
        self.in_room(room).into_iter().filter_map(publisher).collect()
    }

    /// The rooms in which somebody sits, in no order.
    pub fn rooms(&self) -> Vec<RoomId> {
        lock(&self.0).in_room.keys().cloned().collect()
    }
}

fn remove<K: Eq + Hash>(lists: &mut HashMap<K, Vec<Arc<Session>>>, key: &K, session: &Arc<Session>) {
    if let Some(list) = lists.get_mut(key) {
        list.retain(|listed| !Arc::ptr_eq(listed, session));
        if list.is_empty() {
            lists.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn a_browser_that_counts_on_gets_the_session_it_had() {
        let sessions = Sessions::default();
        let [browser, other] = [(); 2].map(|()| BrowserId::of(&HeaderMap::new(), false).0);
        let (tab, second_tab) = (sessions.open(Some(browser.clone())), sessions.open(Some(browser.clone())));
        tab.count(40);
        second_tab.count(9);
        let found = |browser, number| sessions.returning(browser, number).map(|session| session.id.clone());
        assert_eq!(found(&browser, 42), Some(tab.id.clone()));
        assert_eq!(found(&browser, 10), Some(second_tab.id.clone()));
        assert_eq!(found(&browser, 40), Some(second_tab.id.clone()));
        assert_eq!(found(&browser, 0), None, "a page that begins to count is a new one");
        assert_eq!(found(&other, 42), None);
        sessions.close(&tab);
        assert_eq!(found(&browser, 42), Some(second_tab.id.clone()));
    }
}
