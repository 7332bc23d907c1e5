//! Data channels: the open channels of a client, and the rate limit of its messages.

use std::time::Instant;

use str0m::{
    Rtc,
    channel::{ChannelConfig, ChannelId},
};

use super::{endpoint::Endpoint, local::MAX_MESSAGE_BYTES};
use crate::media::{DataChannel, DataRelay, Publication, Role};

/// Limits of a client's messages, in bytes and messages per second. The server sends each message to the
/// whole room.
const BYTES_PER_SECOND: f64 = 128.0 * 1024.0;
const MESSAGES_PER_SECOND: f64 = 50.0;

/// How many seconds of the rate a burst may use.
const BURST: f64 = 4.0;

/// Tolerance for rounding errors of sums.
const ROUNDING: f64 = 0.001;

/// The longest message that is retained for clients who open the channel later, in bytes.
const MAX_RETAINED_BYTES: usize = 1024;

/// The most channels of a client: more than any page opens.
const MAX_CHANNELS: usize = 16;

/// Stream ids below this carry negotiated channels. Pages choose small ones.
const NEGOTIATED_IDS: u16 = 256;

/// What two clients know one channel by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelName {
    /// Its label.
    Label(String),
    /// Its stream id, for a negotiated channel: no message tells the label.
    Stream(u16),
}

/// The data channels of one client.
#[derive(Debug, Default)]
pub struct Channels {
    /// True if messages have receivers, or come from the source of the endpoint.
    pub are_relayed: bool,
    open: Vec<(ChannelId, ChannelName)>,
    has_reserved: bool,
    agreed: Vec<Agreed>,
    allowance: Allowance,
}

/// A negotiated channel.
#[derive(Debug)]
struct Agreed {
    id: ChannelId,
    label: String,
    retains_last: bool,
    last: Option<ChannelMessage>,
}

/// A message on a data channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelMessage {
    /// True for binary data, false for text.
    pub binary: bool,
    /// The bytes.
    pub data: Vec<u8>,
}

impl Channels {
    /// Opens the negotiated channels, once.
    pub fn open(&mut self, rtc: &mut Rtc, agreed: &[DataChannel]) {
        if !self.agreed.is_empty() {
            return;
        }
        let mut ids = Vec::new();
        for DataChannel { label, id, retains_last } in agreed {
            if ids.contains(id) {
                continue;
            }
            ids.push(*id);
            let id = rtc.direct_api().create_data_channel(negotiated(*id, label.clone()));
            self.agreed.push(Agreed { id, label: label.clone(), retains_last: *retains_last, last: None });
        }
    }

    /// Lets the client negotiate channels by itself, once.
    ///
    /// The library drops what arrives on a stream that it does not know, and no description names the streams
    /// of negotiated channels. A channel of an offer that is never made only reserves its stream: messages on
    /// it arrive, and the client can still open the stream with a label.
    pub fn reserve(&mut self, rtc: &mut Rtc) {
        if std::mem::replace(&mut self.has_reserved, true) {
            return;
        }
        for id in 0..NEGOTIATED_IDS {
            if rtc.direct_api().channel_id_by_sctp_stream_id(id).is_none() {
                rtc.sdp_api().add_channel_with_config(negotiated(id, String::new()));
            }
        }
    }

    /// Opens a negotiated channel towards a client, unless the stream is one of its own channels.
    pub fn negotiate(&mut self, rtc: &mut Rtc, stream: u16) -> Option<ChannelId> {
        if self.open.len() >= MAX_CHANNELS || rtc.direct_api().channel_id_by_sctp_stream_id(stream).is_some()
        {
            return None;
        }
        let id = rtc.direct_api().create_data_channel(negotiated(stream, String::new()));
        self.add(id, ChannelName::Stream(stream));
        Some(id)
    }

    /// Records that a channel is open.
    pub fn on_open(&mut self, id: ChannelId, label: String) {
        let agreed = self.agreed.iter().find(|agreed| agreed.id == id);
        self.add(id, ChannelName::Label(agreed.map_or(label, |agreed| agreed.label.clone())));
    }

    /// Records that a message came on a channel: a negotiated one does not open.
    pub fn on_message(&mut self, rtc: &mut Rtc, id: ChannelId) {
        if self.has_reserved
            && let Some(stream) = rtc.direct_api().sctp_stream_id_by_channel_id(id)
        {
            self.add(id, ChannelName::Stream(stream));
        }
    }

    fn add(&mut self, id: ChannelId, name: ChannelName) {
        if self.open.len() < MAX_CHANNELS && !self.open.iter().any(|(open, _)| *open == id) {
            self.open.push((id, name));
        }
    }

    /// Records that a channel has closed.
    pub fn on_close(&mut self, id: ChannelId) {
        self.open.retain(|(open, _)| *open != id);
    }

    /// Counts a message against the rate; returns the channel's name if it is open and the message is
    /// allowed.
    pub fn take_message(
        &mut self,
        id: ChannelId,
        message: &ChannelMessage,
        now: Instant,
    ) -> Option<ChannelName> {
        let (_, name) = self.open.iter().find(|(open, _)| *open == id)?;
        if !self.allowance.take(message.data.len(), now) {
            return None;
        }
        if let Some(channel) = self.agreed.iter_mut().find(|agreed| agreed.id == id && agreed.retains_last) {
            channel.last = (message.data.len() <= MAX_RETAINED_BYTES).then(|| message.clone());
        }
        Some(name.clone())
    }

    /// The last message on the channel `label`, if that channel retains it.
    pub fn last(&self, label: &str) -> Option<&ChannelMessage> {
        self.agreed.iter().find(|agreed| agreed.label == label)?.last.as_ref()
    }

    /// The label of the channel, if it retains its last message.
    pub fn retained_label(&self, id: ChannelId) -> Option<&str> {
        let channel = self.agreed.iter().find(|agreed| agreed.id == id && agreed.retains_last)?;
        Some(&channel.label)
    }

    /// True if the channel is a negotiated one.
    pub fn is_agreed(&self, id: ChannelId) -> bool {
        self.agreed.iter().any(|agreed| agreed.id == id)
    }

    /// The open channel with this name.
    pub fn called(&self, name: &ChannelName) -> Option<ChannelId> {
        self.open.iter().find(|(_, own)| own == name).map(|(id, _)| *id)
    }
}

fn negotiated(stream: u16, label: String) -> ChannelConfig {
    ChannelConfig { label, negotiated: Some(stream), ..ChannelConfig::default() }
}

/// True if messages on the data channels of an endpoint are relayed, to others or from its source.
pub fn relays_data(role: &Role, source: Option<&Endpoint>) -> bool {
    let relay_of = |role: &Role| match role {
        Role::Publish(Publication { data, .. }) => data.clone(),
        Role::Subscribe { .. } => DataRelay::None,
    };
    match source {
        Some(source) => relay_of(&source.role) == DataRelay::Subscribers,
        None => relay_of(role) != DataRelay::None,
    }
}

/// A token bucket of seconds.
#[derive(Debug, Default)]
struct Allowance {
    /// Used seconds, and when they were counted.
    used: Option<(f64, Instant)>,
}

impl Allowance {
    fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let used = self
            .used
            .map_or(0.0, |(used, at)| (used - now.saturating_duration_since(at).as_secs_f64()).max(0.0));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let cost = (f64::from(bytes) / BYTES_PER_SECOND).max(1.0 / MESSAGES_PER_SECOND);
        let fits = bytes <= MAX_MESSAGE_BYTES && used + cost <= BURST + ROUNDING;
        self.used = Some((if fits { used + cost } else { used }, now));
        fits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_over_its_rate_may_send_again_later() {
        let start = tokio::time::Instant::now().into_std();
        let mut allowance = Allowance::default();
        let said = (0..1_000).filter(|_| allowance.take(10, start)).count();
        assert_eq!(said, 200);
        assert!(!allowance.take(10, start + Duration::from_millis(10)));
        assert!(allowance.take(10, start + Duration::from_millis(40)));
        assert!(!allowance.take(70_000, start + Duration::from_mins(1)), "longer than any message");
    }
}
