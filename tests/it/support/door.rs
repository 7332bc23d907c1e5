//! The services of a door, and a listener for it, without the rest of the program.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use switchboard::{
    cluster::LocalRegistry,
    core::{hub::Hub, model::session_token::SessionSigner, ports::clock::Clock},
    listener,
    media::MediaPlane,
    protocols::{
        admission::{Admission, Quotas},
        base_path::BasePath,
        chat_json::rekey,
        door::Common,
        ice_servers::IceServers,
        ice_url::IceUrls,
        options::Secret,
        origin::AllowedOrigins,
    },
    store::SqliteStore,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The services of a door on one node, without limits, with its store in `folder`.
pub fn common(folder: &Path, media: Arc<dyn MediaPlane>, clock: Arc<dyn Clock>) -> Common {
    let store = Arc::new(SqliteStore::open(&folder.join("chats.db"), rekey).unwrap());
    let registry = Arc::new(LocalRegistry::new(clock.clone()));
    let (stun, turn) = (IceUrls::default(), IceUrls::default());
    let ice_servers = IceServers::new(&stun, &turn, None, Duration::from_hours(1), clock.clone()).unwrap();
    let Ok(admin_token) = "".parse::<Secret>();
    Common {
        hub: Hub::new(registry, store.clone(), clock.clone(), SessionSigner::new(b"secret")),
        records: store,
        node: "node".into(),
        media,
        clock,
        admission: Arc::new(Admission::new(Quotas { sessions: 0, events: 0 }, Arc::default())),
        origins: AllowedOrigins::new(&[], Arc::default()),
        base_path: BasePath::default(),
        ice_servers: Arc::new(ice_servers),
        return_spread: Duration::ZERO,
        admin_token,
    }
}

/// Serves `router` on a free port in a task of `running`. Returns the address.
pub async fn serve(running: &mut JoinSet<()>, router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    running.spawn(listener::serve(listener, router, Arc::new(Semaphore::new(256)), CancellationToken::new()));
    address
}
