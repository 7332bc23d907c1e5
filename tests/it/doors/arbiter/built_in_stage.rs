//! A door on a real port over a fake media plane, with the built-in SFU.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use serde_json::{Value, json};
use switchboard::{
    core::{
        hub::Hub,
        ports::{clock::SystemClock, record_store::RecordStore},
    },
    media::{
        EndpointId,
        fake::{Asked, FakeMedia},
    },
    protocols::{arbiter, door::Door},
};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::interval};

use super::stage::Arbiter;
use crate::support::{
    door::{common, serve},
    peer::Peer,
    wait::{TIMEOUT, until},
};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    arbiter: arbiter::Options,
}

/// The door, open until this value is dropped.
pub struct Stage {
    pub media: Arc<FakeMedia>,
    address: String,
    pub door: Arc<dyn Door>,
    pub hub: Hub,
    pub records: Arc<dyn RecordStore>,
    _data: TempDir,
    _running: JoinSet<()>,
}

impl Stage {
    pub async fn open(settings: &[&str]) -> Self {
        let (data, media) = (tempfile::tempdir().unwrap(), FakeMedia::new());
        let common = common(data.path(), media.clone(), Arc::new(SystemClock));
        let (hub, ticking) = (common.hub.clone(), common.hub.clone());
        let records = common.records.clone();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut ticks = interval(Duration::from_millis(100));
            loop {
                ticks.tick().await;
                ticking.tick().await;
            }
        });
        let settings = Settings::parse_from(std::iter::once(&"test").chain(settings));
        let door = arbiter::open(&common, &settings.arbiter);
        let address = serve(&mut running, door.clone().router()).await;
        Self { media, address, door, hub, records, _data: data, _running: running }
    }

    pub async fn create(&self) -> u16 {
        let url = format!("http://{}/createRoom", self.address);
        reqwest::Client::new().put(url).send().await.unwrap().status().as_u16()
    }

    /// The id of the path's room, if there is one.
    pub async fn claim(&self, path: &str) -> Option<String> {
        let url = format!("http://{}/claimRoom", self.address);
        let body = json!({"urlPath": path}).to_string();
        let answer = reqwest::Client::new().patch(url).body(body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["roomId"].as_str().map(str::to_owned)
    }

    /// Waits until the path gets a room, and returns the id.
    pub async fn until_claimed(&self, path: &str) -> String {
        until("the path has a room", TIMEOUT, || self.claim(path)).await
    }

    /// Waits until the path has no room.
    pub async fn until_released(&self, path: &str) {
        let url = format!("http://{}/getRoomId?urlPath={path}", self.address);
        let is_free = async || (reqwest::get(&url).await.unwrap().status() == 404).then_some(());
        until("the path is free", TIMEOUT, is_free).await;
    }

    pub async fn room(&self) -> String {
        self.room_of("/a").await
    }

    pub async fn room_of(&self, path: &str) -> String {
        assert_eq!(self.create().await, 200);
        self.claim(path).await.unwrap()
    }

    /// A connection that has not sent its identity.
    pub async fn connect(&self) -> Arbiter {
        Arbiter::new(Peer::connect(&self.address, "/arbiter").await)
    }

    pub async fn client(&self, id: &str, room: &str) -> Arbiter {
        let mut client = self.connect().await;
        assert_eq!(client.identify_client(id, room).await, json!({"statusCode": 200}));
        client
    }

    /// Ann and Bob in a room of their own, subscribed to each other: endpoints 1 and 2 publish, 3 (Ann's) and
    /// 4 subscribe.
    pub async fn pair(&self) -> (String, [Arbiter; 2]) {
        let room = self.room().await;
        let mut ann = self.client("ann", &room).await;
        let mut bob = self.client("bob", &room).await;
        ann.describe("producer", None, "offer", &offer(1)).await;
        ann.told().await;
        bob.describe("producer", None, "offer", &offer(2)).await;
        bob.told().await;
        for (client, remote) in [(&mut ann, "bob"), (&mut bob, "ann")] {
            assert_eq!(client.told().await["remotePeerId"], remote);
            client.describe("consumer", Some(remote), "answer", &offer(9)).await;
        }
        until("all is agreed", TIMEOUT, async || {
            (self.media.asked().last() == Some(&Asked::Accept(EndpointId(4)))).then_some(())
        })
        .await;
        (room, [ann, bob])
    }

    /// Waits until the plane has received `count` requests, and returns them.
    pub async fn asked(&self, count: usize) -> Vec<Asked> {
        let mut asked = Vec::new();
        until("the plane is asked", TIMEOUT, || {
            asked.extend(self.media.asked());
            std::future::ready((asked.len() >= count).then_some(()))
        })
        .await;
        asked
    }

    pub async fn until_endpoints(&self, numbers: &[u64]) {
        let wanted: Vec<_> = numbers.iter().copied().map(EndpointId).collect();
        until("the endpoints are these", TIMEOUT, async || (self.media.endpoints() == wanted).then_some(()))
            .await;
    }
}

/// An offer of the connection with this number; it is valid as an answer too.
pub fn offer(connection: u32) -> String {
    format!(
        "v=0\r\no=- {connection} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\n"
    )
}
