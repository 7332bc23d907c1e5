//! Forwarding with str0m, a WebRTC library that does no I/O by itself.
//!
//! From the outside in:
//! - `limits`: counts endpoints against the limits.
//! - `thread`, `sockets`, `tcp`, `framing`: I/O of packets.
//! - `shard`, `relay`: rooms and endpoints without I/O: lifetimes and timers; forwarding.
//! - `demux`, `rooms`, `counts`: assigns packets to endpoints; endpoints by room; metrics.
//! - `endpoint`, `negotiation`, `sdp`, `channels`: one connection, its descriptions and its data channels.
//! - `local`, `dtls`: the configuration that all connections share.
//! - `codecs`, `silence`: clients that cannot decode what they should receive, and those that send nothing.
//! - `incoming`, `outgoing`, `track`: publications, and the streams of subscribers.
//! - `rebase`, `keyframes`, `layers`, `loudness`: sequence numbers without gaps, key frames, layers, active
//!   speakers.

mod channels;
mod codecs;
mod counts;
mod demux;
mod dtls;
mod endpoint;
mod framing;
mod incoming;
mod keyframes;
mod layers;
mod limits;
mod local;
mod loudness;
mod negotiation;
mod outgoing;
mod rebase;
mod relay;
mod rooms;
mod sdp;
mod shard;
mod silence;
mod sockets;
mod tcp;
#[cfg(test)]
mod tests;
mod thread;
mod track;

use std::{
    fmt, io, mem,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use self::{
    limits::{Account, EndpointRefused},
    local::Local,
    shard::Shard,
    sockets::Bound,
    thread::{Command, Ending, Work},
};
use super::{
    EndpointError, EndpointId, Layer, Limit, MediaPlane, MediaSettings, Negotiated, NegotiationError,
    NewEndpoint, Owner,
};
use crate::core::{model::lock::lock, ports::clock::Clock};

/// The most commands of doors that wait for one shard; further ones are refused.
const QUESTIONS: usize = 256;

/// The plane that forwards.
pub struct Forwarding {
    account: Arc<Account>,
    shards: Vec<Handle>,
    addresses: Vec<SocketAddr>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The channels to the thread of a shard.
struct Handle {
    commands: mpsc::Sender<Command>,
    endings: mpsc::UnboundedSender<Ending>,
}

impl Forwarding {
    /// Binds the addresses and starts the threads.
    ///
    /// # Errors
    ///
    /// An address or port cannot be bound.
    pub fn start(settings: &MediaSettings, clock: &Arc<dyn Clock>) -> io::Result<Self> {
        let account = Arc::new(Account::new(settings.limits, settings.threads));
        let mut forwarding =
            Self { account, shards: Vec::new(), addresses: Vec::new(), threads: Mutex::default() };
        for number in 0..settings.threads {
            forwarding.start_shard(settings, number, clock)?;
        }
        Ok(forwarding)
    }

    fn start_shard(
        &mut self,
        settings: &MediaSettings,
        number: usize,
        clock: &Arc<dyn Clock>,
    ) -> io::Result<()> {
        let port = settings.port_of(number);
        let bound = Bound::bind(&settings.listen, &settings.advertise, port)?;
        let addresses = bound.advertised();
        let local = Local::new(&settings.codecs, &addresses);
        self.addresses.extend(addresses);
        let (commands, asked) = mpsc::channel(QUESTIONS);
        let (endings, ended) = mpsc::unbounded_channel();
        let shard = Shard::new(local, self.account.clone());
        let work = Work { shard, commands: asked, endings: ended, clock: clock.clone() };
        let thread = thread::start(work, bound, number)?;
        lock(&self.threads).push(thread);
        self.shards.push(Handle { commands, endings });
        Ok(())
    }

    /// Sends a command that opens an endpoint, and waits for its answer.
    async fn open(
        &self,
        owner: Owner,
        command: impl FnOnce(EndpointId, oneshot::Sender<Result<String, EndpointError>>) -> Command,
    ) -> Result<Negotiated, EndpointError> {
        if !self.account.may_negotiate(&owner) {
            return Err(EndpointError::TooMany(Limit::Descriptions));
        }
        let (id, shard) = self.account.enter(&owner)?;
        let entry = NewEntry { forwarding: self, id, stays: false };
        let (reply, answer) = oneshot::channel();
        self.shards[shard].commands.try_send(command(id, reply)).map_err(|_| EndpointError::Unavailable)?;
        let description = answer.await.map_err(|_| EndpointError::Unavailable)??;
        entry.stay();
        Ok(Negotiated { endpoint: id, description })
    }

    /// Sends a command that negotiates with an endpoint, and waits for its answer.
    async fn negotiate<T>(
        &self,
        id: EndpointId,
        command: impl FnOnce(oneshot::Sender<Result<T, NegotiationError>>) -> Command,
    ) -> Result<T, NegotiationError> {
        let location = self.account.locate(id).ok_or(NegotiationError::NoSuchEndpoint)?;
        if !self.account.may_negotiate(&location.owner) {
            return Err(NegotiationError::TooMany(Limit::Descriptions));
        }
        let (reply, answer) = oneshot::channel();
        let sent = self.shards[location.shard].commands.try_send(command(reply));
        sent.map_err(|_| NegotiationError::Unavailable)?;
        answer.await.map_err(|_| NegotiationError::Unavailable)?
    }

    fn close_on(&self, shard: usize, id: EndpointId) {
        // A thread that has ended has no endpoints.
        let _ = self.shards[shard].endings.send(Ending::Close(id));
    }
}

/// Closes a new endpoint when dropped, unless its opener has received the answer.
struct NewEntry<'a> {
    forwarding: &'a Forwarding,
    id: EndpointId,
    stays: bool,
}

impl NewEntry<'_> {
    fn stay(mut self) {
        self.stays = true;
    }
}

impl Drop for NewEntry<'_> {
    fn drop(&mut self) {
        if !self.stays {
            self.forwarding.close(self.id);
        }
    }
}

impl From<EndpointRefused> for EndpointError {
    fn from(refused: EndpointRefused) -> Self {
        match refused {
            EndpointRefused::TooMany(limit) => Self::TooMany(limit),
            EndpointRefused::Full => Self::Unavailable,
        }
    }
}

#[async_trait]
impl MediaPlane for Forwarding {
    fn is_on(&self) -> bool {
        true
    }

    fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    async fn answer(&self, endpoint: NewEndpoint, offer: &str) -> Result<Negotiated, EndpointError> {
        sdp::check_size(offer)?;
        let (owner, offer) = (endpoint.owner.clone(), offer.to_owned());
        self.open(owner, |id, reply| Command::Answer { id, new: endpoint, offer, reply }).await
    }

    async fn offer(&self, endpoint: NewEndpoint) -> Result<Negotiated, EndpointError> {
        let owner = endpoint.owner.clone();
        self.open(owner, |id, reply| Command::Offer { id, new: endpoint, reply }).await
    }

    async fn accept(&self, id: EndpointId, answer: &str) -> Result<(), NegotiationError> {
        sdp::check_size(answer)?;
        let answer = answer.to_owned();
        self.negotiate(id, |reply| Command::Accept { id, answer, reply }).await
    }

    async fn reoffer(&self, id: EndpointId, offer: &str) -> Result<String, NegotiationError> {
        sdp::check_size(offer)?;
        let offer = offer.to_owned();
        self.negotiate(id, |reply| Command::Reoffer { id, offer, reply }).await
    }

    /// Ignores the candidate: the server never connects to a client.
    fn candidate(&self, _endpoint: EndpointId, _candidate: &str) {}

    fn layer(&self, id: EndpointId, layer: Layer) {
        if let Some(location) = self.account.locate(id) {
            // If the queue is full, the subscriber keeps the layer that fits.
            let _ = self.shards[location.shard].commands.try_send(Command::Layer { id, layer });
        }
    }

    fn watch(&self, id: EndpointId, silence: Option<Duration>) {
        if let Some(location) = self.account.locate(id) {
            // If the queue is full, the silence is noticed later, when the endpoint ends.
            let _ = self.shards[location.shard].commands.try_send(Command::Watch { id, silence });
        }
    }

    fn close(&self, id: EndpointId) {
        if let Some(location) = self.account.remove(id) {
            self.close_on(location.shard, id);
        }
    }

    fn close_participant(&self, owner: &Owner) {
        for (id, location) in self.account.remove_all(owner) {
            self.close_on(location.shard, id);
        }
    }

    fn owners(&self) -> Vec<Owner> {
        self.account.owners()
    }

    async fn shut_down(&self) {
        for shard in &self.shards {
            let _ = shard.endings.send(Ending::Stop);
        }
        let threads = mem::take(&mut *lock(&self.threads));
        let joined =
            tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = joined.await;
    }
}

impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarding").field("shards", &self.shards.len()).finish_non_exhaustive()
    }
}
