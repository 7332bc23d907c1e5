//! A complete door in few lines, written by the steps of "How to add a door" in `ARCHITECTURE.md`.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use switchboard::{core::ports::clock::SystemClock, media::Off};
use tokio::task::JoinSet;

use crate::support::{
    door::{common, serve},
    peer::Peer,
};

/// The relay door: two clients meet at `/relay/{room}`, and each text of one goes to the other.
mod relay {
    use http::StatusCode;
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
        Arc::new(RelayDoor { hub: common.hub.clone(), policy, runtime: DoorRuntime::new("relay") })
    }

    struct RelayDoor {
        hub: Hub,
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

    // `error.rs`
    const FULL: CloseStatus = CloseStatus { code: 4000, reason: "the room is full" };
    const STOPPING: CloseStatus = CloseStatus { code: 1001, reason: "the server stops" };

    // `http.rs`
    async fn connect(
        State(door): State<Arc<RelayDoor>>,
        Path(room): Path<String>,
        mut request: Request,
    ) -> axum::response::Result<Response> {
        let room = RoomId::within("relay", &room).map_err(|_| StatusCode::BAD_REQUEST)?;
        let (tasks, limits) = (door.runtime.tasks.clone(), SocketLimits::new(64 * 1024));
        Ok(upgrade(&mut request, limits, &tasks, |sender, receiver| serve(door, room, sender, receiver))?)
    }

    // `connection.rs`: takes a seat, sends signals, gives the seat up.
    async fn serve(door: Arc<RelayDoor>, room: RoomId, sender: SocketSender, mut receiver: SocketReceiver) {
        let request = JoinRequest::new(room, "guest".parse().unwrap(), door.policy);
        let Ok(joined) = door.hub.join(request).await else { return receiver.close(FULL).await };
        let _ = door.hub.attach(&joined.seat, Arc::new(RelayConnection(sender)));
        while let Ok(SocketMessage::Text(text)) = receiver.next().await {
            let _ = door.hub.broadcast(&joined.seat, SignalKind::Other, text.into());
        }
        door.hub.leave(&joined.seat).await;
    }

    // `delivery.rs`: events of the core as messages on the wire.
    struct RelayConnection(SocketSender);

    impl Connection for RelayConnection {
        fn id(&self) -> ConnectionId {
            self.0.id()
        }

        fn deliver(&self, Numbered { event, .. }: &Numbered) -> Result<(), DeliverError> {
            let Event::Signal(signal) = event else { return Ok(()) };
            self.0.send_payload(&signal.payload)
        }

        fn close(&self, _reason: CloseReason) {
            self.0.close(STOPPING);
        }

        fn sign_of_life(&self) -> BoxFuture<'static, ()> {
            self.0.sign_of_life()
        }
    }
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    relay: relay::Options,
}

#[tokio::test]
async fn a_new_door_relays_signals_refuses_a_third_client_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let common = common(folder.path(), Arc::new(Off), Arc::new(SystemClock));
    let door = relay::open(&common, &Settings::parse_from(["test"]).relay);
    let mut running = JoinSet::new();
    let address = serve(&mut running, door.clone().router()).await;

    let mut ann = Peer::connect(&address, "/relay/7").await;
    let mut bob = Peer::connect(&address, "/relay/7").await;
    bob.say("hello").await;
    assert_eq!(ann.next_text().await, "hello");
    ann.say("hi").await;
    assert_eq!(bob.next_text().await, "hi");
    let mut eve = Peer::connect(&address, "/relay/7").await;
    assert_eq!(eve.hear_close().await, (4000, "the room is full".into()));

    common.hub.drain();
    assert_eq!(ann.hear_close().await, (1001, "the server stops".into()));
    assert_eq!(bob.hear_close().await, (1001, "the server stops".into()));
    door.shut_down(Duration::from_secs(30)).await;
    assert!(door.runtime().tasks.is_empty());
}
