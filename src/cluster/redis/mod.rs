//! Seats in Redis, shared by any number of nodes.
//!
//! - `scripts`: calls and replies of the Lua scripts beside it, each of which is one atomic step.
//! - `connection`: a connection for script calls, each of which is answered in time or fails.
//! - `node`: this node as a client: connects, checks, reconnects, and restores this node's seats.
//! - `own_claims`: the seats that this node has claimed.
//! - `bus`: messages between nodes, on a connection of its own.
//! - `settings`: address of Redis and common settings of the nodes.
//! - `fault`: causes of failed calls.
//!
//! The registry confirms only what Redis has done, and no caller waits longer than [`LONGEST_WAIT`].
//!
//! Redis may lose its memory. Then epochs continue above the largest one that any node knows, every node
//! restores its seats when it reconnects, and new participants are admitted after [`RESTORE_WINDOW`]. A
//! released seat is never restored.

mod bus;
mod connection;
mod fault;
mod node;
mod own_claims;
mod scripts;
mod settings;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{sync::watch, time::timeout};
use tokio_util::task::AbortOnDropHandle;

pub use self::settings::{RedisConfigError, RedisSettings};
use self::{
    connection::RedisConnection,
    fault::RedisFault,
    node::{ConnectionState, RedisNode},
    scripts::{Call, ScriptReply},
};
use crate::core::{
    model::{
        error::Unavailable,
        ids::{NodeId, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, ClaimRefused, Claimed, Renewal, Seat, SeatKey},
    },
    ports::{
        node_bus::{NodeBus, NodeListener},
        seat_registry::{ClaimError, EndedClaim, Renewed, SeatRegistry},
    },
};

const NAME: &str = "redis";

/// Longest time that a caller waits for Redis, whether for a connection or for a reply.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How long new participants wait after Redis was started or emptied, so that every node can restore its
/// seats first.
///
/// Long enough for a node to notice that its connection is dead, and to reconnect.
pub const RESTORE_WINDOW: Duration = Duration::from_secs(3);

/// Longest wait for a first connection at the start, so that a wrong secret is reported at once.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Number of calls of one batch that are under way at the same time.
const CONCURRENT_CALLS: usize = 128;

/// The seats of all nodes that have the same Redis, prefix and secret.
pub struct RedisRegistry {
    node: Arc<RedisNode>,
    state: watch::Receiver<ConnectionState>,
    _connecting: AbortOnDropHandle<()>,
}

impl RedisRegistry {
    /// Joins the other nodes at Redis, which need not be up. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// - [`RedisConfigError::Address`]: the address is malformed.
    /// - [`RedisConfigError::OtherSecret`]: the other nodes sign sessions with another secret.
    /// - [`RedisConfigError::OtherRelease`]: the other nodes run a release with another format.
    pub async fn join(settings: RedisSettings) -> Result<Self, RedisConfigError> {
        let node = Arc::new(RedisNode::new(settings)?);
        let mut state = node.state();
        let connecting = AbortOnDropHandle::new(tokio::spawn(node.clone().run()));
        let first = timeout(FIRST_ANSWER_WITHIN, state.wait_for(ConnectionState::is_decided)).await;
        if let Ok(Ok(found)) = first {
            match *found {
                ConnectionState::Failed(RedisFault::OtherSecret) => {
                    return Err(RedisConfigError::OtherSecret);
                }
                ConnectionState::Failed(RedisFault::OtherRelease) => {
                    return Err(RedisConfigError::OtherRelease);
                }
                _ => {}
            }
        }
        Ok(Self { state: node.state(), node, _connecting: connecting })
    }

    /// The connection. Waits while an attempt to connect is under way.
    async fn connection(&self) -> Result<Arc<RedisConnection>, RedisFault> {
        match self.state.clone().wait_for(ConnectionState::is_decided).await.as_deref() {
            Ok(ConnectionState::Connected(connection)) => Ok(connection.clone()),
            Ok(ConnectionState::Failed(fault)) => Err(fault.clone()),
            Ok(ConnectionState::Connecting) | Err(_) => Err(RedisFault::Closed),
        }
    }

    async fn call(&self, call: Call) -> Result<ScriptReply, RedisFault> {
        self.connection().await?.call(call).await
    }

    async fn claim_seat(&self, claim: &Claim) -> Result<Result<Claimed, ClaimRefused>, RedisFault> {
        let connection = self.connection().await?;
        // Redis runs calls of one connection in order: it reads its memory after the claim.
        let call = connection.call(self.node.calls.claim(claim, self.node.id));
        let (reply, remembers) = tokio::join!(call, connection.remembers());
        let claimed = match reply?.claimed(claim, self.node.id)? {
            Ok(claimed) => claimed,
            Err(refused) => return Ok(Err(refused)),
        };
        // Redis may have lost a seat in this room since the last greeting, which its node is about to
        // restore.
        if claimed.former.is_none() && !remembers? {
            connection.call(self.node.calls.undo(&claimed.seat.key_in(&claim.room))).await?;
            return Err(RedisFault::Restoring);
        }
        self.node.identity.raise_epoch_floor(claimed.seat.epoch);
        self.node.claims().add(claim, &claimed);
        Ok(Ok(claimed))
    }

    /// Renews one seat. Returns the claim if it has ended.
    async fn renew_seat(&self, renewal: &Renewal) -> Result<Option<EndedClaim>, RedisFault> {
        let own = self.node.claims().extend(renewal, self.node.clock.now());
        let ended = self.call(self.node.calls.renew(renewal, own.as_ref())).await?.renewal(&renewal.key)?;
        if let Some(ended) = ended.clone() {
            self.node.claims().record_end(ended);
        }
        Ok(ended)
    }

    /// Ends the expired leases of a room, and reconciles its seats with this node's claims.
    async fn reconcile(&self, room: RoomId) -> Result<(), RedisFault> {
        let connection = self.connection().await?;
        // Another node may be about to restore a missing seat.
        if !connection.is_restored() {
            return Ok(());
        }
        let current = connection.call(self.node.calls.list(&room)).await?.seats()?;
        let corrections = self.node.claims().reconcile(&room, &current, self.node.clock.now());
        for correction in corrections {
            self.node.correct(&connection, correction).await?;
        }
        Ok(())
    }
}

/// Limits the time that a caller waits for one call or a batch of calls.
async fn in_time<T>(calls: impl Future<Output = Result<T, RedisFault>>) -> Result<T, Unavailable> {
    let outcome = timeout(LONGEST_WAIT, calls).await.unwrap_or(Err(RedisFault::Late));
    outcome.map_err(|fault| Unavailable::new(NAME, fault))
}

#[async_trait]
impl SeatRegistry for RedisRegistry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn node(&self) -> NodeId {
        self.node.id
    }

    fn node_bus(&self) -> Arc<dyn NodeBus> {
        self.node.bus.clone()
    }

    fn serve(&self, listener: Weak<dyn NodeListener>) {
        self.node.bus.serve(listener);
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        Ok(in_time(self.claim_seat(&claim)).await??)
    }

    async fn renew(&self, renewals: &[Renewal]) -> Renewed {
        let outcomes = Mutex::new(HashMap::new());
        let calls = stream::iter(renewals).for_each_concurrent(CONCURRENT_CALLS, |renewal| async {
            let outcome = self.renew_seat(renewal).await;
            lock(&outcomes).insert(&renewal.key, outcome);
        });
        // A renewal without an outcome in time has failed.
        let _ = timeout(LONGEST_WAIT, calls).await;
        let mut outcomes = std::mem::take(&mut *lock(&outcomes));
        let mut renewed = Renewed::default();
        for Renewal { key, .. } in renewals {
            match outcomes.remove(key).unwrap_or(Err(RedisFault::Late)) {
                Ok(lost) => renewed.lost.extend(lost),
                Err(fault) => {
                    renewed.failed.push(key.clone());
                    renewed.error.get_or_insert_with(|| Unavailable::new(NAME, fault));
                }
            }
        }
        self.node.claims().drop_reported(&renewed.lost);
        renewed
    }

    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable> {
        let call = self.node.calls.seat_of(room, participant);
        in_time(async { Ok(self.call(call).await?.seats()?.pop()) }).await
    }

    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        in_time(async {
            let connection = self.connection().await?;
            if !connection.is_restored() {
                return Err(RedisFault::Restoring);
            }
            connection.call(self.node.calls.list(room)).await?.seats()
        })
        .await
    }

    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        self.node.claims().mark_releasing(seat);
        let released =
            in_time(async { Ok(self.call(self.node.calls.release(seat)).await?.is_released()) }).await?;
        self.node.claims().remove(seat);
        Ok(released)
    }

    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        let call = self.node.calls.take_away(seat);
        let is_taken = in_time(async { Ok(self.call(call).await?.is_released()) }).await?;
        if is_taken {
            self.node.claims().remove(seat);
        }
        Ok(is_taken)
    }

    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable> {
        let due = self.node.claims().rooms_due(self.node.clock.now());
        let calls =
            stream::iter(due).map(Ok).try_for_each_concurrent(CONCURRENT_CALLS, |room| self.reconcile(room));
        in_time(calls).await?;
        Ok(self.node.claims().take_ended())
    }

    async fn check(&self) -> Result<(), Unavailable> {
        let check = async {
            let connection = self.connection().await?;
            connection.greet().await?;
            if connection.is_restored() { Ok(()) } else { Err(RedisFault::Restoring) }
        };
        in_time(check).await
    }
}

/// Redacted: the address may contain a password.
impl fmt::Debug for RedisRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRegistry").finish_non_exhaustive()
    }
}
