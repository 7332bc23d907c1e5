//! The relay under load: pairs that send one kind of signal back and forth.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    load::{floor::Floor, wire::Signal},
    model::{
        contender::Contender::{self, Node, Tungstenite},
        figure::{BUSY, Bound, CPU, Figure, OWN_BUSY, RATE, Target},
        plot::{self, Plot, Scale},
        results::{Figures, Section},
        size::Size,
        spread::number,
    },
    server::Server,
    workloads::{
        meter::Meter,
        pairs::{disperse, gather},
        workload::Workload,
    },
};

const CANDIDATES: &str = "\
Every pair shares a room and sends ICE candidates of 200 bytes back and forth over WebSocket, without acks. A message is one
candidate from one side to the other. With one at once a side answers after it has received; with eight, eight of a pair's
messages are always under way, and a server may read and write several at a time. Every message is checked: it arrives once,
in order and unchanged. \"Without direct path\" is Switchboard with `MESH_DIRECT_PATH=off`.";

const OFFERS: &str = "\
The same with offers of 4 kB, as long as those of a browser with a microphone and a camera.";

/// Numbers of pairs, up to the number of available sockets.
const PAIRS: [u32; 4] = [100, 200, 1_000, 5_000];

/// The relay of one kind of signal.
pub struct Relay {
    signal: Signal,
    loads: Vec<Load>,
    /// Duration of the measurement.
    duration: Duration,
    /// Duration of the warm-up for just-in-time compilers.
    warm_up: Duration,
}

#[derive(Clone, Copy)]
struct Load {
    pairs: u32,
    /// Messages of a pair that are under way at once.
    window: u32,
}

impl Relay {
    pub fn of_candidates(size: Size) -> Self {
        let pairs = if size == Size::Full { &PAIRS[..] } else { &PAIRS[1..3] };
        let with = |window| pairs.iter().map(move |pairs| Load { pairs: *pairs, window });
        Self::new(size, Signal::Candidate, with(1).chain(with(8)).collect())
    }

    pub fn of_offers(size: Size) -> Self {
        Self::new(size, Signal::Offer, vec![Load { pairs: 200, window: 1 }])
    }

    fn new(size: Size, signal: Signal, loads: Vec<Load>) -> Self {
        let duration = Duration::from_millis(if size == Size::Full { 1_500 } else { 400 });
        Self { signal, loads, duration, warm_up: duration / 2 }
    }
}

#[async_trait(?Send)]
impl Workload for Relay {
    fn name(&self) -> &'static str {
        if self.signal == Signal::Offer { "offers" } else { "relay" }
    }

    fn heading(&self) -> &'static str {
        if self.signal == Signal::Offer { "Relay of offers" } else { "Relay of candidates" }
    }

    fn about(&self) -> String {
        if self.signal == Signal::Offer { OFFERS } else { CANDIDATES }.to_owned()
    }

    fn figures(&self) -> Vec<Figure> {
        vec![
            Figure {
                key: CPU,
                title: "CPU seconds per 100,000 messages (less is better)",
                decimals: 2,
                compared: true,
            },
            Figure { key: RATE, title: "Messages per second (more is better)", decimals: 0, compared: false },
            Figure { key: BUSY, title: "The server's use of its core, %", decimals: 0, compared: false },
            Figure {
                key: OWN_BUSY,
                title: "The load generator\'s use of its core, %",
                decimals: 0,
                compared: false,
            },
        ]
    }

    fn cases(&self) -> Vec<String> {
        self.loads.iter().map(|load| case(load.pairs, load.window)).collect()
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        Contender::SIGNALING.into_iter().chain([Contender::WithoutDirectPath]).collect()
    }

    async fn measure(&self, number: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let Load { pairs, window } = self.loads[number];
        let mut floor = Floor::enter(gather(server.place(), pairs, self.signal).await?).await?;
        floor.talk(window, self.warm_up)?;
        let meter = Meter::start(server)?;
        let messages = floor.talk(window, self.duration)?;
        let cost = meter.stop(server, messages)?;
        disperse(floor.leave()?).await?;
        Ok(cost.figures())
    }

    fn targets(&self) -> Vec<Target> {
        let multiple = |pairs, of: Contender, most| Target {
            text: format!("{}: at most {} times {of}'s CPU time", case(pairs, 1), number(most, 2)),
            bound: Bound::MultipleAtMost { case: case(pairs, 1), figure: CPU, of, most },
        };
        if self.signal == Signal::Offer {
            return vec![multiple(200, Tungstenite, 1.9), multiple(200, Node, 0.25)];
        }
        let cases = PAIRS.map(|pairs| case(pairs, 1)).into();
        let flat = Target {
            text: "from 100 to 5,000 pairs, 1 at once: the dearest at most 1.2 times the cheapest".to_owned(),
            bound: Bound::Flat { cases, figure: CPU, most: 1.2 },
        };
        vec![
            multiple(200, Tungstenite, 1.5),
            multiple(200, Node, 1.0 / 3.0),
            multiple(1_000, Tungstenite, 1.5),
            multiple(1_000, Node, 0.25),
            flat,
        ]
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        if self.signal == Signal::Offer {
            return Vec::new();
        }
        let stops: Vec<_> = PAIRS.iter().map(|pairs| (f64::from(*pairs), case(*pairs, 1), CPU)).collect();
        vec![Plot {
            name: "relay-cost",
            title: "What relaying a candidate costs, by the number of rooms".to_owned(),
            x: Scale { title: "rooms", logarithmic: true },
            y: Scale { title: "CPU seconds per 100,000 messages", logarithmic: false },
            lines: plot::lines(section, &stops),
        }]
    }
}

fn case(pairs: u32, window: u32) -> String {
    format!("{} pairs, {window} at once", number(pairs.into(), 0))
}
