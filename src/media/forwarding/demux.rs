//! Assigns datagrams to endpoints, which share one port.
//!
//! The first packet of a client carries the endpoint's ICE name, which only that client knows. Later packets
//! are assigned by their source address.

use std::{collections::HashMap, net::SocketAddr};

use str0m::net::Protocol;

use crate::media::EndpointId;

/// The source of a packet.
pub type Source = (Protocol, SocketAddr);

/// The most addresses of one client.
///
/// More than its interfaces have over UDP and TCP, before and after a change of network.
const MAX_ADDRESSES: usize = 16;

/// The attribute of a STUN message that names both sides. Source: RFC 8489, section 14.3.
const USERNAME: u16 = 0x0006;

const HEAD: usize = 20;

/// Endpoints by name and by source address.
#[derive(Debug, Default)]
pub struct Demux {
    by_source: HashMap<Source, EndpointId>,
    by_ufrag: HashMap<String, EndpointId>,
    names: HashMap<EndpointId, Names>,
}

#[derive(Debug, Default)]
struct Names {
    ufrag: String,
    /// Oldest first.
    sources: Vec<Source>,
}

impl Demux {
    /// Gives `id` the name `ufrag` instead of its former one.
    pub fn name(&mut self, id: EndpointId, ufrag: String) {
        let names = self.names.entry(id).or_default();
        if names.ufrag != ufrag {
            self.by_ufrag.remove(&names.ufrag);
            names.ufrag.clone_from(&ufrag);
            self.by_ufrag.insert(ufrag, id);
        }
    }

    /// Finds the probable endpoint of `packet`. A name in the packet counts before its address, which another
    /// client may have had before.
    pub fn find(&self, source: &Source, packet: &[u8]) -> Option<EndpointId> {
        match ufrag(packet) {
            Some(ufrag) => self.by_ufrag.get(ufrag).copied(),
            None => self.by_source.get(source).copied(),
        }
    }

    /// Records that `source` is an address of the endpoint's client, as the endpoint has verified.
    pub fn learn(&mut self, id: EndpointId, source: Source) {
        if self.by_source.insert(source, id) == Some(id) {
            return;
        }
        let Some(names) = self.names.get_mut(&id) else { return };
        names.sources.push(source);
        if names.sources.len() > MAX_ADDRESSES {
            let oldest = names.sources.remove(0);
            self.forget_source(id, &oldest);
        }
    }

    /// Removes an endpoint.
    pub fn forget(&mut self, id: EndpointId) {
        let Some(names) = self.names.remove(&id) else { return };
        self.by_ufrag.remove(&names.ufrag);
        for source in &names.sources {
            self.forget_source(id, source);
        }
    }

    /// The number of names.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    fn forget_source(&mut self, id: EndpointId, source: &Source) {
        if self.by_source.get(source) == Some(&id) {
            self.by_source.remove(source);
        }
    }
}

/// The ICE name that a STUN request addresses: the first part of its user name.
fn ufrag(packet: &[u8]) -> Option<&str> {
    let is_stun = packet.len() >= HEAD && packet[0] < 2;
    let mut attributes = packet.get(HEAD..).filter(|_| is_stun)?;
    while let [t0, t1, l0, l1, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if u16::from_be_bytes([*t0, *t1]) == USERNAME {
            let name = std::str::from_utf8(rest.get(..length)?).ok()?;
            return name.split_once(':').map(|(ufrag, _)| ufrag);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(name: &str) -> Vec<u8> {
        let mut packet = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        packet.resize(HEAD, 7);
        packet.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        packet.extend([0, 6, 0, u8::try_from(name.len()).unwrap()]);
        packet.extend(name.as_bytes());
        packet.resize(packet.len().next_multiple_of(4), 0);
        packet
    }

    fn source(port: u16) -> Source {
        (Protocol::Udp, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[test]
    fn packets_are_assigned_by_name_and_then_by_address() {
        let (mut demux, ann, bob) = (Demux::default(), EndpointId(1), EndpointId(2));
        demux.name(ann, "ann".into());
        demux.name(bob, "bob".into());
        assert_eq!(demux.find(&source(1), &request("ann:x")), Some(ann));
        assert_eq!(demux.find(&source(1), &[0x80; 40]), None);
        demux.learn(ann, source(1));
        assert_eq!(demux.find(&source(1), &[0x80; 40]), Some(ann));
        assert_eq!(demux.find(&source(1), &request("bob:x")), Some(bob), "an address is handed on");
        demux.learn(bob, source(1));
        demux.forget(ann);
        assert_eq!(demux.find(&source(1), &[0x80; 40]), Some(bob));
        assert_eq!(demux.find(&source(1), &request("ann:x")), None);
    }

    #[test]
    fn a_new_name_replaces_the_old_one() {
        let (mut demux, ann) = (Demux::default(), EndpointId(1));
        demux.name(ann, "old".into());
        demux.name(ann, "new".into());
        assert_eq!(demux.find(&source(1), &request("old:x")), None);
        assert_eq!(demux.find(&source(1), &request("new:x")), Some(ann));
    }

    #[test]
    fn addresses_of_a_client_are_bounded() {
        let (mut demux, ann) = (Demux::default(), EndpointId(1));
        demux.name(ann, "ann".into());
        for port in 1..1_000 {
            demux.learn(ann, source(port));
        }
        assert_eq!(demux.by_source.len(), MAX_ADDRESSES);
        demux.forget(ann);
        assert!(demux.by_source.is_empty() && demux.by_ufrag.is_empty() && demux.names.is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_packets_do_not_panic(packet in prop::collection::vec(any::<u8>(), 0..200), cut in 0..60_usize) {
            ufrag(&packet);
            let request = request("ann:x");
            ufrag(&request[..cut.min(request.len())]);
        }
    }
}
