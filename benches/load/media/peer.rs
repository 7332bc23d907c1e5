//! A browser's side of one connection, on its own UDP socket.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    config::{DtlsCert, DtlsVersion},
    crypto::from_feature_flags,
    media::{Direction, MediaKind},
    net::{Protocol, Receive},
    rtp::RtpPacket,
};

use super::{
    clock,
    ledger::{Counted, Datagrams, Ledger},
    source::{Camera, DESCRIPTOR_BYTES, Source},
};

/// Longer than any datagram sent here.
pub const DATAGRAM_BYTES: usize = 2_048;

/// Delay of an action that is due repeatedly at once.
const BREATH: Duration = Duration::from_micros(500);

/// One certificate for all connections, as making one is expensive.
static CERTIFICATE: LazyLock<Option<DtlsCert>> =
    LazyLock::new(|| from_feature_flags().dtls_provider.generate_certificate());

/// A connection that sends or receives.
pub struct Peer {
    rtc: Box<Rtc>,
    pub socket: UdpSocket,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    deadline: Instant,
    datagrams: Datagrams,
    /// The sources that it sends.
    pub sources: Vec<Source>,
    /// The received packets: video and audio.
    ledgers: Option<[Ledger; 2]>,
    /// The sender of the received media.
    pub sender: Option<u32>,
}

impl Peer {
    fn new(own: IpAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((own, 0))?;
        socket.set_nonblocking(true)?;
        let (address, now) = (socket.local_addr()?, clock::now());
        let mut rtc = Rtc::builder()
            .set_dtls_cert(CERTIFICATE.clone().context("no certificate")?)
            .set_dtls_version(DtlsVersion::Auto)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(Self {
            rtc: Box::new(rtc),
            socket,
            address,
            pending: None,
            deadline: now,
            datagrams: Datagrams::default(),
            sources: Vec::new(),
            ledgers: None,
            sender: None,
        })
    }

    /// Returns a sending connection and its offer.
    pub fn sending(
        own: IpAddr,
        sender: u32,
        camera: Camera,
        is_speaking: bool,
    ) -> anyhow::Result<(Self, String)> {
        let mut peer = Self::new(own)?;
        let mut changes = peer.rtc.sdp_api();
        let sound = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let picture = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        let (offer, pending) = changes.apply().context("nothing to offer")?;
        peer.pending = Some(pending);
        peer.sources =
            vec![Source::microphone(sound, sender, is_speaking), Source::camera(picture, sender, camera)];
        Ok((peer, offer.to_sdp_string()))
    }

    /// Returns a connection that receives `sender`'s media, and its offer.
    pub fn receiving(own: IpAddr, sender: u32) -> anyhow::Result<(Self, String)> {
        let mut peer = Self::receiver(own, sender)?;
        let mut changes = peer.rtc.sdp_api();
        for kind in [MediaKind::Audio, MediaKind::Video] {
            changes.add_media(kind, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = changes.apply().context("nothing to offer")?;
        peer.pending = Some(pending);
        Ok((peer, offer.to_sdp_string()))
    }

    /// Returns a connection that receives `sender`'s offered media, and its answer.
    pub fn answering(own: IpAddr, sender: u32, offer: &str) -> anyhow::Result<(Self, String)> {
        let mut peer = Self::receiver(own, sender)?;
        let answer = peer.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        Ok((peer, answer.to_sdp_string()))
    }

    fn receiver(own: IpAddr, sender: u32) -> anyhow::Result<Self> {
        let ledgers = Some([Ledger::new(sender), Ledger::new(sender)]);
        Ok(Self { ledgers, sender: Some(sender), ..Self::new(own)? })
    }

    /// Accepts the answer to its offer.
    pub fn take_answer(&mut self, answer: &str) -> anyhow::Result<()> {
        let pending = self.pending.take().context("nothing was offered")?;
        let answer = SdpAnswer::from_sdp_string(answer)?;
        Ok(self.rtc.sdp_api().accept_answer(pending, answer)?)
    }

    pub fn is_connected(&self) -> bool {
        self.rtc.is_connected()
    }

    /// Whether all expected tracks have begun.
    pub fn has_begun(&self) -> bool {
        self.ledgers.iter().flatten().all(Ledger::has_begun)
    }

    /// Resets the counts of video and audio, each from the packet with this number on.
    pub fn count_from(&mut self, [pictures, sounds]: [u32; 2]) {
        if let Some([of_pictures, of_sounds]) = &mut self.ledgers {
            of_pictures.count_from(pictures);
            of_sounds.count_from(sounds);
        }
    }

    /// The counts since then.
    pub fn counted(&self) -> Counted {
        self.ledgers.iter().flatten().fold(Counted::default(), |sum, ledger| sum.and(ledger.counted))
    }

    /// Numbers of sent video and audio packets.
    pub fn sent(&self) -> [u32; 2] {
        let of = |camera| self.sources.iter().filter(move |source| source.is_camera() == camera);
        [true, false].map(|camera| of(camera).map(|source| source.number).sum())
    }

    /// The time of its next action.
    pub fn wakes_at(&self) -> Instant {
        self.sources.iter().filter_map(Source::next).fold(self.deadline, Instant::min)
    }

    /// Performs due actions.
    pub fn advance(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now))?;
            self.drain(now)?;
        }
        let mut sources = std::mem::take(&mut self.sources);
        for source in &mut sources {
            let mut drained = Ok(());
            source.send(&mut self.rtc, now, |rtc| {
                // The library sends written packets only when its time advances.
                drained = rtc
                    .handle_input(Input::Timeout(now))
                    .map_err(Into::into)
                    .and_then(|()| drain(rtc, &self.socket, now, &mut self.deadline, &mut |_, _| Ok(())));
            });
            drained?;
        }
        self.sources = sources;
        Ok(())
    }

    /// Reads one datagram; `false` if there is none.
    pub fn receive(&mut self, buffer: &mut [u8], now: Instant) -> anyhow::Result<bool> {
        let (length, from) = match self.socket.recv_from(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            // The server has closed its end after an earlier packet.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(true),
            received => received?,
        };
        let datagram = &buffer[..length];
        self.datagrams.enter(datagram)?;
        if let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, datagram) {
            self.rtc.handle_input(Input::Receive(now, receive))?;
            self.drain(now)?;
        }
        Ok(true)
    }

    fn drain(&mut self, now: Instant) -> anyhow::Result<()> {
        let Self { rtc, socket, deadline, sources, ledgers, .. } = self;
        drain(rtc, socket, now, deadline, &mut |rtc, event| match event {
            Event::RtpPacket(packet) => enter(rtc, ledgers.as_mut().context("it does not receive")?, &packet),
            Event::KeyframeRequest(request) => {
                let own = sources.iter_mut().filter(|source| source.mid() == request.mid);
                own.for_each(|source| source.wants_key = true);
                Ok(())
            }
            _ => Ok(()),
        })
    }
}

fn enter(rtc: &Rtc, ledgers: &mut [Ledger; 2], packet: &RtpPacket) -> anyhow::Result<()> {
    let payload_type = packet.header.payload_type;
    let params = rtc.codec_config().find(|params| params.pt() == payload_type).context("an unknown codec")?;
    let [pictures, sounds] = ledgers;
    if params.spec().codec.is_audio() {
        return sounds.enter(&packet.payload);
    }
    // A forwarder renumbers the payload descriptor, but not the content.
    pictures.enter(packet.payload.get(DESCRIPTOR_BYTES..).context("a picture was cut")?)
}

fn drain(
    rtc: &mut Rtc,
    socket: &UdpSocket,
    now: Instant,
    deadline: &mut Instant,
    told: &mut impl FnMut(&Rtc, Event) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        match rtc.poll_output()? {
            Output::Timeout(at) => {
                *deadline = at.max(now + BREATH);
                ensure!(rtc.is_alive(), "the server ended a connection");
                return Ok(());
            }
            Output::Event(event) => told(rtc, event)?,
            Output::Transmit(transmit) => match socket.send_to(&transmit.contents, transmit.destination) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => bail!("the kernel takes no more"),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                sent => drop(sent?),
            },
        }
    }
}
