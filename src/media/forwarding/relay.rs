//! Forwards between endpoints: packets, key frame requests and messages; and the periodic work on layers and
//! speakers.

use std::{mem, time::Instant};

use str0m::{
    Event, Input,
    bwe::BweKind,
    channel::{ChannelData, ChannelId},
    media::KeyframeRequest,
    rtp::RtpPacket,
};

use super::{
    channels::{ChannelMessage, ChannelName},
    counts,
    endpoint::{Endpoint, guarded},
    incoming,
    shard::Shard,
};
use crate::media::{DataRelay, EndReason, EndpointId, Layer, MediaEvent, Publication, Role};

impl Shard {
    /// Sets the layer that a subscriber wants.
    pub fn layer(&mut self, id: EndpointId, layer: &Layer, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        endpoint.set_wanted_layer(layer);
        if let Some(source) = self.source_of(id) {
            self.update_subscribers(source, now);
        }
        self.process_outputs(now);
    }

    pub(super) fn on_event(&mut self, id: EndpointId, event: Event, now: Instant) {
        match event {
            Event::RtpPacket(packet) => self.on_packet(id, packet, now),
            Event::KeyframeRequest(request) => self.on_keyframe_request(id, &request, now),
            Event::ChannelData(ChannelData { id: channel, binary, data }) => {
                self.on_message(id, channel, &ChannelMessage { binary, data }, now);
            }
            Event::ChannelOpen(channel, label) => self.on_channel(id, channel, label, now),
            Event::Connected => self.on_connected(id, now),
            Event::Closed => self.schedule_end(id, Some(EndReason::Left)),
            other => {
                if let Some(endpoint) = self.endpoints.get_mut(&id) {
                    on_own_event(endpoint, other, now);
                }
            }
        }
    }

    fn on_connected(&mut self, id: EndpointId, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        endpoint.on_connected();
        if let Some(source) = self.source_of(id) {
            self.update_subscribers(source, now);
        }
    }

    /// Forwards a packet to all subscribers of its publisher.
    fn on_packet(&mut self, from: EndpointId, packet: RtpPacket, now: Instant) {
        let Some(publisher) = self.endpoints.get_mut(&from) else { return };
        let Endpoint { incoming, rtc, .. } = publisher;
        let received = guarded(|| incoming::receive(incoming, rtc, from, packet)).flatten();
        let Some((packet, is_new)) = received else { return };
        publisher.on_flowing(packet.track.kind);
        if is_new {
            self.update_subscribers(from, now);
        }
        // Subscribers do not change meanwhile: endings wait, see `Shard::end`.
        let Some(publisher) = self.endpoints.get_mut(&from) else { return };
        let subscribers = mem::take(&mut publisher.subscribers);
        for id in &subscribers {
            let Some(subscriber) = self.endpoints.get_mut(id).filter(|one| one.was_connected()) else {
                continue;
            };
            match forward(subscriber, &packet) {
                Some(true) => {
                    self.counts.forwarded += 1;
                    if !mem::replace(&mut subscriber.has_written, true) {
                        self.written.push_back(*id);
                    }
                }
                Some(false) => subscriber.check_codec(&packet),
                None => self.schedule_end(*id, Some(EndReason::Fault)),
            }
        }
        if let Some(publisher) = self.endpoints.get_mut(&from) {
            publisher.subscribers = subscribers;
        }
    }

    fn on_keyframe_request(&mut self, id: EndpointId, request: &KeyframeRequest, now: Instant) {
        self.counts.keyframes_wanted += 1;
        let Some(endpoint) = self.endpoints.get(&id) else { return };
        let Some(track) = endpoint.outgoing.iter().find(|track| track.mid == request.mid) else { return };
        let (key, Some(layer)) = (track.key, track.layer()) else { return };
        let Some(source) = self.source_of(id).and_then(|source| self.endpoints.get_mut(&source)) else {
            return;
        };
        source
            .incoming
            .iter_mut()
            .filter(|track| track.key == key)
            .for_each(|track| track.want_keyframe(layer));
        let source = source.id;
        self.ask_for_keyframes(source, now);
    }

    /// Forwards a message.
    fn on_message(&mut self, from: EndpointId, channel: ChannelId, message: &ChannelMessage, now: Instant) {
        let Some(sender) = self.endpoints.get_mut(&from) else { return };
        let Role::Publish(Publication { data, .. }) = &sender.role else { return };
        let is_to_room = match data {
            DataRelay::Subscribers => false,
            DataRelay::Room(_) if sender.channels.is_agreed(channel) => true,
            DataRelay::None | DataRelay::Room(_) => return,
        };
        sender.channels.on_message(&mut sender.rtc, channel);
        let Some(name) = sender.channels.take_message(channel, message, now) else {
            self.counts.messages_dropped += 1;
            return;
        };
        let receivers = if is_to_room { self.other_publishers(from) } else { sender.subscribers.clone() };
        for id in receivers {
            self.say(id, &name, message, is_to_room, now);
        }
    }

    /// Handles an opened channel: sends the retained last messages of the others to its client.
    fn on_channel(&mut self, id: EndpointId, channel: ChannelId, label: String, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        endpoint.channels.on_open(channel, label);
        let Some(label) = endpoint.channels.retained_label(channel).map(str::to_owned) else { return };
        let others = self.other_publishers(id).into_iter().filter_map(|other| self.endpoints.get(&other));
        let retained: Vec<_> = others.filter_map(|other| other.channels.last(&label).cloned()).collect();
        let name = ChannelName::Label(label);
        for message in retained {
            self.say(id, &name, &message, true, now);
        }
    }

    /// The other publishers in the room of `id`.
    fn other_publishers(&self, id: EndpointId) -> Vec<EndpointId> {
        let room = self.endpoints.get(&id).and_then(|endpoint| self.rooms.get(&endpoint.owner.room));
        let publishers = room.into_iter().flat_map(|room| room.publishers.values().copied());
        publishers.filter(|other| *other != id).collect()
    }

    fn say(
        &mut self,
        to: EndpointId,
        name: &ChannelName,
        message: &ChannelMessage,
        is_to_room: bool,
        now: Instant,
    ) {
        let Some(channel) = self.channel_to(to, name, now) else { return };
        let Some(receiver) = self.endpoints.get_mut(&to) else { return };
        if is_to_room && !receiver.channels.is_agreed(channel) {
            return;
        }
        let rtc = &mut receiver.rtc;
        let written = guarded(|| {
            rtc.channel(channel)
                .is_some_and(|mut channel| channel.write(message.binary, &message.data).unwrap_or_default())
        });
        match written {
            Some(true) => self.counts.messages += 1,
            Some(false) => self.counts.messages_dropped += 1,
            None => return self.schedule_end(to, Some(EndReason::Fault)),
        }
        self.drive(to, None, now);
    }

    /// The channel on which an endpoint's client hears messages of channels with that name.
    fn channel_to(&mut self, id: EndpointId, name: &ChannelName, now: Instant) -> Option<ChannelId> {
        let endpoint = self.endpoints.get_mut(&id)?;
        let open = endpoint.channels.called(name);
        let (None, ChannelName::Stream(stream)) = (open, name) else { return open };
        let Endpoint { channels, rtc, .. } = endpoint;
        let negotiated = guarded(|| channels.negotiate(rtc, *stream)).flatten();
        if negotiated.is_some() {
            // The library opens it, so that the message can be sent at once.
            self.drive(id, Some(Input::Timeout(now)), now);
        }
        negotiated
    }

    pub(super) fn tick(&mut self, now: Instant) {
        let mut publishers = Vec::new();
        let mut lost = Vec::new();
        for endpoint in self.endpoints.values() {
            lost.extend(endpoint.is_lost(now).map(|reason| (endpoint.id, reason)));
            publishers.extend(endpoint.is_publisher().then_some(endpoint.id));
        }
        for (id, reason) in lost {
            self.schedule_end(id, Some(reason));
        }
        for id in publishers {
            self.update_subscribers(id, now);
        }
        self.report_silence(now);
        self.find_speakers(now);
    }

    /// Chooses the layers of a publisher's subscribers, and requests the key frames that they need.
    pub(super) fn update_subscribers(&mut self, publisher: EndpointId, now: Instant) {
        let Some(source) = self.endpoints.get(&publisher) else { return };
        let offered: Vec<_> = source.incoming.iter().map(|track| (track.key, track.offered(now))).collect();
        let subscribers = source.subscribers.clone();
        let mut wanted = Vec::new();
        for id in subscribers {
            let Some(subscriber) = self.endpoints.get_mut(&id).filter(|one| one.was_connected()) else {
                continue;
            };
            let (wanted_layer, estimate) = (subscriber.wanted_layer, subscriber.estimate_for_each());
            for (key, layers) in &offered {
                let own = subscriber.outgoing.iter_mut().filter(|track| track.key == *key);
                for track in own {
                    track.choose(layers.clone(), wanted_layer, estimate, now);
                    wanted.extend(track.awaits().map(|layer| (*key, layer)));
                }
            }
            subscriber.probe(offered.iter().flat_map(|(_, layers)| layers).map(|layer| layer.rate));
        }
        if let Some(source) = self.endpoints.get_mut(&publisher) {
            for (key, layer) in wanted {
                let own = source.incoming.iter_mut().filter(|track| track.key == key);
                own.for_each(|track| track.want_keyframe(layer));
            }
        }
        self.ask_for_keyframes(publisher, now);
    }

    fn ask_for_keyframes(&mut self, publisher: EndpointId, now: Instant) {
        let Some(Endpoint { incoming, rtc, .. }) = self.endpoints.get_mut(&publisher) else { return };
        let asked = guarded(|| incoming.iter_mut().map(|track| track.ask(rtc, now)).sum::<usize>());
        if let Some(asked @ 1..) = asked {
            self.counts.keyframes_asked += asked as u64;
            self.drive(publisher, None, now);
        }
    }

    fn find_speakers(&mut self, now: Instant) {
        let Self { rooms, endpoints, .. } = self;
        for room in rooms.iter_mut() {
            let levels = room.publishers.iter().filter_map(|(participant, id)| {
                let sounds = endpoints.get(id)?.incoming.iter().filter(|track| track.key.kind.is_audio());
                let level = sounds.map(|track| track.loudness.now(now)).reduce(f32::max)?;
                Some((*participant, level))
            });
            let levels: Vec<_> = levels.collect();
            let is_new = room.speaker.update(&levels, now);
            let speaker = room.speaker.current();
            if !is_new && speaker.is_none() {
                continue;
            }
            // Participants who have joined since are told too.
            let before = mem::take(&mut room.told_speaker);
            for endpoint in room.endpoints.iter().filter_map(|id| endpoints.get(id)) {
                let participant = endpoint.owner.participant;
                if room.told_speaker.contains(&participant) {
                    continue;
                }
                room.told_speaker.push(participant);
                if is_new || !before.contains(&participant) {
                    endpoint.tell(MediaEvent::ActiveSpeaker(speaker));
                }
            }
        }
    }
}

/// Handles an event that concerns only the endpoint itself.
fn on_own_event(endpoint: &mut Endpoint, event: Event, now: Instant) {
    match event {
        Event::IceConnectionStateChange(state) => endpoint.on_ice_state(state, now),
        Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
            endpoint.estimate = Some(estimate.as_f64());
        }
        Event::ChannelClose(channel) => endpoint.channels.on_close(channel),
        Event::MediaEgressStats(stats) => {
            counts::repeated("in", endpoint.newly_repeated(("in", stats.mid, stats.rid), stats.nacks));
        }
        Event::MediaIngressStats(stats) => {
            counts::repeated("out", endpoint.newly_repeated(("out", stats.mid, stats.rid), stats.nacks));
        }
        _ => {}
    }
}

/// Forwards a packet to a subscriber; returns whether a track took it, and `None` after a fault.
fn forward(subscriber: &mut Endpoint, packet: &incoming::Packet) -> Option<bool> {
    let Endpoint { outgoing, rtc, .. } = subscriber;
    // At most one track of the subscriber belongs to a publisher's track.
    guarded(|| outgoing.iter_mut().any(|track| track.forward(rtc, packet)))
}
