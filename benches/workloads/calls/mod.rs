//! Whole call set-ups: the server's work for two participants until their call is connected.

mod schedule;
mod set_up;

use std::time::Duration;

use async_trait::async_trait;

use self::set_up::CANDIDATES;
use crate::{
    load::took::Took,
    model::{
        contender::Contender::{self, Node, Switchboard, Tungstenite},
        figure::{BUSY, Bound, CPU, Figure, OWN_BUSY, RATE, Target},
        plot::{self, Plot, Scale},
        results::{Figures, Section},
        size::Size,
        spread::number,
    },
    server::Server,
    workloads::{meter::Meter, workload::Workload},
};

/// Concurrent calls of the closed loop.
const AT_ONCE: u32 = 32;

/// Calls a second of the open loops.
const RATES: [u32; 3] = [100, 300, 600];

/// Set-up times in milliseconds: one in this many is longer.
const LATENCIES: [(&str, u32, &str); 4] = [
    ("p50_ms", 2, "Set-up time: half of the calls take longer, ms"),
    ("p90_ms", 10, "Set-up time: one call in 10 takes longer, ms"),
    ("p99_ms", 100, "Set-up time: one call in 100 takes longer, ms"),
    ("p999_ms", 1_000, "Set-up time: one call in 1,000 takes longer, ms"),
];
const P99: &str = LATENCIES[2].0;

/// Call set-ups, in a closed loop and at fixed rates.
pub struct Calls {
    loop_for: Duration,
    rate_for: Duration,
    loads: Vec<Load>,
}

#[derive(Clone, Copy)]
enum Load {
    /// A call starts when another ends.
    Loop,
    /// This many calls start every second, whether or not earlier ones have ended.
    Rate(u32),
}

impl Calls {
    pub fn new(size: Size) -> Self {
        let (rates, loop_for, rate_for) = match size {
            Size::Full => (&RATES[..], 2_000, 6_000),
            Size::Quick => (&RATES[..1], 400, 1_000),
        };
        let loads = std::iter::once(Load::Loop).chain(rates.iter().copied().map(Load::Rate)).collect();
        Self { loop_for: Duration::from_millis(loop_for), rate_for: Duration::from_millis(rate_for), loads }
    }
}

#[async_trait(?Send)]
impl Workload for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn heading(&self) -> &'static str {
        "Whole call set-ups"
    }

    fn about(&self) -> String {
        format!(
            "Two connections, two joins, offer and answer of 4 kB, {CANDIDATES} candidates each way, two \
             departures, two connections closed. In a loop of {AT_ONCE} the next call starts when one ends. \
             At a fixed rate calls start on time, whether or not earlier ones have ended, and set-up times \
             start at the intended time. A set-up ends when both have received everything. The bare relays \
             have no joins and no departures; PeerJS registers a name instead."
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let fixed = [
            Figure {
                key: CPU,
                title: "CPU seconds per 100,000 calls (less is better)",
                decimals: 1,
                compared: true,
            },
            Figure {
                key: RATE,
                title: "Calls set up per second (more is better)",
                decimals: 0,
                compared: true,
            },
            Figure { key: BUSY, title: "The server's use of its core, %", decimals: 0, compared: false },
            Figure {
                key: OWN_BUSY,
                title: "The load generator\'s use of its core, %",
                decimals: 0,
                compared: false,
            },
        ];
        let latencies = LATENCIES.map(|(key, _, title)| Figure { key, title, decimals: 2, compared: false });
        fixed.into_iter().chain(latencies).collect()
    }

    fn cases(&self) -> Vec<String> {
        self.loads.iter().map(|load| case(*load)).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        match self.loads[case] {
            Load::Loop => Contender::SIGNALING.to_vec(),
            Load::Rate(_) => vec![Switchboard, Tungstenite, Node],
        }
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let (place, mut rooms) = (server.place(), 0..);
        // A warm-up for just-in-time compilers.
        schedule::in_a_loop(place, &mut rooms, AT_ONCE, self.loop_for / 2).await?;
        let meter = Meter::start(server)?;
        let took = match self.loads[case] {
            Load::Loop => schedule::in_a_loop(place, &mut rooms, AT_ONCE, self.loop_for).await?,
            Load::Rate(rate) => schedule::at_a_rate(place, &mut rooms, rate, self.rate_for).await?,
        };
        let mut figures = meter.stop(server, took.count())?.figures();
        if let Load::Rate(_) = self.loads[case] {
            // The load generator polls the clock instead of sleeping.
            figures.remove(OWN_BUSY);
        }
        figures.extend(latencies(&took));
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        vec![
            Target {
                text: format!("{}: at least 5 times Node's rate", case(Load::Loop)),
                bound: Bound::MultipleAtLeast { case: case(Load::Loop), figure: RATE, of: Node, least: 5.0 },
            },
            Target {
                text: format!("{}: 99 % within 5 ms", case(Load::Rate(600))),
                bound: Bound::AtMost { case: case(Load::Rate(600)), figure: P99, most: 5.0 },
            },
        ]
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        let case = case(Load::Rate(600));
        let stops = LATENCIES.map(|(key, one_in, _)| (f64::from(one_in), case.clone(), key));
        vec![Plot {
            name: "calls-latency",
            title: "How long it takes to set up a call, at 600 a second".to_owned(),
            x: Scale { title: "one call in so many takes longer", logarithmic: true },
            y: Scale { title: "milliseconds", logarithmic: true },
            lines: plot::lines(section, &stops),
        }]
    }
}

fn latencies(took: &Took) -> impl Iterator<Item = (String, f64)> {
    LATENCIES.into_iter().map(|(key, one_in, _)| (key.to_owned(), took.one_in(one_in)))
}

fn case(load: Load) -> String {
    match load {
        Load::Loop => format!("{AT_ONCE} at once"),
        Load::Rate(rate) => format!("{} a second", number(rate.into(), 0)),
    }
}
