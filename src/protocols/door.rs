//! What a door is to the rest of the program: routes, and an end. And what it is given to work with.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::Router;

use super::{admission::Admission, ice_servers::IceServers, options::Secret, origin::AllowedOrigins};
use crate::{
    core::{
        hub::Hub,
        ports::{clock::Clock, record_store::RecordStore},
    },
    media::{MediaPlane, Owner},
};

/// One of the protocols that people come in by.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Its name, as metrics and start-up lines have it.
    fn name(&self) -> &'static str;

    /// Its routes, with its own CORS. No two doors have the same.
    fn router(self: Arc<Self>) -> Router;

    /// What operators may ask of it, on their own listener. None of it is anybody else's.
    fn ops_router(self: Arc<Self>) -> Router {
        Router::new()
    }

    /// Further addresses at which people come in, because clients of this door have them fixed in their code.
    /// Every door is served at every address.
    fn listen(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Further addresses at which operators look.
    fn ops_listen(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Whether media goes on of somebody who has no seat on this node, because they sit on another one.
    fn forwards_for(&self, _owner: &Owner) -> bool {
        false
    }

    /// What is done now and then, about every minute: forgetting what has expired.
    async fn tidy(&self) {}

    /// Closes all connections, so that clients come back elsewhere, and finishes what was begun for them. Clients
    /// that do not take their last words are left behind after `patience`. The hub has been drained before.
    async fn shut_down(&self, patience: Duration);
}

/// What all doors work with. Cheap to clone.
#[derive(Clone)]
pub struct Common {
    /// Rooms, and everybody in them.
    pub hub: Hub,
    /// What is kept besides chats.
    pub records: Arc<dyn RecordStore>,
    /// What forwards media, for doors whose participants send to the server.
    pub media: Arc<dyn MediaPlane>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How much one client may ask for.
    pub admission: Arc<Admission>,
    /// Whose pages may use the doors that have no rule of their own.
    pub origins: AllowedOrigins,
    /// What participants are told to find a path to each other with.
    pub ice_servers: Arc<IceServers>,
    /// Over how long the return of all clients is spread when the server stops.
    pub return_spread: Duration,
    /// Proves an administrator, at doors that have something for one.
    pub admin_token: Secret,
}
