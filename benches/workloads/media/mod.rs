//! Forwarding of media: one sender with many receivers, and rooms in which all send to all.

mod party;

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use tokio::task::JoinSet;

use self::party::Party;
use crate::{
    load::media::{Camera, Count, Room, Studio},
    model::{
        contender::Contender::{self, Janus, Switchboard},
        figure::{BUSY, Bound, CPU, Figure, OWN_BUSY, RATE, Target},
        plot::{self, Plot, Scale},
        results::{Figures, Section},
        size::Size,
        spread::number,
    },
    server::{Server, Settings},
    workloads::{meter::Meter, workload::Workload},
};

/// More than the participants of any room here.
const MOST_PEOPLE: u32 = 64;

/// Most receivers of one sender.
const AUDIENCES: [u32; 3] = [1, 10, 30];

/// 1 Mbit/s.
const GOOD: Camera = Camera { bits_per_second: 1_000_000, pictures_per_second: 30, packets_per_picture: 4 };

/// A rate that two cores carry nine hundred times, one as the server and one as all participants.
const SMALL: Camera = Camera { bits_per_second: 100_000, pictures_per_second: 10, packets_per_picture: 1 };

const PER_MBPS: &str = "core_percent_per_mbps";
const SET_UP: &str = "cpu_ms_each_connection";
const MEMORY: &str = "resident_kb_each_connection";
const LOST: &str = "lost_percent";
const LATE: &str = "late_percent";
const MBPS: &str = "mbps";

const BYTES_PER_KB: f64 = 1_000.0;

/// See [`Workload::about`].
pub struct Media {
    shapes: Vec<Shape>,
    warm_up: Duration,
    /// Duration of the measurement.
    duration: Duration,
}

#[derive(Clone, Copy)]
enum Shape {
    /// One sender and this many receivers.
    Audience(u32),
    /// This many rooms of this many participants, who all send to and receive each other.
    Rooms { rooms: u32, people: u32 },
}

const ROOMS: Shape = Shape::Rooms { rooms: 10, people: 10 };

impl Media {
    pub fn new(size: Size) -> Self {
        let (shapes, milliseconds) = match size {
            Size::Full => (AUDIENCES.map(Shape::Audience).into_iter().chain([ROOMS]).collect(), 6_000),
            Size::Quick => (vec![Shape::Audience(10), Shape::Rooms { rooms: 2, people: 4 }], 1_000),
        };
        let duration = Duration::from_millis(milliseconds);
        Self { shapes, warm_up: duration / 4, duration }
    }
}

impl Shape {
    fn title(self) -> String {
        match self {
            Self::Audience(people) => format!("1 sends to {people}"),
            Self::Rooms { rooms, people } => format!("{rooms} rooms of {people}"),
        }
    }

    fn rooms(self) -> Vec<Room> {
        match self {
            Self::Audience(people) => vec![Room { number: 1, people: people + 1, senders: 1, camera: GOOD }],
            Self::Rooms { rooms, people } => {
                (1..=rooms).map(|number| Room { number, people, senders: people, camera: SMALL }).collect()
            }
        }
    }
}

#[async_trait(?Send)]
impl Workload for Media {
    fn name(&self) -> &'static str {
        "media"
    }

    fn heading(&self) -> &'static str {
        "Media"
    }

    fn about(&self) -> String {
        let kbps = |camera: Camera| number((camera.bits_per_second / 1_000).into(), 0);
        format!(
            "Packets that look like VP8 and Opus, from participants that connect as browsers do, with ICE, \
             DTLS and SRTP, over UDP at an address of this machine. With one sender and many receivers, the \
             camera has {} kbit/s, in {} pictures a second of {} packets each. In the rooms each \
             participant sends to the others and receives them, which makes {} streams. Two cores would not \
             carry them at that rate, so cameras have {} kbit/s there, in {} pictures a second of one \
             packet each. In every room one speaks (a packet every 20 ms), and the others are silent (one \
             every 400 ms). Switchboard is used through [the kurento door](kurento.md); Janus is Debian's \
             with its VideoRoom and default settings, on the same core. A forwarded packet is one that a \
             receiver got: it arrives once, unchanged, and at most 128 packets late, or the run fails; lost \
             packets are counted. First one participant sends to another, and both leave. Set-up is all \
             work from then until all are connected, with their WebSockets; memory is the resident memory \
             at the end less that at the start of the set-up. A connection sends or receives; a participant \
             that receives nine has nine. Mbit/s are those of the packets' contents. Where the load \
             generator is short of time, as on a busy machine, it sends fewer packets than intended, and \
             each costs more.",
            kbps(GOOD),
            GOOD.pictures_per_second,
            GOOD.packets_per_picture,
            ROOMS.rooms().into_iter().map(Room::receivers).sum::<u32>(),
            kbps(SMALL),
            SMALL.pictures_per_second,
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        vec![
            figure(CPU, "CPU seconds per 100,000 forwarded packets (less is better)", 2, true),
            figure(PER_MBPS, "CPU per forwarded Mbit/s, % of a core (less is better)", 3, true),
            figure(SET_UP, "CPU milliseconds for setting up a connection (less is better)", 2, true),
            figure(MEMORY, "Resident kB for each connection (less is better)", 0, true),
            figure(LOST, "Lost packets, %", 3, false),
            figure(LATE, "Packets that came after a later one, %", 3, false),
            figure(RATE, "Forwarded packets a second", 0, false),
            figure(MBPS, "Forwarded Mbit/s", 1, false),
            figure(BUSY, "The server's use of its core, %", 1, false),
            figure(OWN_BUSY, "The load generator's use of its core, %", 1, false),
        ]
    }

    fn cases(&self) -> Vec<String> {
        self.shapes.iter().copied().map(Shape::title).collect()
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        vec![Switchboard, Janus]
    }

    async fn settings(&self, _case: usize) -> anyhow::Result<Settings> {
        Ok(vec![
            ("MEDIA", "on".to_owned()),
            ("MEDIA_LISTEN", own_address()?.to_string()),
            ("KURENTO_MAX_PARTICIPANTS", MOST_PEOPLE.to_string()),
        ])
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let place = server.place();
        let party = Party { contender: place.contender, server: place.address, own: own_address()? };
        party.rehearse(GOOD).await?;
        let (unloaded, meter, mut connections) = (server.resident_bytes()?, Meter::start(server)?, 0);
        // Dropped at the end, which closes all WebSockets.
        let mut stays = JoinSet::new();
        let mut studio = Studio::new()?;
        for room in self.shapes[case].rooms() {
            let people;
            (studio, people) = party.fill(room, studio).await?;
            for person in people {
                stays.spawn(person.stay());
            }
            connections += room.connections();
        }
        let set_up = meter.stop(server, connections.into())?;

        let (warm_up, duration) = (self.warm_up, self.duration);
        let begin = move |studio: &mut Studio| studio.begin().and_then(|()| studio.go_on(warm_up));
        (studio, ()) = party::apart(studio, begin).await?;
        let meter = Meter::start(server)?;
        let (_studio, Count { due, come }) =
            party::apart(studio, move |studio| studio.count(duration)).await?;
        let cost = meter.stop(server, come.packets as f64)?;
        let took = server.resident_bytes()? - unloaded;

        let mbps = come.bytes as f64 * 8.0 / 1e6 / cost.seconds;
        let mut figures = cost.figures();
        figures.extend([
            (PER_MBPS.to_owned(), cost.cpu_seconds / cost.seconds * 100.0 / mbps),
            (SET_UP.to_owned(), set_up.cpu_seconds / set_up.operations * 1_000.0),
            (MEMORY.to_owned(), took / set_up.operations / BYTES_PER_KB),
            (LOST.to_owned(), (due - come.packets) as f64 / due as f64 * 100.0),
            (LATE.to_owned(), come.late as f64 / come.packets as f64 * 100.0),
            (MBPS.to_owned(), mbps),
        ]);
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let at_most = |shape: Shape, figure, what: &str, most| Target {
            text: format!("{}: {what}", shape.title()),
            bound: Bound::AtMost { case: shape.title(), figure, most },
        };
        let janus = |shape: Shape| Target {
            text: format!("{}: at most Janus's CPU time for a packet", shape.title()),
            bound: Bound::MultipleAtMost { case: shape.title(), figure: CPU, of: Janus, most: 1.0 },
        };
        let many = Shape::Audience(30);
        vec![
            janus(many),
            janus(ROOMS),
            at_most(many, CPU, "at most 8 µs of CPU time for a packet", 0.80),
            at_most(many, PER_MBPS, "at most 0.12 % of a core for a Mbit/s", 0.12),
            at_most(ROOMS, SET_UP, "at most 1.4 ms of CPU time for setting up a connection", 1.4),
            at_most(many, MEMORY, "at most 490 kB for a connection", 490.0),
            at_most(many, LOST, "nothing is lost", 0.0),
            at_most(ROOMS, LOST, "nothing is lost", 0.0),
        ]
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        let stops = AUDIENCES.map(|people| (f64::from(people), Shape::Audience(people).title(), CPU));
        vec![Plot {
            name: "media-cost",
            title: "What forwarding a packet costs, by how many receive it".to_owned(),
            x: Scale { title: "receivers of one sender", logarithmic: true },
            y: Scale { title: "CPU seconds per 100,000 packets", logarithmic: false },
            lines: plot::lines(section, &stops),
        }]
    }
}

/// An address of this machine other than loopback, as Janus does not use loopback. Packets to it stay on this
/// machine.
fn own_address() -> anyhow::Result<IpAddr> {
    // No packet is sent: connecting the socket only selects the route.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect("192.0.2.1:9").context("media needs an address other than 127.0.0.1")?;
    Ok(socket.local_addr()?.ip())
}
