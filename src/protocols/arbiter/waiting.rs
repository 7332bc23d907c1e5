//! Clients that wait for an SFU which is recorded but not connected: its node has died. They are told when
//! its record ends.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};

use super::{
    ArbiterDoor, NAMESPACE,
    messages::{Notice, encode},
};
use crate::{
    core::model::{ids::Name, lock::lock},
    protocols::{unavailable::log_unavailable, websocket::SocketSender},
};

/// Time between two looks at the records of dead SFUs.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// All waiting clients of this node.
#[derive(Default)]
pub struct WaitingClients(Mutex<Vec<Weak<WaitingClient>>>);

/// A client that waits for a dead SFU.
pub struct WaitingClient {
    sender: SocketSender,
    sfu: Name,
    /// Connection of the SFU.
    connection: String,
    is_over: AtomicBool,
}

impl WaitingClient {
    /// Whether the client was told that the SFU has gone.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    fn end(&self) {
        // Set before the message is sent: an answer to it must find the wait ended.
        self.is_over.store(true, Ordering::Release);
        // A client that is gone need not be told.
        let _ = self.sender.send(encode(&Notice::SfuDisconnect));
    }
}

impl WaitingClients {
    /// Adds a client, for as long as the returned value lives.
    pub fn add(&self, sender: SocketSender, sfu: Name, connection: String) -> Arc<WaitingClient> {
        let client = Arc::new(WaitingClient { sender, sfu, connection, is_over: AtomicBool::new(false) });
        lock(&self.0).push(Arc::downgrade(&client));
        client
    }

    /// The clients that wait still, by SFU and its connection.
    fn by_sfu(&self) -> HashMap<(Name, String), Vec<Arc<WaitingClient>>> {
        let mut by_sfu: HashMap<_, Vec<_>> = HashMap::new();
        lock(&self.0).retain(|client| {
            let Some(client) = client.upgrade().filter(|client| !client.is_over()) else { return false };
            by_sfu.entry((client.sfu.clone(), client.connection.clone())).or_default().push(client);
            true
        });
        by_sfu
    }
}

impl ArbiterDoor {
    /// Tells waiting clients when the record of their SFU has ended, until the server stops.
    pub(super) async fn watch_waiting(self: Arc<Self>) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.runtime.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            for ((sfu, connection), clients) in self.waiting.by_sfu() {
                match self.claims.is_recorded(&sfu, &connection).await {
                    Ok(true) => {}
                    Ok(false) => clients.iter().for_each(|client| client.end()),
                    Err(error) => log_unavailable(NAMESPACE, &error),
                }
            }
        }
    }
}
