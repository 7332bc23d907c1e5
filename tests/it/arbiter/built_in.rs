//! The server's own SFU over a plane that is told what to do: what it says, what it is asked, and when it ends.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use serde_json::{Value, json};
use switchboard::{
    cluster::LocalCluster,
    core::{clock::SystemClock, hub::Hub, session::SessionSigner},
    listener,
    media::{
        CloseReason, DataChannel, DataRelay, EndpointId, Limit, MediaEvent, OpenError, Publication, Role,
        fake::{Asked, FakeMedia},
    },
    protocols::{
        admission::{Admission, Quotas},
        arbiter,
        door::{Common, Door},
        ice_servers::IceServers,
        ice_url::IceUrls,
        options::Secret,
        origin::AllowedOrigins,
    },
    store::SqliteStore,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::interval};
use tokio_util::sync::CancellationToken;

use super::stage::Arbiter;
use crate::support::{
    peer::Peer,
    wait::{PATIENCE, until},
};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    arbiter: arbiter::Options,
}

/// The door, which is open for as long as this lives.
struct Stage {
    media: Arc<FakeMedia>,
    address: String,
    door: Arc<dyn Door>,
    hub: Hub,
    _data: TempDir,
    _running: JoinSet<()>,
}

impl Stage {
    async fn open(settings: &[&str]) -> Self {
        let (data, media) = (tempfile::tempdir().unwrap(), FakeMedia::new());
        let common = common(&data, media.clone());
        let (hub, ticking) = (common.hub.clone(), common.hub.clone());
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (connections, stop) = (Arc::new(Semaphore::new(256)), CancellationToken::new());
        running.spawn(listener::serve(listener, door.clone().router(), connections, stop));
        Self { media, address, door, hub, _data: data, _running: running }
    }

    async fn create(&self) -> u16 {
        let url = format!("http://{}/createRoom", self.address);
        reqwest::Client::new().put(url).send().await.unwrap().status().as_u16()
    }

    /// The id of the path's room, if it can have one.
    async fn claim(&self, path: &str) -> Option<String> {
        let url = format!("http://{}/claimRoom", self.address);
        let body = json!({"urlPath": path}).to_string();
        let answer = reqwest::Client::new().patch(url).body(body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["roomId"].as_str().map(str::to_owned)
    }

    async fn room(&self) -> String {
        assert_eq!(self.create().await, 200);
        self.claim("/a").await.unwrap()
    }

    async fn client(&self, id: &str, room: &str) -> Arbiter {
        let mut client = Arbiter::new(Peer::connect(&self.address, "/arbiter").await);
        assert_eq!(client.identify_client(id, room).await, json!({"statusCode": 200}));
        client
    }

    /// Ann and Bob in a room of their own, who get each other: endpoints 1 and 2, then 3 (Ann gets Bob) and 4.
    async fn pair(&self) -> (String, [Arbiter; 2]) {
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
        until("all is agreed", PATIENCE, async || {
            (self.media.asked().last() == Some(&Asked::Accept(EndpointId(4)))).then_some(())
        })
        .await;
        (room, [ann, bob])
    }

    /// Waits until the plane has been asked `count` things, and returns them.
    async fn asked(&self, count: usize) -> Vec<Asked> {
        let mut asked = Vec::new();
        until("the plane is asked", PATIENCE, || {
            asked.extend(self.media.asked());
            std::future::ready((asked.len() >= count).then_some(()))
        })
        .await;
        asked
    }

    async fn until_endpoints(&self, numbers: &[u64]) {
        let wanted: Vec<_> = numbers.iter().copied().map(EndpointId).collect();
        until("the endpoints are these", PATIENCE, async || (self.media.endpoints() == wanted).then_some(()))
            .await;
    }
}

fn common(data: &TempDir, media: Arc<FakeMedia>) -> Common {
    let clock = Arc::new(SystemClock);
    let store = Arc::new(SqliteStore::open(&data.path().join("chats.db")).unwrap());
    let cluster = Arc::new(LocalCluster::new(clock.clone()));
    let (stun, turn) = (IceUrls::default(), IceUrls::default());
    let ice_servers = IceServers::new(&stun, &turn, None, Duration::from_hours(1), clock.clone()).unwrap();
    let Ok(admin_token) = "".parse::<Secret>();
    Common {
        hub: Hub::new(cluster, store.clone(), clock.clone(), SessionSigner::new(b"secret")),
        records: store,
        media,
        clock,
        admission: Arc::new(Admission::new(Quotas { sessions: 0, events: 0 }, Vec::new())),
        origins: AllowedOrigins::new(&[]),
        ice_servers: Arc::new(ice_servers),
        return_spread: Duration::ZERO,
        admin_token,
    }
}

/// An offer of one connection, which is known by its number. It would do as an answer, too.
fn offer(connection: u32) -> String {
    format!(
        "v=0\r\no=- {connection} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\n"
    )
}

fn sound_alone(connection: u32) -> String {
    offer(connection).split("m=video").next().unwrap().to_owned()
}

/// A message without the text of its description, of which only the beginning matters here.
fn without_sdp(mut told: Value) -> Value {
    assert!(told["description"]["sdp"].as_str().unwrap().starts_with("v=0"), "{told}");
    told["description"].as_object_mut().unwrap().remove("sdp");
    told
}

#[tokio::test]
async fn everybody_is_answered_and_offered_everybody_else() {
    let stage = Stage::open(&[]).await;
    let room = stage.room().await;
    let answer = |to: &str| json!({"type": "producer", "sender": room, "receiver": to, "description": {"type": "answer"}});
    let consumer = |to: &str, remote: &str| json!({"type": "consumer", "sender": room, "receiver": to, "remotePeerId": remote, "description": {"type": "offer"}});

    let mut ann = stage.client("ann", &room).await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(without_sdp(ann.told().await), answer("ann"));
    let channels =
        [("chat", 100), ("features", 110)].map(|(label, id)| DataChannel { label: label.into(), id });
    let publication = Publication { loopback: false, data: DataRelay::Room(channels.to_vec()) };
    assert_eq!(stage.media.asked(), [Asked::Answer(EndpointId(1), Role::Publish(publication))]);

    let mut bob = stage.client("bob", &room).await;
    bob.describe("producer", None, "offer", &offer(2)).await;
    assert_eq!(without_sdp(bob.told().await), answer("bob"));
    assert_eq!(without_sdp(bob.told().await), consumer("bob", "ann"));
    assert_eq!(without_sdp(ann.told().await), consumer("ann", "bob"));
    ann.describe("consumer", Some("bob"), "answer", &offer(9)).await;
    let candidate = json!({"remotePeerId": "bob", "candidate": {"candidate": "candidate:1", "sdpMid": "0"}});
    ann.tell_sfu("consumer", candidate).await;
    let asked = stage.asked(5).await;
    assert_eq!(
        asked[3..],
        [Asked::Accept(EndpointId(3)), Asked::Candidate(EndpointId(3), "candidate:1".into())]
    );

    // Whoever comes late gets everybody at once, before they send anything themselves.
    let mut cy = stage.client("cy", &room).await;
    cy.tell_sfu("producer", json!({})).await;
    assert_eq!(without_sdp(cy.told().await), consumer("cy", "ann"));
    assert_eq!(without_sdp(cy.told().await), consumer("cy", "bob"));
    stage.until_endpoints(&[1, 2, 3, 4, 5, 6]).await;

    ann.leave().await;
    for other in [&mut bob, &mut cy] {
        assert_eq!(other.told().await, json!({"type": "clientDisconnect", "clientId": "ann"}));
    }
    stage.until_endpoints(&[2, 6]).await;
}

#[tokio::test]
async fn a_further_offer_goes_on_with_its_own_connection_and_replaces_another() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, mut bob]) = stage.pair().await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    assert_eq!(stage.media.asked(), [Asked::Reoffer(EndpointId(1))]);
    ann.describe("producer", None, "offer", &offer(7)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    stage.until_endpoints(&[2, 3, 4, 5]).await;
    assert_eq!(bob.told_so_far().await, [Value::Null; 0], "gets it from there");

    // Whoever stops sending and begins again is seen again, without anything being agreed on anew.
    stage.media.tell(EndpointId(5), MediaEvent::Closed(CloseReason::Left));
    ann.describe("producer", None, "offer", &offer(8)).await;
    ann.told().await;
    stage.until_endpoints(&[2, 3, 4, 6]).await;
    assert_eq!(bob.told_so_far().await, [Value::Null; 0]);
}

#[tokio::test]
async fn who_sends_something_else_is_offered_anew_a_little_later() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, mut bob]) = stage.pair().await;
    ann.describe("producer", None, "offer", &sound_alone(1)).await;
    ann.told().await;
    assert_eq!(bob.told().await["remotePeerId"], "ann");
    stage.until_endpoints(&[1, 2, 3, 5]).await;
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let stage = Stage::open(&[]).await;
    let (room, [mut ann, _bob]) = stage.pair().await;
    let refusal = |handshake: &str, message: &str| json!({"type": "refusal", "sender": room, "receiver": "ann", "handshake": handshake, "message": message});
    ann.describe("producer", None, "offer", "hello").await;
    assert_eq!(ann.told().await, refusal("producer", "the description cannot be understood"));
    ann.describe("producer", None, "answer", &offer(1)).await;
    assert_eq!(ann.told().await, refusal("producer", "the description does not fit what was negotiated"));
    stage.media.refuse_next(OpenError::TooMany(Limit::EndpointsInRoom));
    ann.describe("producer", None, "offer", &offer(7)).await;
    assert_eq!(ann.told().await, refusal("producer", "too many connections in this room"));
    for (remote, message) in [
        ("bob", "the description does not fit what was negotiated"),
        ("nobody", "nothing is published by that participant"),
    ] {
        ann.describe("consumer", Some(remote), "answer", &offer(9)).await;
        let mut refusal = refusal("consumer", message);
        refusal["remotePeerId"] = remote.into();
        assert_eq!(ann.told().await, refusal);
    }
    // What makes no sense at all costs nothing, and nobody is the worse for it.
    for data in [json!({"description": 7}), json!({"candidate": []}), json!({"remotePeerId": {}})] {
        ann.tell_sfu("producer", data).await;
    }
    ann.tell_sfu("consumer", json!({})).await;
    ann.tell_sfu("anything", json!({})).await;
    ann.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(ann.told().await["description"]["type"], "answer");
    stage.until_endpoints(&[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn it_ends_with_its_room() {
    let stage = Stage::open(&["--arbiter-release-grace", "100ms", "--arbiter-max-started", "1"]).await;
    let (room, [ann, bob]) = stage.pair().await;
    ann.leave().await;
    stage.until_endpoints(&[2]).await;
    bob.leave().await;
    stage.until_endpoints(&[]).await;
    until("it has left", PATIENCE, async || (stage.hub.occupancy().participants == 0).then_some(())).await;
    assert_eq!(stage.claim("/b").await, None, "it serves nobody else");
    assert_ne!(stage.room().await, room, "there is a place for another");
}

#[tokio::test]
async fn one_that_nobody_claims_ends_and_there_are_only_so_many() {
    let stage = Stage::open(&["--arbiter-claim-timeout", "100ms", "--arbiter-max-started", "2"]).await;
    assert_eq!([stage.create().await, stage.create().await, stage.create().await], [200, 200, 500]);
    until("they have ended", PATIENCE, async || (stage.hub.occupancy().participants == 0).then_some(()))
        .await;
    assert_eq!(stage.create().await, 200);
}

#[tokio::test]
async fn an_sfu_from_elsewhere_works_beside_it() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, _bob]) = stage.pair().await;
    let mut sfu = Arbiter::new(Peer::connect(&stage.address, "/arbiter").await);
    assert_eq!(sfu.identify_sfu("sfu-1").await, json!({"statusCode": 200}));
    assert_eq!(stage.claim("/b").await.as_deref(), Some("sfu-1"));
    let mut cy = stage.client("cy", "sfu-1").await;
    cy.describe("producer", None, "offer", &offer(1)).await;
    assert_eq!(sfu.told().await["sender"], "cy");
    sfu.tell_client("cy", "producer", json!({"description": {}})).await;
    assert_eq!(cy.told().await["sender"], "sfu-1");
    sfu.leave().await;
    assert_eq!(cy.told().await, json!({"type": "sfuDisconnect"}));
    assert_eq!(ann.told_so_far().await, [Value::Null; 0]);
    stage.until_endpoints(&[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn when_the_server_stops_so_does_it() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, _bob]) = stage.pair().await;
    stage.hub.drain();
    stage.door.shut_down(PATIENCE).await;
    assert_eq!(stage.media.endpoints(), []);
    assert_eq!(stage.hub.occupancy().participants, 0);
    assert_eq!(stage.create().await, 500);
    assert_eq!(ann.hear_close().await.0, 1001);
}
