//! A complete door in 62 lines of code, written by the steps of "How to add a door" in `ARCHITECTURE.md`.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use http::HeaderValue;
use switchboard::{
    core::ports::clock::SystemClock,
    media::Off,
    protocols::{
        admission::{Admission, Quotas},
        door::{Common, Door},
    },
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest};

use crate::support::{
    door::{common, serve},
    peer::Peer,
    wait::{TIMEOUT, until},
};

/// The relay door: two clients meet at `/relay/{room}`, and each text of one goes to the other. The first
/// text that a client gets is its session; `/relay/{room}?{session}` returns its seat.
mod relay {
    use switchboard::protocols::prelude::*;

    // `options.rs`
    #[derive(Debug, Clone, clap::Args)]
    pub struct Options {
        /// How long a participant whose connection was lost keeps the seat.
        #[arg(long, env, value_name = "TIME", default_value = "10s", value_parser = duration)]
        pub relay_lease: Duration,
    }

    // `mod.rs`
    pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
        let policy = RoomPolicy::new(2, options.relay_lease);
        Arc::new(RelayDoor { common: common.clone(), policy, runtime: DoorRuntime::new("relay") })
    }

    struct RelayDoor {
        common: Common,
        policy: RoomPolicy,
        runtime: DoorRuntime,
    }

    impl Door for RelayDoor {
        fn runtime(&self) -> &DoorRuntime {
            &self.runtime
        }

        // `routes.rs`
        fn router(self: Arc<Self>) -> Router {
            Router::new().route("/relay/{room}", routing::get(connect)).with_state(self)
        }
    }

    // `http.rs`: the path is the name of the room, and the query is the session of a client that returns.
    async fn connect(State(door): State<Arc<RelayDoor>>, request: Request) -> Result<Response, EmptyRefusal> {
        let client = door.common.admit_page(&request).map_err(|refusal| refusal.at("relay"))?;
        let room = RoomId::within("relay", request.uri().path()).map_err(|_| BAD_REQUEST)?;
        let session = request.uri().query().map(str::to_owned);
        let newcomer = JoinRequest::new(room, "guest".parse().unwrap(), door.policy);
        let guest = JoinRequest { session, protected: true, ..newcomer };
        let serve = move |door, socket| serve(door, client, guest, socket);
        upgrade(&door, request, SocketLimits::new(64 * 1024), serve).map_err(|NotAHandshake| BAD_REQUEST)
    }

    // `connection.rs`: takes a seat, sends signals, gives the seat up.
    async fn serve(door: Arc<RelayDoor>, client: ClientAddress, guest: JoinRequest, mut socket: Socket) {
        let Ok(joined) = door.common.hub.join(guest).await else { return socket.close(FULL).await };
        door.runtime.counters.joins.increment(1);
        let connection = Arc::new(RelayConnection(socket.sender()));
        let _ = connection.0.send(joined.session.as_str());
        let relay = async |message| match message {
            SocketMessage::Text(text) if door.common.admission.admits_event(client) => {
                let _ = door.common.hub.broadcast(&joined.seat, SignalKind::Other, text.into());
            }
            _ => connection.0.close(REFUSED),
        };
        let _ = socket.hold_seat(&door.common.hub, &joined.seat, &connection, relay).await;
    }

    // `delivery.rs`: events of the core as messages on the wire.
    struct RelayConnection(SocketSender);

    impl SocketConnection for RelayConnection {
        fn sender(&self) -> &SocketSender {
            &self.0
        }

        fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
            let Event::Signal(signal) = event else { return Ok(()) };
            self.0.send_payload(&signal.payload)
        }

        fn close(&self, _reason: CloseReason) {
            self.0.close(STOPPING);
        }
    }

    // `error.rs`
    const FULL: CloseStatus = CloseStatus { code: 4000, reason: "the room is full" };
    const REFUSED: CloseStatus = CloseStatus { code: 1008, reason: "no text, or too many" };
    const STOPPING: CloseStatus = CloseStatus { code: 1001, reason: "the server stops" };
    const BAD_REQUEST: EmptyRefusal = EmptyRefusal::new("relay", StatusCode::BAD_REQUEST, "bad_request");
}

/// Most lines of code of the door, comments and blank lines not counted.
const MAX_LINES: usize = 64;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    relay: relay::Options,
}

/// The door on a listener of its own.
struct Relay {
    common: Common,
    door: Arc<dyn Door>,
    address: String,
    _folder: TempDir,
    _listener: JoinSet<()>,
}

impl Relay {
    /// Each quota is for one client; 0 means no limit.
    async fn start(sessions: u32, events: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let admission = Arc::new(Admission::new(Quotas { sessions, events }, Arc::default()));
        let common = Common { admission, ..common(folder.path(), Arc::new(Off), Arc::new(SystemClock)) };
        let door = relay::open(&common, &Settings::parse_from(["test"]).relay);
        let mut listener = JoinSet::new();
        let address = serve(&mut listener, door.clone().router()).await;
        Self { common, door, address, _folder: folder, _listener: listener }
    }

    /// A client with a seat, and its session.
    async fn join(&self, path: &str) -> (Peer, String) {
        let mut peer = Peer::connect(&self.address, path).await;
        let session = peer.next_text().await;
        (peer, session)
    }

    async fn is_full(&self) -> bool {
        Peer::connect(&self.address, "/relay/7").await.hear_close().await == (4000, "the room is full".into())
    }

    /// The status that a request is refused with.
    async fn refusal(&self, origin: &'static str) -> u16 {
        let url = format!("ws://{}/relay/7", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", HeaderValue::from_static(origin));
        match Peer::request(request).await {
            Err(Error::Http(answer)) => answer.status().as_u16(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("the request is not refused"),
        }
    }
}

#[test]
fn a_new_door_has_few_lines() {
    let door = include_str!("new_door.rs").split("\nmod relay {\n").nth(1).unwrap();
    let door = door.split("\n}\n").next().unwrap();
    let code = door.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let lines = code.count();
    assert!(lines <= MAX_LINES, "the door has {lines} lines of code");
}

#[tokio::test]
async fn a_new_door_relays_signals_refuses_a_third_client_and_stops() {
    let relay = Relay::start(0, 0).await;
    let (mut ann, _) = relay.join("/relay/7").await;
    let (mut bob, _) = relay.join("/relay/7").await;
    bob.say("hello").await;
    assert_eq!(ann.next_text().await, "hello");
    ann.say("hi").await;
    assert_eq!(bob.next_text().await, "hi");
    assert!(relay.is_full().await);

    relay.common.hub.drain();
    assert_eq!(ann.hear_close().await, (1001, "the server stops".into()));
    assert_eq!(bob.hear_close().await, (1001, "the server stops".into()));
    relay.door.shut_down(Duration::from_secs(30)).await;
    assert!(relay.door.runtime().tasks.is_empty());
}

#[tokio::test]
async fn lost_connection_keeps_the_seat_of_a_new_door_and_a_close_frame_releases_it() {
    let relay = Relay::start(0, 0).await;
    let (ann, _) = relay.join("/relay/7").await;
    let (bob, session) = relay.join("/relay/7").await;
    drop(bob);
    let connected = || async { (relay.common.hub.occupancy().connected == 1).then_some(()) };
    until("the loss is noticed", TIMEOUT, connected).await;
    assert!(relay.is_full().await);
    ann.say("meanwhile").await;
    let (mut bob, _) = relay.join(&format!("/relay/7?{session}")).await;
    assert_eq!(bob.next_text().await, "meanwhile");

    bob.leave().await;
    relay.join("/relay/7").await;
}

#[tokio::test]
async fn new_door_refuses_foreign_pages_and_clients_beyond_their_quota() {
    let relay = Relay::start(1, 1).await;
    assert_eq!(relay.refusal("https://evil.example").await, 403);
    let (mut ann, _) = relay.join("/relay/7").await;
    let own = format!("http://{}", relay.address);
    assert_eq!(relay.refusal(own.leak()).await, 429);
    for _ in 0..100 {
        ann.say("one of too many").await;
    }
    assert_eq!(ann.hear_close().await, (1008, "no text, or too many".into()));
}
