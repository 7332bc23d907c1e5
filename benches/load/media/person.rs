//! Participants of a room, each with a WebSocket for the negotiation of its media connections.

use std::net::{IpAddr, SocketAddr};

use anyhow::bail;

use super::{janus, kurento, peer::Peer, source::Camera};
use crate::model::contender::Contender;

/// More than the participants of a room.
const SENDERS_OF_A_ROOM: u32 = 1_000;

/// The participants of a room and their media.
#[derive(Clone, Copy)]
pub struct Room {
    pub number: u32,
    pub people: u32,
    /// Number of senders; each participant receives every other sender.
    pub senders: u32,
    pub camera: Camera,
}

/// A participant of a room.
pub enum Person {
    Kurento(kurento::Client),
    Janus(janus::Client),
}

impl Room {
    /// Joins all participants and offers the media of the senders. `own` is their address. Connections are
    /// negotiated but not connected yet.
    pub async fn enter(
        self,
        contender: Contender,
        server: SocketAddr,
        own: IpAddr,
    ) -> anyhow::Result<(Vec<Person>, Vec<Peer>)> {
        let (mut people, mut peers) = (Vec::new(), Vec::new());
        for place in 0..self.people {
            people.push(Person::join(contender, server, self.number, self.sender(place)).await?);
        }
        for (place, person) in (0..self.senders).zip(&mut people) {
            // One speaks, the others are silent.
            peers.push(person.send(own, self.sender(place), self.camera, place == 0).await?);
        }
        Ok((people, peers))
    }

    /// Subscribes each participant to every other sender that is connected.
    pub async fn receive(self, people: &mut [Person], own: IpAddr) -> anyhow::Result<Vec<Peer>> {
        let mut peers = Vec::new();
        for (place, person) in (0..).zip(people) {
            for other in (0..self.senders).filter(|other| *other != place) {
                peers.push(person.receive(own, self.sender(other)).await?);
            }
        }
        Ok(peers)
    }

    /// The name of a participant.
    fn sender(self, place: u32) -> u32 {
        (self.number + 1) * SENDERS_OF_A_ROOM + place
    }

    /// Number of media connections.
    pub fn connections(self) -> u32 {
        self.senders + self.receivers()
    }

    /// Number of receiving ones.
    pub fn receivers(self) -> u32 {
        self.senders * (self.people - 1)
    }
}

impl Person {
    async fn join(contender: Contender, server: SocketAddr, room: u32, name: u32) -> anyhow::Result<Self> {
        Ok(match contender {
            Contender::Switchboard => Self::Kurento(kurento::Client::join(server, room, name).await?),
            Contender::Janus => Self::Janus(janus::Client::join(server, room, name).await?),
            other => bail!("{other} carries no media"),
        })
    }

    async fn send(
        &mut self,
        own: IpAddr,
        sender: u32,
        camera: Camera,
        is_speaking: bool,
    ) -> anyhow::Result<Peer> {
        let (mut peer, offer) = Peer::sending(own, sender, camera, is_speaking)?;
        let answer = match self {
            Self::Kurento(client) => client.publish(&offer).await?,
            Self::Janus(client) => client.publish(&offer).await?,
        };
        peer.take_answer(&answer)?;
        Ok(peer)
    }

    async fn receive(&mut self, own: IpAddr, sender: u32) -> anyhow::Result<Peer> {
        match self {
            Self::Kurento(client) => {
                let (mut peer, offer) = Peer::receiving(own, sender)?;
                peer.take_answer(&client.receive(sender, &offer).await?)?;
                Ok(peer)
            }
            // In Janus the server makes the offer.
            Self::Janus(client) => {
                let subscription = client.subscribe(sender).await?;
                let (peer, answer) = Peer::answering(own, sender, &subscription.offer)?;
                client.start(&subscription, &answer).await?;
                Ok(peer)
            }
        }
    }

    /// Leaves.
    pub async fn leave(self) -> anyhow::Result<()> {
        match self {
            Self::Kurento(client) => client.leave().await,
            Self::Janus(client) => client.leave().await,
        }
    }

    /// Stays until the server ends the connection, and answers its keep-alives.
    pub async fn stay(self) -> anyhow::Error {
        let mut socket = match self {
            Self::Kurento(client) => client.into_socket(),
            Self::Janus(client) => client.into_socket(),
        };
        loop {
            if let Err(error) = socket.text().await {
                return error;
            }
        }
    }
}
