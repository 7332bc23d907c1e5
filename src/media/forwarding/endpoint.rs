//! One endpoint: a WebRTC connection with its tracks, channels and lifetime.

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Event, IceConnectionState, Input, Output, Rtc,
    bwe::Bitrate,
    change::SdpPendingOffer,
    media::{MediaKind, Mid, Rid},
    net::Transmit,
};

use super::{
    channels::Channels, codecs::Missing, incoming::Incoming, layers::SHARE, outgoing::Outgoing,
    silence::Silence,
};
use crate::{
    core::model::ids::ParticipantId,
    media::{EndReason, EndpointId, Layer, MediaEvent, MediaListener, NewEndpoint, Owner, Role},
};

/// How long a client has to connect.
const CONNECTS_WITHIN: Duration = Duration::from_secs(30);

/// How long a client that has been silent for sixteen seconds may still come back.
///
/// Long enough for a change of network.
const RETURNS_WITHIN: Duration = Duration::from_secs(15);

/// The most outputs of one drain: far more than any input causes. A fault in the library must not block the
/// shard.
const MAX_ROUNDS: usize = 20_000;

/// The shortest time until the next timer, for a timer that is due again and again.
const BREATH: Duration = Duration::from_millis(1);

/// The outputs of endpoints, in order.
#[derive(Default)]
pub struct Out {
    /// Packets to clients.
    pub transmits: VecDeque<Transmit>,
    /// Events for the shard.
    pub events: VecDeque<(EndpointId, Event)>,
}

/// Why an endpoint has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The connection is broken: the client gave up, or its certificate does not match.
    Broken,
    /// A fault of the server or of the library.
    Fault,
}

impl From<Failed> for EndReason {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Broken => Self::Lost,
            Failed::Fault => Self::Fault,
        }
    }
}

/// The server's end of a client's connection.
pub struct Endpoint {
    /// The endpoint's id.
    pub id: EndpointId,
    /// The endpoint's owner.
    pub owner: Owner,
    /// The endpoint's direction.
    pub role: Role,
    /// The connection.
    pub rtc: Rtc,
    /// An offer of the server that awaits its answer.
    pub pending: Option<SdpPendingOffer>,
    /// Tracks from the client.
    pub incoming: Vec<Incoming>,
    /// Tracks to the client.
    pub outgoing: Vec<Outgoing>,
    /// The endpoints that receive this one's media; with loopback, this one is among them.
    pub subscribers: Vec<EndpointId>,
    /// The endpoint's data channels.
    pub channels: Channels,
    /// True if a video from or to the client has more than one layer.
    pub has_layers: bool,
    /// The layer that its owner chose.
    pub wanted_layer: Option<Rid>,
    /// Estimated capacity of the connection in bits per second, if measured.
    pub estimate: Option<f64>,
    /// The current and the desired rate, in bits per second.
    aim: (u64, u64),
    /// When its next timer is due.
    pub deadline: Option<Instant>,
    /// How long it has not been heard.
    pub silence: Silence,
    /// Media without a common codec.
    pub missing: Missing,
    /// True while written packets wait in the library. They are sent when the library is polled with a new
    /// time.
    pub has_written: bool,
    listener: Arc<dyn MediaListener>,
    life: Life,
    has_flowed: [bool; 2],
    /// For each stream, the number of repeated packets when it was last published.
    repeated: HashMap<StreamName, u64>,
    #[cfg(test)]
    pub is_broken: bool,
}

/// Direction, media section and layer of a stream.
pub type StreamName = (&'static str, Mid, Option<Rid>);

#[derive(Debug, Clone, Copy)]
enum Life {
    /// Opened at this time.
    Opened(Instant),
    Connected,
    /// Was connected, and has been silent since this time.
    Unheard(Instant),
}

impl Endpoint {
    /// Makes an endpoint before negotiation. With `has_layers` it receives video with several layers.
    pub fn new(id: EndpointId, new: NewEndpoint, has_layers: bool, rtc: Rtc, now: Instant) -> Self {
        let NewEndpoint { owner, role, listener } = new;
        Self {
            id,
            owner,
            role,
            rtc,
            pending: None,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            subscribers: Vec::new(),
            channels: Channels::default(),
            has_layers,
            wanted_layer: None,
            estimate: None,
            aim: (0, 0),
            deadline: None,
            has_written: false,
            silence: Silence::new(now),
            missing: Missing::default(),
            listener,
            life: Life::Opened(now),
            has_flowed: [false; 2],
            repeated: HashMap::new(),
            #[cfg(test)]
            is_broken: false,
        }
    }

    /// Feeds `input` to the connection and collects its outputs. Returns when its next timer is due.
    pub fn drive(&mut self, input: Option<Input>, now: Instant, out: &mut Out) -> Result<Instant, Failed> {
        guarded(|| {
            if let Some(input) = input {
                // Errors of the client's input are harmless, unless the connection is dead, which `drain`
                // notices.
                let _ = self.rtc.handle_input(input);
            }
            self.drain(now, out)
        })
        .unwrap_or(Err(Failed::Fault))
    }

    fn drain(&mut self, now: Instant, out: &mut Out) -> Result<Instant, Failed> {
        #[cfg(test)]
        assert!(!self.is_broken, "broken by a test");
        let mut is_told = false;
        for _ in 0..MAX_ROUNDS {
            match self.rtc.poll_output().map_err(|_| Failed::Broken)? {
                Output::Transmit(transmit) => out.transmits.push_back(transmit),
                Output::Event(event) => out.events.push_back((self.id, event)),
                Output::Timeout(at) if at > now => return Ok(at),
                // The library sends written packets only when it is told the time.
                Output::Timeout(_) if !is_told => {
                    is_told = true;
                    self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Failed::Broken)?;
                }
                Output::Timeout(_) => return Ok(now + BREATH),
            }
        }
        Err(Failed::Fault)
    }

    /// Tells the client that the connection ends.
    pub fn send_close(&mut self, now: Instant, out: &mut Out) {
        let _ = guarded(|| self.rtc.close().map(|()| self.drain(now, out)));
    }

    /// Sends an event to the listener.
    pub fn tell(&self, event: MediaEvent) {
        self.listener.on_media(self.id, event);
    }

    /// Records that the client has connected.
    pub fn on_connected(&mut self) {
        let is_first = matches!(self.life, Life::Opened(_));
        self.life = Life::Connected;
        if is_first {
            self.tell(MediaEvent::Connected);
        }
    }

    /// Records the state of ICE.
    pub fn on_ice_state(&mut self, state: IceConnectionState, now: Instant) {
        match (state, self.life) {
            (IceConnectionState::Disconnected, Life::Connected) => self.life = Life::Unheard(now),
            (IceConnectionState::Connected | IceConnectionState::Completed, Life::Unheard(_)) => {
                self.life = Life::Connected;
            }
            _ => {}
        }
    }

    /// Records that a packet of this kind has come.
    pub fn on_flowing(&mut self, kind: MediaKind) {
        let has_flowed = &mut self.has_flowed[usize::from(kind.is_video())];
        if !std::mem::replace(has_flowed, true) {
            self.tell(MediaEvent::Flowing(if kind.is_video() {
                crate::media::MediaKind::Video
            } else {
                crate::media::MediaKind::Audio
            }));
        }
    }

    /// True if the client has ever connected. A short silence does not interrupt its streams: omitted packets
    /// would be missed.
    pub fn was_connected(&self) -> bool {
        !matches!(self.life, Life::Opened(_))
    }

    /// The reason to end it, if the client has been silent for too long.
    pub fn is_lost(&self, now: Instant) -> Option<EndReason> {
        let is_lost = match self.life {
            Life::Opened(at) => now.saturating_duration_since(at) >= CONNECTS_WITHIN,
            Life::Unheard(at) => now.saturating_duration_since(at) >= RETURNS_WITHIN,
            Life::Connected => false,
        };
        is_lost.then_some(EndReason::Lost)
    }

    /// The participant whose media it receives.
    pub fn source(&self) -> Option<ParticipantId> {
        match &self.role {
            Role::Subscribe { source } => Some(*source),
            Role::Publish(publication) => publication.loopback.then_some(self.owner.participant),
        }
    }

    /// True if its client publishes.
    pub fn is_publisher(&self) -> bool {
        matches!(self.role, Role::Publish(_))
    }

    /// The number of repeated packets of a stream since the last call; `total` counts from the beginning.
    pub fn newly_repeated(&mut self, stream: StreamName, total: u64) -> u64 {
        let before = self.repeated.insert(stream, total).unwrap_or_default();
        total.saturating_sub(before)
    }

    /// The share of the estimated capacity for each video, in bits per second.
    pub fn estimate_for_each(&self) -> Option<f64> {
        let pictures = self.outgoing.iter().filter(|track| track.key.kind.is_video()).count().max(1);
        #[expect(clippy::cast_precision_loss, reason = "there are a few")]
        let pictures = pictures as f64;
        self.estimate.map(|estimate| estimate / pictures)
    }

    /// Makes the library probe for more capacity, up to the next of the layers' `rates` (bits per second).
    pub fn probe(&mut self, rates: impl Iterator<Item = f64> + Clone) {
        let Some(estimate) = self.estimate else { return };
        let best = rates.clone().fold(0.0, f64::max) / SHARE;
        let next =
            rates.map(|rate| rate / SHARE).filter(|needed| *needed > estimate).fold(f64::INFINITY, f64::min);
        let aim = (if next.is_finite() { stepped(next) } else { 0 }, stepped(best));
        if std::mem::replace(&mut self.aim, aim) != aim {
            self.rtc.bwe().set_bitrate(Bitrate::bps(aim.0), Bitrate::bps(aim.1));
        }
    }

    /// Sets the layer that its owner chose.
    pub fn set_wanted_layer(&mut self, layer: &Layer) {
        self.wanted_layer = match layer {
            Layer::Auto => None,
            Layer::Rid(rid) => Some(rid.as_str().into()),
        };
    }
}

/// Rounds a rate to steps, so that small changes do not set a new target.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^53"
)]
fn stepped(rate: f64) -> u64 {
    const STEP: u64 = 200_000;
    (rate as u64).next_multiple_of(STEP)
}

/// Catches panics of a step that calls the library, so that a fault ends one endpoint only.
pub fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}
