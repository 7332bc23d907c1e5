//! The arbiter door: calls through an SFU. Clients find the SFU of their page over HTTP, and signal with it
//! over a WebSocket.
//!
//! The wire contract is `docs/arbiter.md`. In the core, an SFU is a participant named like its room, and its
//! clients have the other seats. The SFUs, and the paths that claimed them, are stored as records, so that
//! all nodes agree: [`claims`] changes them for clients, [`register`] for the SFU's own node. An SFU is an
//! external process, or part of the server ([`built_in`]); only [`start`] tells the two apart.
//!
//! Source: arbiter document.

mod built_in;
mod claims;
mod connection;
mod delivery;
mod error;
mod http;
mod messages;
mod options;
mod records;
mod register;
mod rooms;
mod routes;
mod sfu;
mod start;
mod url_path;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Weak;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tokio::{
    sync::OnceCell,
    time::{MissedTickBehavior, interval, timeout},
};
use tracing::warn;

pub use self::options::Options;
use self::{
    claims::{ClaimTimeouts, ClaimedRoom, Claims},
    error::Refusal,
    rooms::{SfuRoom, SfuRooms},
    start::RoomStarter,
    url_path::UrlPath,
    waiting::WaitingClients,
};
use crate::{
    core::model::error::Unavailable,
    media::Owner,
    protocols::{admission::AddressLimit, options::Secret, prelude::*, unavailable::log_unavailable},
};

/// Name of the door, and namespace of its rooms.
const NAMESPACE: &str = "arbiter";

/// Lease of a seat: as long as the records of an SFU outlive its node. A client whose connection ends has
/// left at once, because the original's clients do not reconnect.
const LEASE: Duration = claims::RECORD_LIFETIME;

/// Time between two renewals of the records of connected SFUs.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// How many records are renewed concurrently.
const REFRESHED_AT_ONCE: usize = 16;

/// How long the removal of an SFU's records may delay the message to its clients.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Time in which an address may start as many SFUs again.
const STARTS_REFILL: Duration = Duration::from_mins(10);

/// Opens the arbiter door. Must run within a Tokio runtime.
pub fn open(common: &Common, options: &Options) -> Arc<dyn Door> {
    if options.arbiter_sfu_secret.reveal().is_none() {
        warn!(
            "every client may act as an SFU of the arbiter door and receive its calls (ARBITER_SFU_SECRET)"
        );
    }
    let door = Arc::new_cyclic(|door| ArbiterDoor::new(common, options, door));
    door.runtime.tasks.spawn(door.clone().keep_records());
    door.runtime.tasks.spawn(door.clone().watch_waiting());
    door
}

/// The arbiter door.
struct ArbiterDoor {
    common: Common,
    policy: RoomPolicy,
    rooms: Arc<SfuRooms>,
    claims: Claims,
    /// Set when the records of the former process of this node are removed.
    forgotten: OnceCell<()>,
    /// Clients that wait for an SFU.
    waiting: WaitingClients,
    starter: Option<Arc<dyn RoomStarter>>,
    /// Starts of SFUs by client address.
    starts: AddressLimit,
    /// The WebSocket address for started SFUs, with the secret.
    sfu_url: String,
    sfu_secret: Secret,
    runtime: DoorRuntime,
}

impl ArbiterDoor {
    fn new(common: &Common, options: &Options, door: &Weak<Self>) -> Self {
        let timeouts =
            ClaimTimeouts { claim: options.arbiter_claim_timeout, release: options.arbiter_release_grace };
        let (rooms, runtime) = (Arc::<SfuRooms>::default(), DoorRuntime::new(NAMESPACE));
        Self {
            common: common.clone(),
            policy: RoomPolicy {
                unique_names: true,
                ..RoomPolicy::new(usize::from(options.arbiter_max_clients) + 1, LEASE)
            },
            claims: Claims::new(common.records.clone(), common.node.clone(), common.clock.clone(), timeouts),
            forgotten: OnceCell::new(),
            waiting: WaitingClients::default(),
            starter: start::starter(options, &rooms, &runtime)
                .or_else(|| built_in::starter(options, common.media.as_ref(), door)),
            rooms,
            starts: AddressLimit::new(options.arbiter_starts_per_address, STARTS_REFILL),
            sfu_url: start::url_for_sfus(&options.arbiter_url, &options.arbiter_sfu_secret),
            sfu_secret: options.arbiter_sfu_secret.clone(),
            runtime,
        }
    }

    /// Takes a seat in the room called `room`.
    async fn join(&self, room: &Name, id: &Name) -> Result<Joined, Refusal> {
        let (room, policy) = (room_of(room)?, self.policy);
        let request = JoinRequest::new(room, id.clone(), policy);
        let joined = self.common.hub.join(request).await?;
        self.runtime.counters.joins.increment(1);
        Ok(joined)
    }

    /// The SFU that `path` has claimed.
    async fn find(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        self.forget_former().await?;
        self.claims.find(path).await
    }

    /// Claims an SFU for `path`.
    async fn claim(&self, path: &UrlPath) -> Result<Option<ClaimedRoom>, Unavailable> {
        self.forget_former().await?;
        let claimed = self.claims.claim(path).await?;
        match &self.starter {
            Some(starter) if claimed.is_none() && starter.settle().await => self.claims.claim(path).await,
            _ => Ok(claimed),
        }
    }

    /// Removes the records that this node left behind when it died, so that no client is sent to its SFUs.
    /// Does so once; fails while the store does not answer.
    async fn forget_former(&self) -> Result<(), Unavailable> {
        let is_connected = |id: &str, connection: &str| {
            let room = id.parse().ok().and_then(|id| self.rooms.get(&id));
            room.is_some_and(|room| room.connection == connection)
        };
        self.forgotten.get_or_try_init(|| self.claims.forget_former(is_connected)).await.copied()
    }

    /// Records whether an SFU has clients, if the SFU is connected to this node. Its own node does it
    /// otherwise.
    async fn refresh_local(&self, sfu: &Name) {
        if let Some(room) = self.rooms.get(sfu) {
            self.refresh(&room).await;
        }
    }

    /// Records whether an SFU of this node has clients.
    async fn refresh(&self, room: &SfuRoom) {
        if let Err(error) = self.claims.refresh(room).await {
            log_unavailable(NAMESPACE, &error);
        }
    }

    /// Removes the records of an SFU that has left, before its clients are told and claim another.
    async fn remove_records(&self, room: &SfuRoom) {
        match timeout(REMOVE_TIMEOUT, self.claims.remove(room)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log_unavailable(NAMESPACE, &error),
            Err(_) => warn!("the records of an SFU that has left could not be removed in time; they expire"),
        }
    }

    /// Renews the records of this node's SFUs until the server stops. Restores the pool of the former process
    /// before.
    async fn keep_records(self: Arc<Self>) {
        let mut ticks = interval(REFRESH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.runtime.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.forget_former().await {
                log_unavailable(NAMESPACE, &error);
            }
            if let Some(starter) = &self.starter {
                starter.restore().await;
            }
            let rooms = stream::iter(self.rooms.all());
            rooms.for_each_concurrent(REFRESHED_AT_ONCE, async |room| self.refresh(&room).await).await;
        }
    }
}

#[async_trait]
impl Door for ArbiterDoor {
    fn runtime(&self) -> &DoorRuntime {
        &self.runtime
    }

    fn router(self: Arc<Self>) -> Router {
        routes::router(self)
    }

    /// Clients of the server's own SFUs may have their seats on other nodes.
    fn forwards_for(&self, owner: &Owner) -> bool {
        let is_own = owner.room.is_within(NAMESPACE);
        let id = is_own.then(|| owner.room.local().parse().ok()).flatten();
        id.and_then(|id| self.rooms.get(&id)).is_some_and(|room| room.has(owner.participant))
    }

    async fn tidy(&self) {
        if let Some(starter) = &self.starter {
            starter.tidy().await;
        }
        self.starts.forget_idle();
        if let Err(error) = self.common.records.forget_expired(self.common.clock.wall()).await {
            log_unavailable(NAMESPACE, &error);
        }
    }
}

/// The room of an SFU.
fn room_of(sfu: &Name) -> Result<RoomId, Refusal> {
    RoomId::within(NAMESPACE, sfu.as_str()).map_err(|_| Refusal::Missing("roomId"))
}
