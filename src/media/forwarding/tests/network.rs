//! A shard, its clients, the simulated network between them, and the simulated time.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::net::Protocol;

use super::{Offer, TestClient};
use crate::{
    core::model::ids::ParticipantId,
    media::{
        DataRelay, EndpointError, EndpointId, MediaCodec, NewEndpoint, Owner, Publication, Role,
        forwarding::{limits::Account, local::Local, shard::Shard},
        settings::MediaLimits,
    },
};

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 7_000);

/// The shortest delay of a packet.
const DELAY: Duration = Duration::from_millis(10);

/// How long tests wait in simulated time before they fail.
const TIMEOUT: Duration = Duration::from_mins(1);

pub struct Network {
    pub now: Instant,
    pub shard: Shard,
    pub account: Arc<Account>,
    pub clients: Vec<TestClient>,
    /// Share of lost packets, 0 to 1.
    pub loss: f64,
    /// The largest additional delay of a packet.
    pub jitter: Duration,
    /// Number of lost packets.
    pub lost: usize,
    on_the_way: BTreeMap<(Instant, u64), Letter>,
    sent: u64,
    chance: u64,
}

struct Letter {
    /// The client that sends or receives it.
    client: usize,
    is_to_server: bool,
    packet: Vec<u8>,
}

impl Network {
    pub fn new() -> Self {
        Self::with_codecs(&[MediaCodec::Opus, MediaCodec::Vp8])
    }

    pub fn with_codecs(codecs: &[MediaCodec]) -> Self {
        let many = NonZeroU32::new(1_000).unwrap();
        let limits =
            MediaLimits { per_participant: 100, per_room: 200, in_all: 500, descriptions_per_minute: many };
        let account = Arc::new(Account::new(limits, 1));
        let shard = Shard::new(Local::new(codecs, &[SERVER]), account.clone());
        Self {
            now: tokio::time::Instant::now().into_std(),
            shard,
            account,
            clients: Vec::new(),
            loss: 0.0,
            jitter: Duration::ZERO,
            lost: 0,
            on_the_way: BTreeMap::new(),
            sent: 0,
            chance: 0x2545_f491_4f6c_dd1d,
        }
    }

    /// Adds a client without an offer.
    pub fn client(&mut self, room: &str) -> usize {
        let owner = Owner { room: room.parse().unwrap(), participant: ParticipantId::random() };
        self.client_of(owner)
    }

    /// Adds a further connection of an owner.
    pub fn client_of(&mut self, owner: Owner) -> usize {
        let tag = u8::try_from(self.clients.len() + 1).unwrap();
        self.clients.push(TestClient::new(tag, owner, self.now));
        self.clients.len() - 1
    }

    /// Adds a client that publishes.
    pub fn publisher(&mut self, room: &str) -> usize {
        let client = self.client(room);
        self.publish(client, &Offer::default(), DataRelay::None);
        client
    }

    pub fn publish(&mut self, client: usize, offer: &Offer, data: DataRelay) {
        let text = self.clients[client].offer_to_send(offer, self.now);
        let role = Role::Publish(Publication { loopback: offer.loopback, data });
        let answer = self.open(client, role, &text).unwrap();
        self.clients[client].take_answer(&answer);
        self.start(client);
    }

    /// Adds a client that subscribes to another's publication.
    pub fn subscriber(&mut self, publisher: usize) -> usize {
        self.subscriber_with(publisher, &Offer::default())
    }

    /// Adds a subscriber that opens data channels.
    pub fn subscriber_with(&mut self, publisher: usize, offer: &Offer) -> usize {
        let room = self.clients[publisher].owner.room.clone();
        let client = self.client_of(Owner { room, participant: ParticipantId::random() });
        let offer = self.clients[client].offer_to_receive(offer);
        let source = self.clients[publisher].owner.participant;
        let answer = self.open(client, Role::Subscribe { source }, &offer).unwrap();
        self.clients[client].take_answer(&answer);
        self.start(client);
        client
    }

    /// Opens an endpoint for a client's offer; returns the answer.
    pub fn open(&mut self, client: usize, role: Role, offer: &str) -> Result<String, EndpointError> {
        let new = self.new_endpoint(client, role);
        let (id, _) = self.account.enter(&new.owner).unwrap();
        self.clients[client].endpoint = Some(id);
        self.shard.answer(id, new, offer, self.now)
    }

    pub fn new_endpoint(&self, client: usize, role: Role) -> NewEndpoint {
        let client = &self.clients[client];
        NewEndpoint { owner: client.owner.clone(), role, listener: client.listener() }
    }

    pub fn endpoint(&self, client: usize) -> EndpointId {
        self.clients[client].endpoint.unwrap()
    }

    /// Starts a client's connection after its negotiation.
    pub fn start(&mut self, client: usize) {
        self.clients[client].poke(self.now);
        self.post();
    }

    /// Restarts ICE for a client.
    pub fn restart(&mut self, client: usize) {
        let offer = self.clients[client].offer_restart();
        let answer = self.shard.reoffer(self.endpoint(client), &offer, self.now).unwrap();
        self.clients[client].take_answer(&answer);
        self.start(client);
    }

    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run(end, |_| false);
    }

    /// Runs until the condition is true; fails after [`TIMEOUT`].
    pub fn until(&mut self, what: &str, happened: impl Fn(&Self) -> bool) {
        let end = self.now + TIMEOUT;
        assert!(self.run(end, happened), "did not happen: {what}");
    }

    /// Runs until a client has received `more` further video packets.
    pub fn until_got(&mut self, client: usize, more: usize) {
        let enough = self.clients[client].got.len() + more;
        self.until("pictures arrive", |network| network.clients[client].got.len() >= enough);
    }

    /// Runs until the condition is true or `end`; returns whether it became true.
    fn run(&mut self, end: Instant, happened: impl Fn(&Self) -> bool) -> bool {
        loop {
            if happened(self) {
                return true;
            }
            match self.next() {
                Some(at) if at <= end => self.step(at.max(self.now)),
                _ => {
                    self.now = end;
                    return false;
                }
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let arrives = self.on_the_way.keys().next().map(|(at, _)| *at);
        let clients = self.clients.iter().filter_map(TestClient::wakes_at);
        arrives.into_iter().chain(self.shard.wakes_at()).chain(clients).min()
    }

    fn step(&mut self, now: Instant) {
        self.now = now;
        while let Some(entry) = self.on_the_way.first_entry()
            && entry.key().0 <= now
        {
            let Letter { client, is_to_server, packet } = entry.remove();
            if self.clients[client].is_away {
                continue;
            }
            let address = self.clients[client].address;
            if is_to_server {
                self.shard.receive(Protocol::Udp, address, SERVER, &packet, now);
            } else {
                self.clients[client].receive(SERVER, &packet, now);
            }
            self.post();
        }
        self.shard.process_outputs(now);
        self.shard.advance(now);
        for client in &mut self.clients {
            client.advance(now);
        }
        self.post();
    }

    /// Puts all outgoing packets on the simulated network.
    fn post(&mut self) {
        while let Some(transmit) = self.shard.transmit() {
            let client = self.clients.iter().position(|client| client.address == transmit.destination);
            if let Some(client) = client {
                self.send(Letter { client, is_to_server: false, packet: transmit.contents.to_vec() });
            }
        }
        for client in 0..self.clients.len() {
            for transmit in std::mem::take(&mut self.clients[client].transmits) {
                self.send(Letter { client, is_to_server: true, packet: transmit.contents.to_vec() });
            }
        }
    }

    fn send(&mut self, letter: Letter) {
        let loss =
            if letter.is_to_server { self.loss } else { self.loss.max(self.clients[letter.client].loss) };
        if self.random() < loss {
            self.lost += 1;
            return;
        }
        let Some(waits) = self.wait_at_link(&letter) else { return };
        let arrives = self.now + waits + DELAY + self.jitter.mul_f64(self.random());
        self.sent += 1;
        self.on_the_way.insert((arrives, self.sent), letter);
    }

    /// How long a packet waits at a client's narrow link; `None` if its queue is full.
    fn wait_at_link(&mut self, letter: &Letter) -> Option<Duration> {
        let now = self.now;
        let client = &mut self.clients[letter.client];
        let Some(rate) = client.link.filter(|_| !letter.is_to_server) else { return Some(Duration::ZERO) };
        let bits = u32::try_from((letter.packet.len() + 28) * 8).unwrap();
        let free = client.link_free.max(now) + Duration::from_secs_f64(f64::from(bits) / rate);
        if free - now > Duration::from_millis(400) {
            self.lost += 1;
            return None;
        }
        client.link_free = free;
        Some(free - now)
    }

    /// A pseudo-random number between 0 and 1, the same in every run.
    fn random(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        f64::from(u32::try_from(self.chance >> 32).unwrap()) / f64::from(u32::MAX)
    }
}
