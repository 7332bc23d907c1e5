//! All sessions of this node, by id, by browser and by room.

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

/// All sessions of this node.
#[derive(Default)]
pub struct Sessions(Mutex<Register>);

/// A session is listed by id until it ends, and by room while it is in one.
#[derive(Default)]
struct Register {
    by_id: HashMap<SessionId, Arc<Session>>,
    of_browser: HashMap<BrowserId, Vec<Arc<Session>>>,
    in_room: HashMap<RoomId, Vec<Arc<Session>>>,
}

impl Sessions {
    /// Creates and lists a session.
    pub fn open(&self, browser: Option<BrowserId>) -> Arc<Session> {
        let session = Session::new(browser);
        let mut register = lock(&self.0);
        register.by_id.insert(session.id.clone(), session.clone());
        if let Some(browser) = &session.browser {
            register.of_browser.entry(browser.clone()).or_default().push(session.clone());
        }
        session
    }

    /// The session with the id.
    pub fn get(&self, id: &str) -> Option<Arc<Session>> {
        lock(&self.0).by_id.get(id).cloned()
    }

    /// Removes a session that is in no room.
    pub fn remove(&self, session: &Arc<Session>) {
        let mut register = lock(&self.0);
        register.by_id.remove(&session.id);
        if let Some(browser) = &session.browser {
            remove(&mut register.of_browser, browser, session);
        }
    }

    /// The session that a browser continues with request `number` on another WebSocket.
    ///
    /// Of the sessions that have lost their WebSocket, the one whose last number is nearest below.
    pub fn returning(&self, browser: &BrowserId, number: u64) -> Option<Arc<Session>> {
        let register = lock(&self.0);
        let sessions = register.of_browser.get(browser)?.iter();
        let known = sessions.filter_map(|session| Some((session.last_request()?, session)));
        let (_, nearest) = known.filter(|(last, _)| *last < number).max_by_key(|(last, _)| *last)?;
        nearest.is_detached().then(|| nearest.clone())
    }

    /// Lists a session in its room.
    pub fn enter(&self, room: &RoomId, session: &Arc<Session>) {
        lock(&self.0).in_room.entry(room.clone()).or_default().push(session.clone());
    }

    /// Removes a session from its room.
    pub fn exit(&self, room: &RoomId, session: &Arc<Session>) {
        remove(&mut lock(&self.0).in_room, room, session);
    }

    /// The sessions in a room, in the order of joining.
    pub fn in_room(&self, room: &RoomId) -> Vec<Arc<Session>> {
        lock(&self.0).in_room.get(room).cloned().unwrap_or_default()
    }

    /// The publishers in a room.
    pub fn publishers(&self, room: &RoomId) -> HashSet<ParticipantId> {
        let publisher = |session: Arc<Session>| {
            let publisher = session.with_membership(|membership| {
                membership.is_publishing().then(|| membership.seat.participant())
            });
            publisher.ok().flatten()
        };
        self.in_room(room).into_iter().filter_map(publisher).collect()
    }

    /// The rooms with participants, in no order.
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
    use crate::protocols::base_path::BasePath;

    #[test]
    fn a_browser_that_continues_its_numbering_gets_its_session() {
        let sessions = Sessions::default();
        let [browser, other] =
            [(); 2].map(|()| BrowserId::of(&HeaderMap::new(), false, &BasePath::default()).0);
        let (tab, second_tab) = (sessions.open(Some(browser.clone())), sessions.open(Some(browser.clone())));
        tab.count(40);
        second_tab.count(9);
        let found = |browser, number| sessions.returning(browser, number).map(|session| session.id.clone());
        assert_eq!(found(&browser, 42), Some(tab.id.clone()));
        assert_eq!(found(&browser, 10), Some(second_tab.id.clone()));
        assert_eq!(found(&browser, 40), Some(second_tab.id.clone()));
        assert_eq!(found(&browser, 0), None, "a page that begins to count is a new one");
        assert_eq!(found(&other, 42), None);
        sessions.remove(&tab);
        assert_eq!(found(&browser, 42), Some(second_tab.id.clone()));
    }
}
