//! The hub on a node without others: joins, returns, replacements, releases.

mod liveness;
mod protection;
mod seats;
mod signals;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use super::support::{ManualClock, MemoryStore, Recorder, Told, name, room_id, stored_form};
use crate::{
    cluster::LocalRegistry,
    core::{
        delivery::outbox::RESET,
        hub::{
            Hub,
            history::Published,
            join::{JoinRequest, Joined, RoomPolicy, Taken},
        },
        model::{
            error::{JoinError, SignalError, Unavailable},
            event::SignalKind,
            ids::RoomId,
            session_token::SessionSigner,
        },
    },
};

const LEASE: Duration = Duration::from_secs(30);
const UNPROTECTED_LEASE: Duration = Duration::from_secs(10);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct OneNode {
    hub: Hub,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    registry: Arc<LocalRegistry>,
    unique_names: bool,
}

impl OneNode {
    fn new() -> Self {
        let clock = ManualClock::new();
        let store = Arc::new(MemoryStore::default());
        let registry = Arc::new(LocalRegistry::new(clock.clone()));
        let hub = Hub::new(registry.clone(), store.clone(), clock.clone(), SessionSigner::new(b"secret"));
        Self { hub, clock, store, registry, unique_names: false }
    }

    async fn try_join(&self, who: &str, session: Option<&str>) -> Result<Joined, JoinError> {
        self.try_join_room(room_id("7"), who, session).await
    }

    async fn try_join_room(
        &self,
        room: RoomId,
        who: &str,
        session: Option<&str>,
    ) -> Result<Joined, JoinError> {
        let policy = RoomPolicy { unique_names: self.unique_names, ..RoomPolicy::new(2, LEASE) };
        let session = session.map(str::to_owned);
        let request = JoinRequest { session, ..JoinRequest::new(room, name(who), policy) };
        self.hub.join(request).await
    }

    async fn take_seat(&self, session: Option<&str>) -> Result<Taken, JoinError> {
        let (session, received) = (session.map(str::to_owned), Some(RESET));
        let request = JoinRequest::new(room_id("7"), name("Ann"), RoomPolicy::new(2, LEASE));
        let request = JoinRequest { session, received, ..request };
        self.hub.take_seat(request).await
    }

    async fn join(&self, who: &str, session: Option<&str>) -> (Joined, Arc<Recorder>) {
        let joined = self.try_join(who, session).await.unwrap();
        let connection = Recorder::new();
        self.hub.attach(&joined.seat, connection.clone()).unwrap();
        (joined, connection)
    }

    fn send(&self, from: &Joined, to: &Joined, payload: &'static str) -> Result<(), SignalError> {
        let payload = Bytes::from_static(payload.as_bytes());
        self.hub.signal(&from.seat, to.seat.participant(), SignalKind::Offer, payload)
    }

    async fn write(&self, from: &Joined, id: &str) -> Result<Published, Unavailable> {
        let message = self.hub.compose(&from.seat, id, "hi").unwrap();
        self.hub.publish(&from.seat, &message, stored_form(&message)).await
    }

    /// Joins as a client of the mesh door that can resume or cannot.
    async fn try_come(&self, who: &str, session: Option<&str>, protected: bool) -> Result<Joined, JoinError> {
        let policy = RoomPolicy {
            unprotected_lease: Some(UNPROTECTED_LEASE),
            away_per_address: 2,
            ..RoomPolicy::new(2, LEASE)
        };
        let session = session.map(str::to_owned);
        let address = Some(ADDRESS);
        let request = JoinRequest::new(room_id("7"), name(who), policy);
        self.hub.join(JoinRequest { session, protected, address, ..request }).await
    }

    async fn come(&self, who: &str, session: Option<&str>, protected: bool) -> (Joined, Arc<Recorder>) {
        let joined = self.try_come(who, session, protected).await.unwrap();
        let connection = Recorder::new();
        self.hub.attach(&joined.seat, connection.clone()).unwrap();
        (joined, connection)
    }

    async fn wait(&self, time: Duration) {
        self.clock.advance(time);
        self.hub.tick().await;
    }
}

fn payloads(connection: &Recorder) -> Vec<String> {
    let signals = connection.told().into_iter().filter_map(|told| match told {
        Told::Signal { payload, .. } => Some(String::from_utf8(payload).unwrap()),
        _ => None,
    });
    signals.collect()
}
