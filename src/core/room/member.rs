//! One participant of a room as this node sees it.

use std::{sync::Arc, time::Instant};

use super::{Entrant, LocalMember, Location, Member, Presence, RemoteMember, sequence::PairSequences};
use crate::core::{
    model::{
        ids::{Epoch, NodeId, RoomId},
        seat_table::{Renewal, Seat, SeatKey},
    },
    ports::{connection::Connection, node_bus::NodeSeat},
};

impl Member {
    /// A participant that sits down on this node.
    pub(super) fn local(entrant: &Entrant, now: Instant) -> Self {
        let Seat { participant, name, epoch, since, protected, .. } = entrant.seat.clone();
        Self {
            participant,
            name,
            epoch,
            since,
            // Its mailbox tells the stream, which is never older than the stay.
            stream: if entrant.mailbox_from.is_some() { since } else { epoch },
            attachment: 0,
            presence: if entrant.is_returning { Presence::Away } else { Presence::Connecting },
            protected,
            lease: entrant.lease,
            renewed_at: now,
            location: Location::Local(LocalMember { address: entrant.address, ..LocalMember::default() }),
        }
    }

    /// A participant on another node; `told` has its stream and attachment if that node has told them.
    pub(super) fn remote(seat: &Seat, told: Option<&NodeSeat>, now: Instant) -> Self {
        Self {
            participant: seat.participant,
            name: seat.name.clone(),
            epoch: seat.epoch,
            since: seat.since,
            stream: told.map_or(seat.since, |told| told.stream),
            attachment: told.map_or(0, |told| told.attachment),
            presence: Presence::of_remote(seat.connected),
            protected: seat.protected,
            lease: seat.lease_ends.saturating_duration_since(now),
            renewed_at: now,
            location: Location::Remote(RemoteMember::new(seat)),
        }
    }

    /// The renewal to send to the seat registry.
    ///
    /// The lease of a connected participant starts again; that of any other continues.
    pub(super) fn renewal(&self, room: &RoomId, now: Instant) -> Renewal {
        let connected = self.is_connected();
        let left = (self.renewed_at + self.lease).saturating_duration_since(now);
        Renewal {
            key: SeatKey { room: room.clone(), participant: self.participant, epoch: self.epoch },
            lease: if connected { self.lease } else { left },
            connected,
            protected: self.protected,
        }
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self.location, Location::Local(_))
    }

    pub(super) fn as_local(&self) -> Option<&LocalMember> {
        match &self.location {
            Location::Local(local) => Some(local),
            Location::Remote(_) => None,
        }
    }

    pub(super) fn as_local_mut(&mut self) -> Option<&mut LocalMember> {
        match &mut self.location {
            Location::Local(local) => Some(local),
            Location::Remote(_) => None,
        }
    }

    pub(super) fn as_remote(&self) -> Option<&RemoteMember> {
        match &self.location {
            Location::Remote(remote) => Some(remote),
            Location::Local(_) => None,
        }
    }

    pub(super) fn as_remote_mut(&mut self) -> Option<&mut RemoteMember> {
        match &mut self.location {
            Location::Remote(remote) => Some(remote),
            Location::Local(_) => None,
        }
    }

    /// The node of a remote participant.
    pub(super) fn remote_node(&self) -> Option<NodeId> {
        self.as_remote().map(|remote| remote.node)
    }

    /// The attached connection of a local participant.
    pub(super) fn connection(&self) -> Option<&Arc<dyn Connection>> {
        self.as_local().and_then(|local| local.outbox.connection())
    }

    /// True if the others are told that it is connected.
    pub(super) fn is_connected(&self) -> bool {
        self.presence != Presence::Away && self.as_remote().is_none_or(|remote| !remote.is_node_lost)
    }

    /// Records that another connection is attached than the one at the start of the stay.
    ///
    /// Epochs grow over all nodes, so the number does too, wherever the participant was attached before.
    pub(super) fn count_attachment(&mut self) {
        self.attachment = self.epoch.max(Epoch(self.attachment + 1)).0;
    }
}

impl LocalMember {
    /// True if no event of it needs a sequence number.
    pub(super) fn has_only_met_locals(&self) -> bool {
        self.sequences.is_none()
    }

    pub(super) fn sequences_mut(&mut self) -> &mut PairSequences {
        self.sequences.get_or_insert_default()
    }
}

impl RemoteMember {
    pub(super) fn new(seat: &Seat) -> Self {
        Self { node: seat.node, is_node_lost: false, verify_at: seat.lease_ends, left_behind: None }
    }
}

impl Presence {
    /// As another node or the seat registry tells it.
    pub(super) fn of_remote(connected: bool) -> Self {
        if connected { Self::Connected } else { Self::Away }
    }
}
