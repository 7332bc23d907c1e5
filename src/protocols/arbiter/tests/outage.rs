//! An outage of the record store: calls continue, rooms cannot be claimed, and both recover by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, net::TcpStream, sync::Semaphore, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::LocalRegistry,
    core::{
        hub::Hub,
        model::{error::Unavailable, session_token::SessionSigner},
        ports::{
            clock::SystemClock,
            record_store::{Created, Record, RecordKey, RecordStore},
        },
        tests::memory_records::MemoryRecords,
    },
    listener,
    media::Off,
    protocols::{
        admission::{Admission, Quotas},
        arbiter,
        base_path::BasePath,
        door::Common,
        ice_servers::IceServers,
        ice_url::IceUrls,
        options::Secret,
        origin::AllowedOrigins,
    },
    store::SqliteStore,
};

const DEADLINE: Duration = Duration::from_secs(30);

/// Records that can be made unavailable.
#[derive(Default)]
struct Flaky {
    records: MemoryRecords,
    is_away: AtomicBool,
}

impl Flaky {
    fn check(&self) -> Result<(), Unavailable> {
        if self.is_away.load(Ordering::Relaxed) { Err(Unavailable::new("records", "away")) } else { Ok(()) }
    }
}

#[async_trait]
impl RecordStore for Flaky {
    async fn create(&self, key: &RecordKey, record: Record, now: SystemTime) -> Result<Created, Unavailable> {
        self.check()?;
        self.records.create(key, record, now).await
    }

    async fn get(&self, key: &RecordKey, now: SystemTime) -> Result<Option<Record>, Unavailable> {
        self.check()?;
        self.records.get(key, now).await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        expected: &str,
        record: Record,
        now: SystemTime,
    ) -> Result<bool, Unavailable> {
        self.check()?;
        self.records.replace(key, expected, record, now).await
    }

    async fn remove(&self, key: &RecordKey, expected: &str) -> Result<bool, Unavailable> {
        self.check()?;
        self.records.remove(key, expected).await
    }

    async fn list(
        &self,
        namespace: &'static str,
        limit: usize,
        now: SystemTime,
    ) -> Result<Vec<(RecordKey, Record)>, Unavailable> {
        self.check()?;
        self.records.list(namespace, limit, now).await
    }

    async fn forget_expired(&self, now: SystemTime) -> Result<(), Unavailable> {
        self.check()?;
        self.records.forget_expired(now).await
    }
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    arbiter: arbiter::Options,
}

/// Serves the door, and returns its address.
async fn serve(records: Arc<Flaky>, folder: &std::path::Path) -> String {
    let clock = Arc::new(SystemClock);
    let store =
        Arc::new(SqliteStore::open(&folder.join("chats.db"), crate::protocols::chat_json::rekey).unwrap());
    let registry = Arc::new(LocalRegistry::new(clock.clone()));
    let Ok(admin_token) = "".parse::<Secret>();
    let ice_servers = IceServers::new(
        &IceUrls::default(),
        &IceUrls::default(),
        None,
        Duration::from_hours(1),
        clock.clone(),
    )
    .unwrap();
    let common = Common {
        base_path: BasePath::default(),
        hub: Hub::new(registry, store, clock.clone(), SessionSigner::new(b"secret")),
        records,
        node: "node".into(),
        media: Arc::new(Off),
        clock,
        admission: Arc::new(Admission::new(Quotas { sessions: 0, events: 0 }, Arc::default())),
        origins: AllowedOrigins::new(&[], Arc::default()),
        ice_servers: Arc::new(ice_servers),
        return_spread: Duration::ZERO,
        admin_token,
    };
    let router = arbiter::open(&common, &Settings::parse_from(["test"]).arbiter).router();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(listener::serve(listener, router, Arc::new(Semaphore::new(64)), CancellationToken::new()));
    address
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn tell(socket: &mut Socket, action: &str, data: Value) {
    let message = json!({"action": action, "data": data}).to_string();
    socket.send(Message::text(message)).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Value {
    loop {
        let message = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

async fn claim(address: &str) -> (StatusCode, Value) {
    let request = reqwest::Client::new().request(Method::PATCH, format!("http://{address}/claimRoom"));
    let response = request.body(r#"{"urlPath":"/a"}"#).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn calls_continue_while_the_store_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let records = Arc::new(Flaky::default());
    records.is_away.store(true, Ordering::Relaxed);
    let address = serve(records.clone(), folder.path()).await;
    let broken = (StatusCode::INTERNAL_SERVER_ERROR, json!({"message": "Something broke on the server"}));
    assert_eq!(claim(&address).await, broken);

    let (mut sfu, _) = connect_async(format!("ws://{address}/arbiter")).await.unwrap();
    tell(&mut sfu, "identify", json!({"id": "sfu-1", "type": "sfu"})).await;
    assert_eq!(hear(&mut sfu).await, json!({"statusCode": 200}));
    let (mut ann, _) = connect_async(format!("ws://{address}/arbiter")).await.unwrap();
    tell(&mut ann, "identify", json!({"id": "ann", "roomId": "sfu-1", "type": "client"})).await;
    assert_eq!(hear(&mut ann).await, json!({"statusCode": 200}));
    tell(&mut ann, "handshake", json!({"type": "producer", "sender": "ann", "roomId": "sfu-1"})).await;
    assert_eq!(hear(&mut sfu).await["sender"], "ann");
    assert_eq!(claim(&address).await, broken);
    ann.close(None).await.unwrap();
    assert_eq!(hear(&mut sfu).await["clientId"], "ann");

    // No action is needed: the SFU is registered when the store answers again.
    records.is_away.store(false, Ordering::Relaxed);
    let known = async {
        while claim(&address).await.0 != StatusCode::OK {
            // Reading answers the server's pings.
            let _ = timeout(Duration::from_millis(50), sfu.next()).await;
        }
    };
    timeout(DEADLINE, known).await.expect("the SFU can be claimed again");
}
