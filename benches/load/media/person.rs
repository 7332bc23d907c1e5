//! People in a room, each with a WebSocket by which their connections for media are agreed upon.

use std::net::{IpAddr, SocketAddr};

use anyhow::bail;

use super::{janus, kurento, peer::Peer, source::Camera};
use crate::model::contender::Contender;

/// More than there are people in a room.
const SENDERS_OF_A_ROOM: u32 = 1_000;

/// Who is in a room, and what they send.
#[derive(Clone, Copy)]
pub struct Room {
    pub number: u32,
    pub people: u32,
    /// So many of them send; everybody receives each other one who does.
    pub senders: u32,
    pub camera: Camera,
}

/// Somebody in a room.
pub enum Person {
    Kurento(kurento::Client),
    Janus(janus::Client),
}

impl Room {
    /// Has everybody join, and those who send offer to. `own` is where they are. Their connections are agreed upon but
    /// not connected yet.
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
            // One speaks, the others listen.
            peers.push(person.send(own, self.sender(place), self.camera, place == 0).await?);
        }
        Ok((people, peers))
    }

    /// Has everybody receive each other one who sends, and is connected.
    pub async fn receive(self, people: &mut [Person], own: IpAddr) -> anyhow::Result<Vec<Peer>> {
        let mut peers = Vec::new();
        for (place, person) in (0..).zip(people) {
            for other in (0..self.senders).filter(|other| *other != place) {
                peers.push(person.receive(own, self.sender(other)).await?);
            }
        }
        Ok(peers)
    }

    /// What somebody is called.
    fn sender(self, place: u32) -> u32 {
        (self.number + 1) * SENDERS_OF_A_ROOM + place
    }

    /// How many connections for media there are.
    pub fn connections(self) -> u32 {
        self.senders + self.receivers()
    }

    /// How many of them receive.
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
            // Here it is the server that offers.
            Self::Janus(client) => {
                let subscription = client.subscribe(sender).await?;
                let (peer, answer) = Peer::answering(own, sender, &subscription.offer)?;
                client.start(&subscription, &answer).await?;
                Ok(peer)
            }
        }
    }

    /// Says goodbye.
    pub async fn leave(self) -> anyhow::Result<()> {
        match self {
            Self::Kurento(client) => client.leave().await,
            Self::Janus(client) => client.leave().await,
        }
    }

    /// Stays until the server ends it, and answers its signs of life.
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
