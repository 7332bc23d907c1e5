//! Seats in Redis, shared by any number of nodes.
//!
//! - `scripts`: what Redis is asked to do, each in one atomic step; the Lua is beside it.
//! - `connection`: one connection, on which a question is answered in time or fails.
//! - `keeper`: makes the connection, watches it, makes it again, and puts this node's seats back.
//! - `holdings`: this node's own word on the seats it holds, and what it knows of those beside them.
//! - `bus`: what nodes tell each other, on a connection of its own.
//! - `settings`: where Redis is.
//! - `fault`: what went wrong, without a word of what is kept.
//!
//! Nothing is acknowledged that Redis did not do, and nothing waits for it longer than [`ANSWER_WITHIN`]. Redis may
//! forget everything: epochs go on from the largest one any node knows, every node puts its seats back as soon as it
//! meets it again, and newcomers are let in after [`SETTLES_WITHIN`]. Never is a seat put back that was given up.

mod bus;
mod connection;
mod fault;
mod holdings;
mod keeper;
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

pub use self::settings::{ConfigError, RedisSettings};
use self::{
    connection::Connection,
    fault::Fault,
    keeper::{Node, State},
    scripts::{Answer, Question, RenewalAnswer},
};
use crate::core::{
    model::{
        error::Unavailable,
        ids::{NodeId, ParticipantId, RoomId},
        lock::lock,
        seat_table::{Claim, Claimed, Refused, Renewal, Seat, SeatKey},
    },
    ports::{
        node_bus::{NodeBus, NodeListener},
        seat_registry::{ClaimError, EndedClaim, Renewed, SeatRegistry},
    },
};

const NAME: &str = "redis";

/// How long a caller waits for Redis at most, be it for a connection or for an answer.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How long newcomers wait after Redis was started or emptied, so that every node can put its seats back first: long
/// enough to notice that a connection has died without a word, and to make a new one.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(3);

/// How long to wait at the start for a first answer, so that a wrong secret is said at once.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How many questions of one batch are under way at once.
const AT_ONCE: usize = 128;

/// The seats of all nodes that have the same Redis, prefix and secret.
pub struct RedisRegistry {
    node: Arc<Node>,
    state: watch::Receiver<State>,
    _keeper: AbortOnDropHandle<()>,
}

impl RedisRegistry {
    /// Joins the other nodes at Redis, which need not be up. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// - [`ConfigError::Address`]: there can be nothing at such an address.
    /// - [`ConfigError::OtherSecret`]: the nodes that are there sign with another secret.
    /// - [`ConfigError::OtherRelease`]: the nodes that are there are of another release.
    pub async fn join(settings: RedisSettings) -> Result<Self, ConfigError> {
        let node = Arc::new(Node::new(settings)?);
        let mut state = node.state();
        let keeper = AbortOnDropHandle::new(tokio::spawn(keeper::keep(node.clone())));
        let first = timeout(FIRST_ANSWER_WITHIN, state.wait_for(State::is_known)).await;
        if let Ok(Ok(found)) = first {
            match *found {
                State::Away(Fault::OtherSecret) => return Err(ConfigError::OtherSecret),
                State::Away(Fault::OtherRelease) => return Err(ConfigError::OtherRelease),
                _ => {}
            }
        }
        Ok(Self { state: node.state(), node, _keeper: keeper })
    }

    /// The connection, if there is one or will be in a moment.
    async fn met(&self) -> Result<Arc<Connection>, Fault> {
        match self.state.clone().wait_for(State::is_known).await.as_deref() {
            Ok(State::Met(connection)) => Ok(connection.clone()),
            Ok(State::Away(fault)) => Err(fault.clone()),
            Ok(State::Connecting) | Err(_) => Err(Fault::Closed),
        }
    }

    async fn ask(&self, question: Question) -> Result<Answer, Fault> {
        self.met().await?.ask(question).await
    }

    async fn claim_seat(&self, claim: &Claim) -> Result<Result<Claimed, Refused>, Fault> {
        let connection = self.met().await?;
        // In this order on one connection: what Redis says of its memory is said after the claim.
        let asked = connection.ask(self.node.questions.claim(claim, self.node.id));
        let (answer, remembers) = tokio::join!(asked, connection.remembers());
        let held = match answer?.claimed(claim, self.node.id)? {
            Ok(held) => held,
            Err(refused) => return Ok(Err(refused)),
        };
        // Who sat there may have been forgotten since the last greeting, and be about to be put back.
        if held.claimed.former.is_none() && !remembers? {
            connection.ask(self.node.questions.undo(&held.seat.key_in(&claim.room))).await?;
            return Err(Fault::Settling);
        }
        self.node.introduction.raise_floor(held.claimed.epoch);
        Ok(Ok(self.node.holdings().claimed(claim, held)))
    }

    /// What is lost, if it is.
    async fn renew_seat(&self, renewal: &Renewal) -> Result<Option<EndedClaim>, Fault> {
        let key = &renewal.key;
        let own = self.node.holdings().renewing(renewal, self.node.clock.now());
        let answer = self.ask(self.node.questions.renew(renewal, own.as_ref())).await?;
        match answer.renewed()? {
            RenewalAnswer::Until(next_end) => {
                self.node.holdings().renewed(&key.room, next_end);
                Ok(None)
            }
            RenewalAnswer::EndedClaim(instead) => {
                self.node.holdings().lose(key, instead.clone());
                Ok(Some(holdings::lost(key.clone(), instead)))
            }
        }
    }

    /// Gives up what has ended in a room, and compares who is there with whom this node knew to be.
    async fn look(&self, room: RoomId) -> Result<(), Fault> {
        let connection = self.met().await?;
        // Who is missing may be about to be put back by another node.
        if !connection.is_settled() {
            return Ok(());
        }
        let current = connection.ask(self.node.questions.look(&room)).await?.seats()?;
        let intents = self.node.holdings().looked(&room, &current, self.node.clock.now());
        for intent in intents {
            self.node.carry_out(&connection, intent).await?;
        }
        Ok(())
    }
}

/// Runs a step, or all steps of a batch, and lets the caller go in time.
async fn in_time<T>(step: impl Future<Output = Result<T, Fault>>) -> Result<T, Unavailable> {
    let answer = timeout(ANSWER_WITHIN, step).await.unwrap_or(Err(Fault::Late));
    answer.map_err(|fault| Unavailable::new(NAME, fault))
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

    fn serve(&self, recipient: Weak<dyn NodeListener>) {
        self.node.bus.serve(recipient);
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        Ok(in_time(self.claim_seat(&claim)).await??)
    }

    async fn renew(&self, renewals: &[Renewal]) -> Renewed {
        let answers = Mutex::new(HashMap::new());
        let steps = stream::iter(renewals).for_each_concurrent(AT_ONCE, |renewal| async {
            let answer = self.renew_seat(renewal).await;
            lock(&answers).insert(&renewal.key, answer);
        });
        // What is not answered in time has failed.
        let _ = timeout(ANSWER_WITHIN, steps).await;
        let mut answers = std::mem::take(&mut *lock(&answers));
        let mut renewed = Renewed::default();
        for Renewal { key, .. } in renewals {
            match answers.remove(key).unwrap_or(Err(Fault::Late)) {
                Ok(lost) => renewed.lost.extend(lost),
                Err(fault) => {
                    renewed.failed.push(key.clone());
                    renewed.error.get_or_insert_with(|| Unavailable::new(NAME, fault));
                }
            }
        }
        self.node.holdings().told(&renewed.lost);
        renewed
    }

    async fn seat_of(&self, room: &RoomId, participant: ParticipantId) -> Result<Option<Seat>, Unavailable> {
        let question = self.node.questions.holding(room, participant);
        in_time(async { Ok(self.ask(question).await?.seats()?.pop()) }).await
    }

    async fn seats(&self, room: &RoomId) -> Result<Vec<Seat>, Unavailable> {
        in_time(async {
            let connection = self.met().await?;
            if !connection.is_settled() {
                return Err(Fault::Settling);
            }
            connection.ask(self.node.questions.look(room)).await?.seats()
        })
        .await
    }

    async fn release(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        self.node.holdings().releasing(seat);
        let released =
            in_time(async { Ok(self.ask(self.node.questions.release(seat)).await?.released()) }).await?;
        self.node.holdings().forget(seat);
        Ok(released)
    }

    async fn take_away(&self, seat: &SeatKey) -> Result<bool, Unavailable> {
        let question = self.node.questions.take_away(seat);
        let taken = in_time(async { Ok(self.ask(question).await?.released()) }).await?;
        if taken {
            self.node.holdings().forget(seat);
        }
        Ok(taken)
    }

    async fn expire(&self) -> Result<Vec<EndedClaim>, Unavailable> {
        let due = self.node.holdings().due(self.node.clock.now());
        let looks = stream::iter(due).map(Ok).try_for_each_concurrent(AT_ONCE, |room| self.look(room));
        in_time(looks).await?;
        Ok(self.node.holdings().take_lost())
    }

    async fn check(&self) -> Result<(), Unavailable> {
        let check = async {
            let connection = self.met().await?;
            connection.greet().await?;
            if connection.is_settled() { Ok(()) } else { Err(Fault::Settling) }
        };
        in_time(check).await
    }
}

/// Shows nothing: the address holds a password.
impl fmt::Debug for RedisRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRegistry").finish_non_exhaustive()
    }
}
