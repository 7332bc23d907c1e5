//! One endpoint: a connection, what comes and goes on it, and how it lives.

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

use super::{channels::Channels, incoming::Incoming, layers::SHARE, outgoing::Outgoing};
use crate::{
    core::model::ids::ParticipantId,
    media::{CloseReason, EndpointId, Layer, MediaEvent, MediaListener, NewEndpoint, Owner, Role},
};

/// How long a client may take to connect.
const CONNECTS_WITHIN: Duration = Duration::from_secs(30);

/// How long a client that was not heard of for sixteen seconds may still come back, as after a change of network.
const RETURNS_WITHIN: Duration = Duration::from_secs(15);

/// How often one drain may go round: far beyond what any input causes, so that a fault cannot hold everybody up.
const MAX_ROUNDS: usize = 20_000;

/// Something that would be due at once again and again is put off by this.
const BREATH: Duration = Duration::from_millis(1);

/// What endpoints have to say, in order.
#[derive(Default)]
pub struct Out {
    /// To clients.
    pub transmits: VecDeque<Transmit>,
    /// To the shard.
    pub events: VecDeque<(EndpointId, Event)>,
}

/// Why an endpoint cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The connection is broken: its client gave up, or is not who it was said to be.
    Broken,
    /// A fault of ours or the library's.
    Fault,
}

impl From<Failed> for CloseReason {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Broken => Self::Lost,
            Failed::Fault => Self::Fault,
        }
    }
}

/// The server's end of a client's connection.
pub struct Endpoint {
    /// Its name.
    pub id: EndpointId,
    /// Whose it is.
    pub owner: Owner,
    /// What it is for.
    pub role: Role,
    /// The connection.
    pub rtc: Rtc,
    /// An offer of the server's that was not answered yet.
    pub pending: Option<SdpPendingOffer>,
    /// What the client sends.
    pub incoming: Vec<Incoming>,
    /// What it receives.
    pub outgoing: Vec<Outgoing>,
    /// Who gets what it sends; itself among them if it asked for that.
    pub subscribers: Vec<EndpointId>,
    /// Its data channels.
    pub channels: Channels,
    /// Whether there is more than one layer of the pictures that the client sends, or receives.
    pub has_layers: bool,
    /// Which layer its owner asked for.
    pub wish: Option<Rid>,
    /// What the connection carries, in bits a second, if that is measured.
    pub estimate: Option<f64>,
    /// Which rate is to be kept up, and which to be reached, in bits a second.
    aim: (u64, u64),
    /// When it is to be called again.
    pub deadline: Option<Instant>,
    /// Whether packets were written that are not sent yet. The library wants to be polled after each change; what is
    /// written only waits there, until time goes on.
    pub has_written: bool,
    listener: Arc<dyn MediaListener>,
    life: Life,
    has_flowed: [bool; 2],
    /// Of each stream, how many packets had been asked for again when that was last told.
    repeated: HashMap<StreamName, u64>,
    #[cfg(test)]
    pub is_broken: bool,
}

/// Which way, in which section, which layer.
pub type StreamName = (&'static str, Mid, Option<Rid>);

#[derive(Debug, Clone, Copy)]
enum Life {
    /// Opened at this time.
    Opened(Instant),
    Connected,
    /// Was connected, and has not been heard of since.
    Unheard(Instant),
}

impl Endpoint {
    /// An endpoint whose connection is about to be negotiated; with `has_layers` it receives pictures of more than one layer.
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
            wish: None,
            estimate: None,
            aim: (0, 0),
            deadline: None,
            has_written: false,
            listener,
            life: Life::Opened(now),
            has_flowed: [false; 2],
            repeated: HashMap::new(),
            #[cfg(test)]
            is_broken: false,
        }
    }

    /// Gives it `input`, and takes what it has to say. Returns when it is to be called again.
    pub fn drive(&mut self, input: Option<Input>, now: Instant, out: &mut Out) -> Result<Instant, Failed> {
        guarded(|| {
            if let Some(input) = input {
                // What a client sends wrong is its own matter; if it matters, the connection is dead.
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
                // What was written is sent only when time goes on.
                Output::Timeout(_) if !is_told => {
                    is_told = true;
                    self.rtc.handle_input(Input::Timeout(now)).map_err(|_| Failed::Broken)?;
                }
                Output::Timeout(_) => return Ok(now + BREATH),
            }
        }
        Err(Failed::Fault)
    }

    /// Tells the client that it is over.
    pub fn say_goodbye(&mut self, now: Instant, out: &mut Out) {
        let _ = guarded(|| self.rtc.close().map(|()| self.drain(now, out)));
    }

    /// Tells its listener.
    pub fn tell(&self, event: MediaEvent) {
        self.listener.on_media(self.id, event);
    }

    /// The client has connected.
    pub fn on_connected(&mut self) {
        let is_first = matches!(self.life, Life::Opened(_));
        self.life = Life::Connected;
        if is_first {
            self.tell(MediaEvent::Connected);
        }
    }

    /// What the network says about the client.
    pub fn on_ice_state(&mut self, state: IceConnectionState, now: Instant) {
        match (state, self.life) {
            (IceConnectionState::Disconnected, Life::Connected) => self.life = Life::Unheard(now),
            (IceConnectionState::Connected | IceConnectionState::Completed, Life::Unheard(_)) => {
                self.life = Life::Connected;
            }
            _ => {}
        }
    }

    /// Something of this kind has come.
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

    /// Whether the client has ever connected. What is sent to it is not interrupted when it is away for a moment: left
    /// out packets would be missed.
    pub fn was_connected(&self) -> bool {
        !matches!(self.life, Life::Opened(_))
    }

    /// Why it is over, if nothing was heard of the client for too long.
    pub fn is_lost(&self, now: Instant) -> Option<CloseReason> {
        let is_lost = match self.life {
            Life::Opened(at) => now.saturating_duration_since(at) >= CONNECTS_WITHIN,
            Life::Unheard(at) => now.saturating_duration_since(at) >= RETURNS_WITHIN,
            Life::Connected => false,
        };
        is_lost.then_some(CloseReason::Lost)
    }

    /// Whom it gets its media from.
    pub fn source(&self) -> Option<ParticipantId> {
        match &self.role {
            Role::Subscribe { source } => Some(*source),
            Role::Publish(publication) => publication.loopback.then_some(self.owner.participant),
        }
    }

    /// Whether its client publishes.
    pub fn is_publisher(&self) -> bool {
        matches!(self.role, Role::Publish(_))
    }

    /// How many packets of a stream were asked for again since the last time; `total` counts from the beginning.
    pub fn newly_repeated(&mut self, stream: StreamName, total: u64) -> u64 {
        let before = self.repeated.insert(stream, total).unwrap_or_default();
        total.saturating_sub(before)
    }

    /// What each picture may take of what the connection carries, in bits a second.
    pub fn estimate_for_each(&self) -> Option<f64> {
        let pictures = self.outgoing.iter().filter(|track| track.key.kind.is_video()).count().max(1);
        #[expect(clippy::cast_precision_loss, reason = "there are a few")]
        let pictures = pictures as f64;
        self.estimate.map(|estimate| estimate / pictures)
    }

    /// Has the library find out whether the connection carries more, as far as that is of use: a layer of one of these
    /// `rates` (bits a second).
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

    /// What its owner wants of a simulcast.
    pub fn set_wish(&mut self, layer: &Layer) {
        self.wish = match layer {
            Layer::Auto => None,
            Layer::Rid(rid) => Some(rid.as_str().into()),
        };
    }
}

/// In steps, so that a rate that trembles is not a new aim every time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^53"
)]
fn stepped(rate: f64) -> u64 {
    const STEP: u64 = 200_000;
    (rate as u64).next_multiple_of(STEP)
}

/// Runs what calls the library, whose faults are panics by policy, so that they end one endpoint only.
pub fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}
