//! Two participants that signal to each other and know exactly what each must receive.

use std::net::SocketAddr;

use anyhow::{bail, ensure};
use serde::Deserialize;

use super::{
    mesh::{self, Client},
    socket::Socket,
    template::{NUMBER, Template},
    wire::{Route, Signal, check},
};
use crate::model::contender::{Contender, Dialect};

/// Length of a candidate's JSON, as browsers send it.
const CANDIDATE_BYTES: usize = 200;

/// Length of a description's SDP: about one microphone and one camera.
const SDP_BYTES: usize = 4_000;

/// The addresses of a pair.
#[derive(Clone, Copy)]
pub struct Place {
    pub contender: Contender,
    /// The address of the first participant.
    pub address: SocketAddr,
    /// The address of the second: the same, unless several processes serve together.
    pub opposite: SocketAddr,
}

/// One participant of a pair.
pub struct Participant {
    pub(super) socket: Socket,
    pub(super) lines: Lines,
    pub(super) ways: Ways,
}

/// The messages that a participant sends, and those it must receive.
pub(super) struct Lines {
    /// A frame.
    pub(super) says: Template,
    /// A text.
    pub(super) hears: Template,
    /// The number of the last event, where events are numbered.
    seq: Option<u64>,
}

/// The routes to the other participant and back.
pub(super) struct Ways {
    there: Route,
    back: Route,
}

/// Connects two participants to a contender and joins them to a room of their own, the first one first.
/// `signal` is the content of their [`Lines`].
pub async fn meet(place: Place, room: u32, signal: Signal) -> anyhow::Result<[Participant; 2]> {
    let Place { contender, address, opposite } = place;
    let to = [address, opposite];
    let name = format!("appointment-{room:07}");
    let (sockets, ids, seq) = match contender.dialect() {
        Dialect::Mesh => join(to, &name).await?,
        Dialect::Bare => follow(to, &name).await?,
        Dialect::PeerJs => register(to, room).await?,
        Dialect::Janus => bail!("{contender} carries no signals"),
    };
    let [ann, bob] = ids;
    let there = Route { contender, room: name.clone(), from: ann.clone(), to: bob.clone(), name: "Ann" };
    let back = Route { contender, room: name, from: bob, to: ann, name: "Bob" };
    let numbered = contender.is_ours();
    let [seq, other_seq] = seq.map(|seq| numbered.then_some(seq));
    let [socket, other_socket] = sockets;
    let ways = Ways { there: there.clone(), back: back.clone() };
    let other_ways = Ways { there: back, back: there };
    Ok([
        Participant::new(socket, ways, signal, seq),
        Participant::new(other_socket, other_ways, signal, other_seq),
    ])
}

type Met = ([Socket; 2], [String; 2], [u64; 2]);

async fn join(to: [SocketAddr; 2], room: &str) -> anyhow::Result<Met> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PeerJoined {
        remote_socket: String,
        #[serde(default)]
        seq: u64,
    }
    let (mut early, mut late) = (Client::connect(to[0]).await?, Client::connect(to[1]).await?);
    let first = early.join(room, "Ann").await?;
    let second = late.join(room, "Bob").await?;
    ensure!(first.remote_socket.is_none(), "the room was not empty");
    ensure!(second.remote_socket.as_ref() == Some(&first.participant), "the second does not know the first");
    let event = early.event().await?;
    let (event, peer): (&str, PeerJoined) = mesh::parse(&event)?;
    ensure!(event == "peer_joined", "{event} instead of peer_joined");
    ensure!(peer.remote_socket == second.participant, "peer_joined names another participant");
    let sockets = [early.into_socket(), late.into_socket()];
    Ok((sockets, [first.participant, second.participant], [peer.seq, second.seq]))
}

/// Two connections to one path. Their ids, and so their frames, are as long as Switchboard's.
async fn follow(to: [SocketAddr; 2], path: &str) -> anyhow::Result<Met> {
    let path = format!("/{path}");
    let sockets = [Socket::connect(to[0], &path).await?, Socket::connect(to[1], &path).await?];
    Ok((sockets, [format!("{:a>36}", ""), format!("{:b>36}", "")], [0, 0]))
}

/// Two clients under their own names.
async fn register(to: [SocketAddr; 2], room: u32) -> anyhow::Result<Met> {
    let ids = ["a", "b"].map(|side| format!("{side}{room:x>35}"));
    let mut sockets = Vec::new();
    for (id, to) in ids.iter().zip(to) {
        let path = format!("/peerjs?key=peerjs&id={id}&token=benchmark&version=1.5");
        let mut socket = Socket::connect(to, &path).await?;
        ensure!(socket.text().await? == br#"{"type":"OPEN"}"#, "the id was refused");
        sockets.push(socket);
    }
    let sockets = <[Socket; 2]>::try_from(sockets).ok().expect("two");
    Ok((sockets, ids, [0, 0]))
}

impl Participant {
    fn new(socket: Socket, ways: Ways, signal: Signal, seq: Option<u64>) -> Self {
        let says = Template::frame(&ways.there.sent(signal, &body(signal, &ways.there)));
        let hears = Template::text(&ways.back.heard(signal, &body(signal, &ways.back)));
        Self { socket, lines: Lines { says, hears, seq }, ways }
    }

    /// Queues the next message, which is sent before the next wait for input.
    pub fn say(&mut self) {
        self.socket.send_frame(self.lines.says.bytes());
        self.lines.says.advance();
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        self.socket.flush().await
    }

    /// Waits for the other's next message; anything else fails.
    pub async fn hear(&mut self) -> anyhow::Result<()> {
        let Self { socket, lines, .. } = self;
        let text = heard(socket).await?;
        lines.check(text.as_bytes())
    }

    /// Queues another message.
    pub fn say_once(&mut self, signal: Signal) {
        let text = self.ways.there.sent(signal, &body(signal, &self.ways.there));
        self.socket.send(text.as_bytes());
    }

    /// Waits for another message of the other; anything else fails.
    pub async fn hear_once(&mut self, signal: Signal) -> anyhow::Result<()> {
        let expected = self.ways.back.heard(signal, &body(signal, &self.ways.back));
        let text = heard(&mut self.socket).await?;
        check(text.as_bytes(), expected.as_bytes(), self.lines.seq.as_mut())
    }

    /// Leaves and closes.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        self.say_goodbye().await?;
        self.go().await
    }

    /// Announces the departure, if the dialect can.
    pub async fn say_goodbye(&mut self) -> anyhow::Result<()> {
        if self.ways.there.contender.dialect() == Dialect::Mesh {
            self.socket.send(br#"421["leave_room",{}]"#);
        }
        self.flush().await
    }

    /// Waits for the ack of the departure and closes. A repeated signal is found here at the latest, as the
    /// ack follows it.
    pub async fn go(mut self) -> anyhow::Result<()> {
        if self.ways.there.contender.dialect() == Dialect::Mesh {
            self.hear_that_it_has_left().await?;
        }
        self.socket.close().await
    }

    async fn hear_that_it_has_left(&mut self) -> anyhow::Result<()> {
        loop {
            let text = mesh::packet(&mut self.socket).await?;
            if text.starts_with("431[") {
                ensure!(text.contains(r#""success":true"#), "leaving was refused: {text}");
                return Ok(());
            }
            ensure!(text.starts_with(r#"42["user_left","#) || is_probe(text), "came too much: {text}");
        }
    }
}

impl Lines {
    /// Checks a received text, which must be the next message.
    pub(super) fn check(&mut self, text: &[u8]) -> anyhow::Result<()> {
        check(text, self.hears.bytes(), self.seq.as_mut())?;
        self.hears.advance();
        Ok(())
    }
}

/// The next packet that is not about the connection itself.
async fn heard(socket: &mut Socket) -> anyhow::Result<&str> {
    while is_probe(std::str::from_utf8(socket.peek().await?)?) {
        socket.text().await?;
    }
    mesh::packet(socket).await
}

fn is_probe(text: &str) -> bool {
    text.starts_with(r#"42["probe","#)
}

/// A unique candidate or description of a constant length, with [`NUMBER`] in it.
fn body(signal: Signal, route: &Route) -> String {
    let mark = format!("{}-{}", route.room, route.name);
    match signal {
        Signal::Candidate => candidate(&mark),
        Signal::Offer => description("offer", &mark),
        Signal::Answer => description("answer", &mark),
    }
}

fn candidate(mark: &str) -> String {
    let head = format!(
        r#"{{"candidate":"candidate:{NUMBER} 1 udp 2122260223 192.0.2.1 54400 typ srflx raddr 0.0.0.0 rport 0 ufrag {mark}"#
    );
    let tail = r#"","sdpMid":"0","sdpMLineIndex":0}"#;
    let room = CANDIDATE_BYTES - head.len() - tail.len();
    format!("{head}{:x>room$}{tail}", "")
}

/// With the line ends that JSON must escape.
fn description(kind: &str, mark: &str) -> String {
    let head = format!(r"v=0\r\no={mark} {NUMBER} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    let line = r"a=rtpmap:96 VP8/90000\r\n";
    let lines = line.repeat((SDP_BYTES - head.len()) / line.len());
    format!(r#"{{"type":"{kind}","sdp":"{head}{lines}"}}"#)
}
