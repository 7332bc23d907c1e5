//! A shard: a share of all rooms with their endpoints. Without I/O: datagrams are values, and callers pass
//! `now`.
//!
//! Every endpoint is driven alone: one input, then all its outputs (`Endpoint::drive`). Outputs for other
//! endpoints wait in `out` until `process_outputs`, and are handled in `relay`. Packets that come together
//! are handled together: driving an endpoint costs more than its packets, so an endpoint that gets several is
//! driven once.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    mem,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Input,
    net::{Protocol, Receive, Transmit},
};

use super::{
    channels::relays_data,
    counts::{self, Counts},
    demux::Demux,
    endpoint::{Endpoint, Out, guarded},
    limits::Account,
    local::Local,
    rooms::Rooms,
    track::TrackKey,
};
use crate::{
    core::model::ids::ParticipantId,
    media::{
        DescriptionError, EndReason, EndpointError, EndpointId, MediaEvent, NegotiationError, NewEndpoint,
        Role,
    },
};

/// Interval of the periodic work: layers, key frames, speakers, lost clients.
pub const TICK: Duration = Duration::from_millis(300);

/// Rooms and endpoints.
pub struct Shard {
    local: Local,
    account: Arc<Account>,
    pub(super) endpoints: HashMap<EndpointId, Endpoint>,
    pub(super) rooms: Rooms,
    pub(super) demux: Demux,
    pub(super) out: Out,
    pub(super) counts: Counts,
    /// Endpoints with written packets that are not sent yet; each once.
    pub(super) written: VecDeque<EndpointId>,
    timers: BTreeSet<(Instant, EndpointId)>,
    next_tick: Option<Instant>,
    ended: Vec<(EndpointId, Option<EndReason>)>,
}

impl Shard {
    /// Makes a shard without rooms.
    pub fn new(local: Local, account: Arc<Account>) -> Self {
        Self {
            local,
            account,
            endpoints: HashMap::new(),
            rooms: Rooms::default(),
            demux: Demux::default(),
            out: Out::default(),
            counts: Counts::default(),
            written: VecDeque::new(),
            timers: BTreeSet::new(),
            next_tick: None,
            ended: Vec::new(),
        }
    }

    /// Opens an endpoint by answering a client's offer.
    pub fn answer(
        &mut self,
        id: EndpointId,
        new: NewEndpoint,
        offer: &str,
        now: Instant,
    ) -> Result<String, EndpointError> {
        let mut endpoint = self.build(id, new, now)?;
        let answer = endpoint.answer(offer)?;
        self.admit(endpoint, now);
        Ok(answer)
    }

    /// Opens an endpoint that subscribes, by making an offer.
    pub fn offer(&mut self, id: EndpointId, new: NewEndpoint, now: Instant) -> Result<String, EndpointError> {
        let mut endpoint = self.build(id, new, now)?;
        let Role::Subscribe { source } = endpoint.role else {
            return Err(DescriptionError::OutOfPlace.into());
        };
        let published = self.publisher(&endpoint, source).map(tracks_of).unwrap_or_default();
        let offer = endpoint.offer(&published)?;
        self.admit(endpoint, now);
        Ok(offer)
    }

    /// Applies the client's answer to an offer.
    pub fn accept(&mut self, id: EndpointId, answer: &str, now: Instant) -> Result<(), NegotiationError> {
        let endpoint = self.endpoints.get_mut(&id).ok_or(NegotiationError::NoSuchEndpoint)?;
        let accepted = endpoint.accept(answer);
        self.report_missing_codecs(id);
        self.carry_on(id, now);
        Ok(accepted?)
    }

    /// Answers a later offer.
    pub fn reoffer(&mut self, id: EndpointId, offer: &str, now: Instant) -> Result<String, NegotiationError> {
        let endpoint = self.endpoints.get_mut(&id).ok_or(NegotiationError::NoSuchEndpoint)?;
        let answer = endpoint.answer(offer);
        let ufrag = endpoint.ufrag();
        self.demux.name(id, ufrag);
        self.report_missing_codecs(id);
        self.carry_on(id, now);
        Ok(answer?)
    }

    /// Closes an endpoint without an event to its listener.
    pub fn close(&mut self, id: EndpointId, now: Instant) {
        self.schedule_end(id, None);
        self.process_outputs(now);
    }

    /// Closes all endpoints.
    pub fn close_all(&mut self, now: Instant) {
        let all: Vec<_> = self.endpoints.keys().copied().collect();
        for id in all {
            self.schedule_end(id, None);
        }
        self.process_outputs(now);
        self.counts.tell();
    }

    /// Handles a packet from `source` to `destination`, an advertised address.
    ///
    /// The caller [processes](Self::process_outputs) its outputs, together with those of packets that came at
    /// the same time.
    pub fn receive(
        &mut self,
        protocol: Protocol,
        source: SocketAddr,
        destination: SocketAddr,
        packet: &[u8],
        now: Instant,
    ) {
        self.counts.received.add(packet.len());
        let from = (protocol, source);
        let found = self.demux.find(&from, packet).and_then(|id| self.endpoints.get_mut(&id));
        let (Some(endpoint), Ok(receive)) = (found, Receive::new(protocol, source, destination, packet))
        else {
            self.counts.unknown += 1;
            return;
        };
        let (id, input) = (endpoint.id, Input::Receive(now, receive));
        // Verifies the sender, for packets that carry a proof.
        if guarded(|| endpoint.rtc.accepts(&input)) != Some(true) {
            self.counts.unknown += 1;
            return;
        }
        if let Some(event) = endpoint.silence.on_heard(now) {
            endpoint.tell(event);
        }
        if is_stun(packet) {
            self.demux.learn(id, from);
        }
        self.drive(id, Some(input), now);
    }

    /// Runs the timers that are due.
    pub fn advance(&mut self, now: Instant) {
        while let Some(&(at, id)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            self.counts.lag = self.counts.lag.max(now - at);
            self.drive(id, Some(Input::Timeout(now)), now);
            self.process_outputs(now);
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.tick(now);
            self.process_outputs(now);
            self.counts.tell();
            self.next_tick = (!self.endpoints.is_empty()).then_some(now + TICK);
        }
    }

    /// When the next timer is due.
    pub fn wakes_at(&self) -> Option<Instant> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.next_tick).min()
    }

    /// Takes the next packet for a client.
    pub fn transmit(&mut self) -> Option<Transmit> {
        let transmit = self.out.transmits.pop_front()?;
        self.counts.sent.add(transmit.contents.len());
        Some(transmit)
    }

    /// Counts a packet that the network did not accept.
    pub fn count_dropped(&mut self) {
        self.counts.dropped += 1;
    }

    fn build(&self, id: EndpointId, new: NewEndpoint, now: Instant) -> Result<Endpoint, EndpointError> {
        let source = match &new.role {
            Role::Publish(_) => None,
            Role::Subscribe { source } => {
                let room = self.rooms.get(&new.owner.room);
                let publisher = room.and_then(|room| room.publishers.get(source)).copied();
                Some(publisher.and_then(|id| self.endpoints.get(&id)).ok_or(EndpointError::NotPublished)?)
            }
        };
        let has_layers = source.is_some_and(|source| source.has_layers);
        let relays_data = relays_data(&new.role, source);
        let rtc = guarded(|| self.local.connection(has_layers, now)).ok_or(EndpointError::Unavailable)?;
        let mut endpoint = Endpoint::new(id, new, has_layers, rtc, now);
        endpoint.channels.are_relayed = relays_data;
        Ok(endpoint)
    }

    /// Adds an endpoint to its room.
    fn admit(&mut self, mut endpoint: Endpoint, now: Instant) {
        let (id, owner) = (endpoint.id, endpoint.owner.clone());
        self.demux.name(id, endpoint.ufrag());
        counts::opened(endpoint.is_publisher());
        let room = self.rooms.enter(&owner.room);
        room.endpoints.push(id);
        if endpoint.is_publisher()
            && let Some(earlier) = room.publishers.insert(owner.participant, id)
        {
            self.schedule_end(earlier, Some(EndReason::Replaced));
        }
        let source = endpoint.source();
        self.endpoints.insert(id, endpoint);
        if let Some(publisher) = source.and_then(|source| self.publisher_in(id, source)) {
            self.subscribe(id, publisher);
        }
        if self.endpoints[&id].is_publisher() {
            self.subscribe_waiting(id);
        }
        self.next_tick.get_or_insert(now + TICK);
        if self.endpoints[&id].pending.is_none() {
            self.report_missing_codecs(id);
        }
        self.carry_on(id, now);
    }

    /// Connects the subscribers of this participant's former publication to `publisher`.
    fn subscribe_waiting(&mut self, publisher: EndpointId) {
        let owner = &self.endpoints[&publisher].owner;
        let Some(room) = self.rooms.get(&owner.room) else { return };
        let is_waiting = |id: &EndpointId| {
            let endpoint = self.endpoints.get(id);
            endpoint.is_some_and(|endpoint| {
                !endpoint.is_publisher() && endpoint.source() == Some(owner.participant)
            })
        };
        let waiting: Vec<_> = room.endpoints.iter().copied().filter(is_waiting).collect();
        for id in waiting {
            self.subscribe(id, publisher);
        }
    }

    fn subscribe(&mut self, id: EndpointId, publisher: EndpointId) {
        if let Some(publisher) = self.endpoints.get_mut(&publisher)
            && !publisher.subscribers.contains(&id)
        {
            publisher.subscribers.push(id);
        }
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.forget_source();
        }
    }

    fn publisher(&self, endpoint: &Endpoint, source: ParticipantId) -> Option<&Endpoint> {
        let room = self.rooms.get(&endpoint.owner.room)?;
        self.endpoints.get(room.publishers.get(&source)?)
    }

    fn publisher_in(&self, id: EndpointId, source: ParticipantId) -> Option<EndpointId> {
        Some(self.publisher(self.endpoints.get(&id)?, source)?.id)
    }

    /// The endpoint whose media an endpoint receives.
    pub(super) fn source_of(&self, id: EndpointId) -> Option<EndpointId> {
        self.publisher_in(id, self.endpoints.get(&id)?.source()?)
    }

    /// Drives an endpoint after a change, and processes all outputs.
    fn carry_on(&mut self, id: EndpointId, now: Instant) {
        self.drive(id, Some(Input::Timeout(now)), now);
        self.process_outputs(now);
    }

    pub(super) fn drive(&mut self, id: EndpointId, input: Option<Input>, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        let driven = endpoint.drive(input, now, &mut self.out);
        let is_alive = guarded(|| endpoint.rtc.is_alive()) == Some(true);
        match driven {
            Ok(at) if is_alive => {
                let before = endpoint.deadline.replace(at);
                if before != Some(at) {
                    before.map(|before| self.timers.remove(&(before, id)));
                    self.timers.insert((at, id));
                }
            }
            Ok(_) => self.schedule_end(id, Some(EndReason::Left)),
            Err(failed) => self.schedule_end(id, Some(failed.into())),
        }
    }

    /// Handles all outputs of endpoints, until there are none.
    pub fn process_outputs(&mut self, now: Instant) {
        loop {
            while let Some((id, event)) = self.out.events.pop_front() {
                self.on_event(id, event, now);
            }
            if let Some(id) = self.written.pop_front() {
                self.send_written(id, now);
                continue;
            }
            let ended = mem::take(&mut self.ended);
            if ended.is_empty() {
                return;
            }
            for (id, reason) in ended {
                self.remove(id, reason, now);
            }
        }
    }

    fn send_written(&mut self, id: EndpointId, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.has_written = false;
        }
        self.drive(id, Some(Input::Timeout(now)), now);
    }

    /// Ends an endpoint after the current work.
    pub(super) fn schedule_end(&mut self, id: EndpointId, reason: Option<EndReason>) {
        self.ended.push((id, reason));
    }

    fn remove(&mut self, id: EndpointId, reason: Option<EndReason>, now: Instant) {
        let Some(mut endpoint) = self.endpoints.remove(&id) else { return };
        if reason != Some(EndReason::Fault) {
            endpoint.send_close(now, &mut self.out);
        }
        self.out.events.retain(|(other, _)| *other != id);
        if let Some(at) = endpoint.deadline {
            self.timers.remove(&(at, id));
        }
        self.demux.forget(id);
        self.rooms.leave(&endpoint.owner.room, id);
        for other in self.endpoints.values_mut() {
            other.subscribers.retain(|subscriber| *subscriber != id);
        }
        counts::ended(endpoint.is_publisher(), reason);
        let was_closed = self.account.remove(id).is_none();
        if let Some(reason) = reason.filter(|_| !was_closed) {
            endpoint.tell(MediaEvent::Closed(reason));
        }
    }
}

#[cfg(test)]
impl Shard {
    /// The numbers of endpoints, names and timers.
    pub fn occupancy(&self) -> (usize, usize, usize) {
        (self.endpoints.len(), self.demux.len(), self.timers.len())
    }

    /// The ICE name of the endpoint.
    pub fn name_of(&mut self, id: EndpointId) -> String {
        self.endpoints.get_mut(&id).map(Endpoint::ufrag).unwrap_or_default()
    }

    /// Makes the next step of the endpoint panic.
    pub fn break_endpoint(&mut self, id: EndpointId) {
        self.endpoints.get_mut(&id).expect("there is one").is_broken = true;
    }
}

fn tracks_of(publisher: &Endpoint) -> Vec<TrackKey> {
    publisher.incoming.iter().map(|track| track.key).collect()
}

fn is_stun(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| *first < 2)
}
