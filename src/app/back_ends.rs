//! Opens the back ends that the configuration names: stores, seat registry, media plane.

use std::sync::Arc;

use anyhow::{Context, bail};

#[cfg(feature = "media")]
use crate::media::forwarding::Forwarding;
use crate::{
    cluster::{LocalRegistry, RedisRegistry, RedisSettings},
    config::Config,
    core::{
        model::session_token::SessionSigner,
        ports::{
            chat_store::ChatStore, clock::Clock, record_store::RecordStore, seat_registry::SeatRegistry,
        },
    },
    data_folder::DataFolder,
    media::{self, MediaPlane},
    protocols::chat_json::rekey,
    seat_persistence::SeatPersistence,
    store::{MongoStore, SqliteStore},
};

/// One store behind both of its traits. Checking the chat store checks the record store too.
pub(super) struct Store {
    pub(super) chats: Arc<dyn ChatStore>,
    pub(super) records: Arc<dyn RecordStore>,
    /// The embedded store, in which a node without Redis saves its seats.
    embedded: Option<Arc<SqliteStore>>,
}

impl Store {
    fn new(store: Arc<impl ChatStore + RecordStore>, embedded: Option<Arc<SqliteStore>>) -> Self {
        Self { chats: store.clone(), records: store, embedded }
    }

    pub(super) async fn close(&self) {
        self.chats.close().await;
        if let Some(embedded) = &self.embedded {
            embedded.close().await;
        }
    }
}

pub(super) fn open_store(config: &Config, data: &DataFolder) -> anyhow::Result<Store> {
    let embedded = || SqliteStore::open(&data.embedded_file(), rekey).map(Arc::new);
    let Some(uri) = config.mongodb_uri.reveal() else {
        let store = embedded()?;
        return Ok(Store::new(store.clone(), Some(store)));
    };
    let store = Arc::new(MongoStore::connect(uri, rekey).context("MONGODB_URI")?);
    let has_own_seats = config.redis_url.reveal().is_none();
    Ok(Store::new(store, has_own_seats.then(embedded).transpose()?))
}

pub(super) fn session_secret(config: &Config, data: &DataFolder) -> anyhow::Result<Vec<u8>> {
    // Each node would make a secret of its own, and reject the session tokens of the others.
    if config.redis_url.reveal().is_some() && config.session_secret.reveal().is_none() {
        bail!("SESSION_SECRET is not set: all nodes that share a Redis (REDIS_URL) need the same");
    }
    data.session_secret(config.session_secret.reveal())
}

/// Opens the seat registry, and the task that saves its seats if they are this node's alone.
pub(super) async fn open_registry(
    config: &Config,
    sessions: &SessionSigner,
    clock: Arc<dyn Clock>,
    store: &Store,
) -> anyhow::Result<(Arc<dyn SeatRegistry>, Option<SeatPersistence>)> {
    let Some(url) = config.redis_url.reveal() else {
        let registry = Arc::new(LocalRegistry::new(clock));
        let Some(embedded) = &store.embedded else { return Ok((registry, None)) };
        let seats = SeatPersistence::start(registry.clone(), embedded.clone()).await.context("DATA_DIR")?;
        return Ok((registry, Some(seats)));
    };
    let settings = RedisSettings {
        url: url.to_owned(),
        prefix: config.redis_prefix.clone(),
        fingerprint: sessions.fingerprint(),
        clock,
        test_clock: None,
    };
    Ok((Arc::new(RedisRegistry::join(settings).await.context("REDIS_URL")?), None))
}

#[cfg(feature = "media")]
pub(super) fn open_media(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn MediaPlane>> {
    let Some(settings) = config.media.settings(&config.listen())? else { return Ok(Arc::new(media::Off)) };
    let forwarding = Forwarding::start(&settings, clock).context("MEDIA_LISTEN, MEDIA_PORT")?;
    Ok(Arc::new(forwarding))
}

/// Forwards nothing: forwarding is not built in.
#[cfg(not(feature = "media"))]
#[expect(clippy::unnecessary_wraps, reason = "opening can fail when forwarding is built in")]
pub(super) fn open_media(_config: &Config, _clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn MediaPlane>> {
    Ok(Arc::new(media::Off))
}
