//! A browser's side of a WebRTC connection, on its own socket.

use std::{net::SocketAddr, time::Duration};

use bytes::BytesMut;
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId},
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive, TcpType},
    rtp::{RtpWrite, SeqNo},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, sleep_until, timeout},
};

use crate::support::client::DEADLINE;

/// Transports that the peer supports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Udp,
    Tcp,
}

pub struct Peer {
    rtc: Box<Rtc>,
    way: Way,
    udp: UdpSocket,
    tcp: Option<TcpStream>,
    unread: BytesMut,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    got: usize,
    sequence: SeqNo,
    channel: Option<ChannelId>,
    /// The text that it sends on its channel with each packet.
    says: Option<&'static str>,
    heard: Option<Vec<u8>>,
}

impl Peer {
    pub async fn new(way: Way) -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut rtc =
            Rtc::builder().set_rtp_mode(true).clear_codecs().enable_vp8(true).build(now().into_std());
        if way == Way::Udp {
            rtc.add_local_candidate(Candidate::host(udp.local_addr().unwrap(), "udp").unwrap());
        }
        Self {
            rtc: Box::new(rtc),
            way,
            udp,
            tcp: None,
            unread: BytesMut::new(),
            pending: None,
            mid: None,
            got: 0,
            sequence: 1.into(),
            channel: None,
            says: None,
            heard: None,
        }
    }

    pub fn offer_to_send(&mut self) -> String {
        self.offer(Direction::SendOnly)
    }

    pub fn offer_to_receive(&mut self) -> String {
        self.offer(Direction::RecvOnly)
    }

    pub fn offer_to_do_both(&mut self) -> String {
        self.offer(Direction::SendRecv)
    }

    /// Offers to publish, with a data channel that receives texts and, if given, sends `says` repeatedly.
    pub fn offer_to_send_and_talk(&mut self, label: &str, id: u16, says: Option<&'static str>) -> String {
        let mut changes = self.rtc.sdp_api();
        let config =
            ChannelConfig { label: label.to_owned(), negotiated: Some(id), ..ChannelConfig::default() };
        (self.channel, self.says) = (Some(changes.add_channel_with_config(config)), says);
        self.mid = Some(changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None));
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Answers an offer to receive.
    pub fn answer_to(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        self.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
    }

    fn offer(&mut self, direction: Direction) -> String {
        let mut changes = self.rtc.sdp_api();
        self.mid = Some(changes.add_media(MediaKind::Video, direction, None, None, None));
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Accepts the answer without the candidates of the transport that the peer does not use.
    pub fn take_answer(&mut self, answer: &str) {
        let other = if self.way == Way::Udp { " tcp " } else { " udp " };
        let is_own = |line: &&str| !(line.starts_with("a=candidate:") && line.contains(other));
        let own: Vec<_> = answer.lines().filter(is_own).collect();
        assert!(own.iter().any(|line| line.starts_with("a=candidate:")));
        let answer = SdpAnswer::from_sdp_string(&(own.join("\r\n") + "\r\n")).unwrap();
        if self.way == Way::Tcp {
            let candidate = own.iter().find(|line| line.starts_with("a=candidate:")).unwrap();
            let words: Vec<_> = candidate.split(' ').collect();
            let server: SocketAddr = format!("{}:{}", words[4], words[5]).parse().unwrap();
            let stream = std::net::TcpStream::connect(server).unwrap();
            stream.set_nonblocking(true).unwrap();
            let own = stream.local_addr().unwrap();
            let candidate = Candidate::builder().tcp().host(own).tcptype(TcpType::Active).build().unwrap();
            self.rtc.add_local_candidate(candidate);
            self.tcp = Some(TcpStream::from_std(stream).unwrap());
        }
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    /// Sends a packet every 20 ms; all of them are key frames.
    pub async fn send_for_ever(mut self) {
        loop {
            self.send_next().await;
        }
    }

    /// Sends until a text arrives on the channel.
    pub async fn until_heard(&mut self) -> Vec<u8> {
        let hearing = async {
            loop {
                self.send_next().await;
                if let Some(heard) = self.heard.take() {
                    return heard;
                }
            }
        };
        timeout(DEADLINE, hearing).await.unwrap()
    }

    async fn send_next(&mut self) {
        self.run_until(now() + Duration::from_millis(20)).await;
        if self.rtc.is_connected() {
            self.send();
        }
        let channel = self.channel.and_then(|channel| self.rtc.channel(channel));
        if let (Some(text), Some(mut channel)) = (self.says, channel) {
            channel.write(false, text.as_bytes()).unwrap();
        }
    }

    /// Waits for `count` more packets.
    pub async fn until_got(&mut self, count: usize) {
        timeout(DEADLINE, async {
            let enough = self.got + count;
            while self.got < enough {
                self.run_until(now() + Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
    }

    /// Like [`until_got`](Self::until_got), and sends packets meanwhile.
    pub async fn send_until_got(&mut self, count: usize) {
        timeout(DEADLINE, async {
            let enough = self.got + count;
            while self.got < enough {
                self.send_next().await;
            }
        })
        .await
        .unwrap();
    }

    pub async fn until_over(&mut self) {
        timeout(DEADLINE, async {
            while self.rtc.is_alive() {
                self.run_until(now() + Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
    }

    fn send(&mut self) {
        let mid = self.mid.unwrap();
        let payload_type = self.rtc.media(mid).unwrap().remote_pts()[0];
        let sequence = self.sequence.inc();
        let time = u32::try_from(*sequence).unwrap() * 1_800;
        let write = RtpWrite::new(payload_type, sequence, time, now().into_std(), vec![0x10, 0, 1, 2, 3])
            .marker(true);
        self.rtc.direct_api().stream_tx_by_mid(mid, None).unwrap().write_rtp(write);
    }

    /// Runs the connection until `end`.
    async fn run_until(&mut self, end: Instant) {
        loop {
            let wakes_at = self.drain().await.min(end);
            if now() >= end {
                return;
            }
            let mut buffer = vec![0; 2_000];
            tokio::select! {
                () = sleep_until(wakes_at) => {
                    self.rtc.handle_input(Input::Timeout(now().into_std())).unwrap();
                }
                received = self.udp.recv_from(&mut buffer) => {
                    let (length, from) = received.unwrap();
                    let own = self.udp.local_addr().unwrap();
                    self.receive(Protocol::Udp, from, own, &buffer[..length]);
                }
                is_open = read_more(&mut self.tcp, &mut self.unread) => {
                    if !is_open {
                        self.tcp = None;
                        continue;
                    }
                    let stream = self.tcp.as_ref().unwrap();
                    let (from, own) = (stream.peer_addr().unwrap(), stream.local_addr().unwrap());
                    while let Some(packet) = take_packet(&mut self.unread) {
                        self.receive(Protocol::Tcp, from, own, &packet);
                        self.drain().await;
                    }
                }
            }
        }
    }

    fn receive(&mut self, protocol: Protocol, from: SocketAddr, to: SocketAddr, packet: &[u8]) {
        let receive = Receive::new(protocol, from, to, packet).unwrap();
        self.rtc.handle_input(Input::Receive(now().into_std(), receive)).unwrap();
    }

    async fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at.into(),
                Output::Event(Event::RtpPacket(_)) => self.got += 1,
                Output::Event(Event::ChannelData(data)) => self.heard = Some(data.data),
                Output::Event(_) => {}
                Output::Transmit(transmit) => match &mut self.tcp {
                    Some(stream) => {
                        let length = u16::try_from(transmit.contents.len()).unwrap().to_be_bytes();
                        let _ = stream.write_all(&[&length[..], &transmit.contents].concat()).await;
                    }
                    None => {
                        self.udp.send_to(&transmit.contents, transmit.destination).await.unwrap();
                    }
                },
            }
        }
    }
}

/// Reads the next packet; waits forever without a stream.
async fn read_more(stream: &mut Option<TcpStream>, unread: &mut BytesMut) -> bool {
    match stream {
        Some(stream) => matches!(stream.read_buf(unread).await, Ok(1..)),
        None => std::future::pending().await,
    }
}

fn take_packet(unread: &mut BytesMut) -> Option<BytesMut> {
    let length = usize::from(u16::from_be_bytes([*unread.first()?, *unread.get(1)?]));
    (unread.len() >= 2 + length).then(|| unread.split_to(2 + length).split_off(2))
}

fn now() -> Instant {
    Instant::now()
}
