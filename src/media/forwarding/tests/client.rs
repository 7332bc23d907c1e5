//! A test client: the media part of a browser.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId},
    media::{Direction, MediaKind, Simulcast, SimulcastLayer},
    net::{Protocol, Receive, Transmit},
    rtp::{RtpPacket, Vp8Descriptor},
};

use super::camera::{Camera, Content};
use crate::{
    core::model::lock::lock,
    media::{DataChannel, EndpointId, MediaEvent, MediaListener, Owner},
};

/// The contents of a client's offer.
#[derive(Clone, Default)]
pub struct Offer {
    /// Names of layers, if it sends several.
    pub layers: Vec<&'static str>,
    pub channels: Vec<DataChannel>,
    /// Channels that it opens by itself.
    pub own_channels: Vec<&'static str>,
    pub microphone: Option<i8>,
    /// True if it wants its own media back.
    pub loopback: bool,
}

pub struct TestClient {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub owner: Owner,
    pub endpoint: Option<EndpointId>,
    pub cameras: Vec<Camera>,
    pub got: Vec<Got>,
    pub sounds: usize,
    pub messages: Vec<(String, Vec<u8>)>,
    /// Number of key frame requests that it received.
    pub asked: usize,
    /// True while no packet passes in either direction.
    pub is_away: bool,
    /// Share of lost packets to it, 0 to 1.
    pub loss: f64,
    /// Capacity of a narrow link to it, in bits per second.
    pub link: Option<f64>,
    pub link_free: Instant,
    pub pending: Option<SdpPendingOffer>,
    pub deadline: Option<Instant>,
    pub transmits: Vec<Transmit>,
    channels: Vec<(ChannelId, String)>,
    told: Arc<Mutex<Vec<MediaEvent>>>,
    tag: u8,
}

/// A received video packet.
#[derive(Debug, Clone)]
pub struct Got {
    pub sequence: u64,
    pub time: u32,
    pub picture: u16,
    pub is_key: bool,
    pub content: Content,
    pub at: Instant,
}

fn add_channels(changes: &mut SdpApi<'_>, offer: &Offer) -> Vec<(ChannelId, String)> {
    let negotiated = offer.channels.iter().map(|channel| (Some(channel.id), channel.label.as_str()));
    let own = offer.own_channels.iter().map(|label| (None, *label));
    let all = negotiated.chain(own).map(|(negotiated, label)| {
        let config = ChannelConfig { label: label.to_owned(), negotiated, ..ChannelConfig::default() };
        (changes.add_channel_with_config(config), label.to_owned())
    });
    all.collect()
}

impl TestClient {
    pub fn new(tag: u8, owner: Owner, now: Instant) -> Self {
        Self::configured(
            tag,
            owner,
            Rtc::builder().clear_codecs().enable_opus(true, false).enable_vp8(true),
            now,
        )
    }

    pub fn configured(tag: u8, owner: Owner, config: RtcConfig, now: Instant) -> Self {
        let address = SocketAddr::from(([10, 1, 0, tag], 5_000));
        let mut rtc = config.set_rtp_mode(true).build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        Self {
            rtc,
            address,
            owner,
            endpoint: None,
            cameras: Vec::new(),
            got: Vec::new(),
            sounds: 0,
            messages: Vec::new(),
            asked: 0,
            is_away: false,
            loss: 0.0,
            link: None,
            link_free: now,
            pending: None,
            deadline: None,
            transmits: Vec::new(),
            channels: Vec::new(),
            told: Arc::default(),
            tag,
        }
    }

    /// Offers to send.
    pub fn offer_to_send(&mut self, offer: &Offer, now: Instant) -> String {
        let direction = if offer.loopback { Direction::SendRecv } else { Direction::SendOnly };
        let mut changes = self.rtc.sdp_api();
        if let Some(level) = offer.microphone {
            let mid = changes.add_media(MediaKind::Audio, direction, None, None, None);
            self.cameras.push(Camera::microphone(mid, level, self.tag, now));
        }
        let simulcast = (!offer.layers.is_empty()).then(|| {
            let mut simulcast = Simulcast::new();
            offer.layers.iter().for_each(|layer| simulcast.add_send_layer(SimulcastLayer::new(layer)));
            simulcast
        });
        let mid = changes.add_media(MediaKind::Video, direction, None, None, simulcast);
        if offer.layers.is_empty() {
            self.cameras.push(Camera::new(mid, None, self.tag, now));
        }
        for (index, layer) in offer.layers.iter().enumerate() {
            let mut camera = Camera::new(mid, Some((*layer).into()), self.tag, now);
            camera.size = 100 << (2 * index);
            self.cameras.push(camera);
        }
        self.channels.extend(add_channels(&mut changes, offer));
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Offers to receive; of `offer`, only the channels count.
    pub fn offer_to_receive(&mut self, offer: &Offer) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        self.channels.extend(add_channels(&mut changes, offer));
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Offers to find a new path.
    pub fn offer_restart(&mut self) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn take_answer(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    pub fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        self.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
    }

    /// Sends a message on a channel; `false` if the channel is not open yet.
    pub fn say(&mut self, label: &str, message: &[u8]) -> bool {
        let (id, _) = self.channels.iter().find(|(_, own)| own == label).unwrap();
        self.rtc.channel(*id).is_some_and(|mut channel| channel.write(true, message).unwrap())
    }

    pub fn receive(&mut self, source: SocketAddr, packet: &[u8], now: Instant) {
        let receive = Receive::new(Protocol::Udp, source, self.address, packet).unwrap();
        self.feed(Input::Receive(now, receive), now);
    }

    pub fn advance(&mut self, now: Instant) {
        if self.deadline.is_some_and(|at| at <= now) {
            self.poke(now);
        }
        let mut cameras = std::mem::take(&mut self.cameras);
        for camera in &mut cameras {
            if self.rtc.is_connected() && camera.next <= now {
                camera.send(&mut self.rtc, now, |rtc| {
                    drain(rtc, now, &mut self.transmits, &mut self.deadline, &mut Vec::new());
                });
                self.poke(now);
            }
        }
        self.cameras = cameras;
        self.drain(now);
    }

    pub fn wakes_at(&self) -> Option<Instant> {
        let cameras = self.cameras.iter().filter(|_| self.rtc.is_connected()).map(|camera| camera.next);
        self.deadline.into_iter().chain(cameras).min()
    }

    pub fn poke(&mut self, now: Instant) {
        self.feed(Input::Timeout(now), now);
    }

    fn feed(&mut self, input: Input, now: Instant) {
        if self.rtc.handle_input(input).is_err() {
            self.rtc.disconnect();
        }
        self.drain(now);
    }

    pub fn drain(&mut self, now: Instant) {
        let mut events = Vec::new();
        drain(&mut self.rtc, now, &mut self.transmits, &mut self.deadline, &mut events);
        for event in events {
            self.on_event(event, now);
        }
    }

    fn on_event(&mut self, event: Event, now: Instant) {
        match event {
            Event::RtpPacket(packet) => self.on_packet(&packet, now),
            Event::KeyframeRequest(request) => {
                self.asked += 1;
                let own = self.cameras.iter_mut().filter(|camera| camera.mid == request.mid);
                own.filter(|camera| camera.rid == request.rid).for_each(|camera| camera.wants_key = true);
            }
            Event::ChannelOpen(id, label) if !self.channels.iter().any(|(own, _)| *own == id) => {
                self.channels.push((id, label));
            }
            Event::ChannelData(data) => {
                let (_, label) = self.channels.iter().find(|(id, _)| *id == data.id).unwrap();
                self.messages.push((label.clone(), data.data));
            }
            _ => {}
        }
    }

    fn on_packet(&mut self, packet: &RtpPacket, now: Instant) {
        let params = self.rtc.codec_config().find(|params| params.pt() == packet.header.payload_type);
        if params.unwrap().spec().codec.is_audio() {
            self.sounds += 1;
            return;
        }
        let descriptor = Vp8Descriptor::parse(&packet.payload).unwrap();
        self.got.push(Got {
            sequence: *packet.seq_no,
            time: packet.header.timestamp,
            picture: descriptor.picture_id().unwrap(),
            is_key: descriptor.starts_keyframe(&packet.payload),
            content: Content::of(&packet.payload),
            at: now,
        });
    }

    /// Takes the events of its endpoint since the last call.
    pub fn told(&self) -> Vec<MediaEvent> {
        std::mem::take(&mut *lock(&self.told))
    }

    pub fn listener(&self) -> Arc<dyn MediaListener> {
        let told = self.told.clone();
        Arc::new(move |_: EndpointId, event: MediaEvent| lock(&told).push(event))
    }
}

fn drain(
    rtc: &mut Rtc,
    now: Instant,
    transmits: &mut Vec<Transmit>,
    deadline: &mut Option<Instant>,
    events: &mut Vec<Event>,
) {
    let mut is_told = false;
    loop {
        let Ok(output) = rtc.poll_output() else { return rtc.disconnect() };
        match output {
            Output::Transmit(transmit) => transmits.push(transmit),
            Output::Event(event) => events.push(event),
            Output::Timeout(at) if at <= now && !is_told => {
                is_told = true;
                let _ = rtc.handle_input(Input::Timeout(now));
            }
            Output::Timeout(at) => {
                *deadline = Some(at.max(now + std::time::Duration::from_micros(500)));
                return;
            }
        }
    }
}

/// Checks that `got` is one continuous stream: no number is missing or reused, and frames and times increase.
pub fn assert_whole(got: &[Got]) {
    let mut sorted = got.to_vec();
    sorted.sort_by_key(|packet| packet.sequence);
    assert!(sorted[0].is_key, "starts in the middle: {:?}", sorted[0]);
    for pair in sorted.windows(2) {
        let [before, after] = pair else { unreachable!() };
        assert_eq!(before.sequence + 1, after.sequence, "{before:?} {after:?}");
        let pictures = after.picture.wrapping_sub(before.picture) & 0x7fff;
        assert!(pictures <= 1, "{before:?} {after:?}");
        assert!(after.time.wrapping_sub(before.time) < 90_000 * 60, "{before:?} {after:?}");
        let is_change =
            (before.content.tag, before.content.layer) != (after.content.tag, after.content.layer);
        let is_same_picture = !is_change && before.content.frame == after.content.frame;
        assert_eq!(pictures == 0, is_same_picture, "{before:?} {after:?}");
        assert!(!is_change || after.is_key, "{before:?} {after:?}");
    }
}
