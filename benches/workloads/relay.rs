//! The relay under load: pairs that send candidates to and fro.

use std::time::Duration;

use async_trait::async_trait;

use super::{Bound, Figure, Target, Workload, gather};
use crate::{
    contenders::Contender,
    load::{floor::Floor, wire::Signal},
    meter::{BUSY, CPU, Meter, RATE},
    options::Size,
    results::Figures,
    server::Server,
};

/// The relay of candidates.
pub struct Relay {
    loads: Vec<Load>,
    /// How long is measured.
    duration: Duration,
    /// How long is talked before, so that a just-in-time compiler has compiled.
    warm_up: Duration,
}

#[derive(Clone, Copy)]
struct Load {
    pairs: u32,
    /// How many lines of a pair are under way at once.
    window: u32,
}

impl Relay {
    pub fn new(size: Size) -> Self {
        let (pairs, milliseconds): (&[u32], u64) = match size {
            Size::Full => (&[100, 200, 1_000, 5_000], 2_000),
            Size::Quick => (&[100, 200, 1_000], 500),
        };
        let loads = [1, 8]
            .into_iter()
            .flat_map(|window| pairs.iter().map(move |pairs| Load { pairs: *pairs, window }));
        let duration = Duration::from_millis(milliseconds);
        Self { loads: loads.collect(), duration, warm_up: duration / 2 }
    }
}

#[async_trait(?Send)]
impl Workload for Relay {
    fn name(&self) -> &'static str {
        "relay"
    }

    fn heading(&self) -> &'static str {
        "Relay of candidates"
    }

    fn about(&self) -> String {
        "Every pair sits in a room and sends ICE candidates of 200 bytes to and fro over WebSocket, without acks, for \
         two seconds; so many of a pair's messages are under way at any time. A message is one candidate from one side \
         to the other. Every one is checked: once, in order, unchanged."
            .to_owned()
    }

    fn figures(&self) -> Vec<Figure> {
        relay_figures()
    }

    fn cases(&self) -> Vec<String> {
        self.loads.iter().map(|load| case(load.pairs, load.window)).collect()
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        Contender::ALL.to_vec()
    }

    async fn measure(&self, number: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let Load { pairs, window } = self.loads[number];
        let mut floor = Floor::enter(gather(server.place(), pairs, Signal::Candidate).await?).await?;
        floor.talk(window, self.warm_up)?;
        let meter = Meter::start(server)?;
        let messages = floor.talk(window, self.duration)?;
        let cost = meter.stop(server, messages)?;
        for participant in floor.leave()? {
            participant.leave().await?;
        }
        Ok(cost.figures())
    }

    fn targets(&self) -> Vec<Target> {
        let multiple = |pairs, of, most, text: &str| Target {
            text: text.to_owned(),
            bound: Bound::MultipleAtMost { case: case(pairs, 1), figure: CPU, of, most },
        };
        let flat = Target {
            text: "flat within 20 % from 100 to 5,000 pairs".to_owned(),
            bound: Bound::Flat {
                cases: [100, 5_000].map(|pairs| case(pairs, 1)).into(),
                figure: CPU,
                most: 1.2,
            },
        };
        vec![
            multiple(200, Contender::Tungstenite, 1.5, "200 pairs: at most 1.5 times tungstenite"),
            multiple(200, Contender::Node, 1.0 / 3.0, "200 pairs: at most a third of Node"),
            multiple(1_000, Contender::Tungstenite, 1.5, "1,000 pairs: at most 1.5 times tungstenite"),
            multiple(1_000, Contender::Node, 0.25, "1,000 pairs: at most a quarter of Node"),
            flat,
        ]
    }
}

/// What every relay finds out.
pub fn relay_figures() -> Vec<Figure> {
    vec![
        Figure { key: CPU, title: "CPU seconds per 100,000 messages", decimals: 2, compared: true },
        Figure { key: RATE, title: "Messages per second", decimals: 0, compared: false },
        Figure { key: BUSY, title: "The server's use of its core, %", decimals: 0, compared: false },
    ]
}

fn case(pairs: u32, window: u32) -> String {
    format!("{} pairs, {window} at once", crate::report::spread::number(pairs.into(), 0))
}
