//! Whole call set-ups: everything a server does for two people until they see each other.

mod schedule;
mod set_up;

use std::time::Duration;

use async_trait::async_trait;
use hdrhistogram::Histogram;

use self::set_up::CANDIDATES;
use super::{Bound, Figure, Target, Workload};
use crate::{
    contenders::Contender::{self, Node, Switchboard, Tungstenite},
    meter::{BUSY, CPU, Meter, RATE},
    options::Size,
    report::{
        plot::{self, Plot, Scale},
        spread::number,
    },
    results::{Figures, Section},
    server::Server,
};

/// How many calls of a closed loop are being set up at any time.
const AT_ONCE: u32 = 32;

/// Calls a second of the open loops.
const RATES: [u32; 3] = [100, 300, 600];

/// From the intended beginning of a call until everything was heard, in milliseconds.
const LATENCIES: [(&str, f64, &str); 3] = [
    ("p50_ms", 0.5, "Set-up time, half of the calls, ms"),
    ("p99_ms", 0.99, "Set-up time, 99 % of the calls, ms"),
    ("p999_ms", 0.999, "Set-up time, 99.9 % of the calls, ms"),
];

/// Call set-ups, in a closed loop and at fixed rates.
pub struct Calls {
    loop_for: Duration,
    rate_for: Duration,
    loads: Vec<Load>,
}

#[derive(Clone, Copy)]
enum Load {
    /// A call begins when another one is done.
    Loop,
    /// So many calls begin every second, whatever became of those before.
    Rate(u32),
}

impl Calls {
    pub fn new(size: Size) -> Self {
        let (rates, loop_for, rate_for) = match size {
            Size::Full => (&RATES[..], 2_000, 8_000),
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
            "Two connections, two joins, offer and answer of 4 kB, {CANDIDATES} candidates each way, two departures, \
             two connections closed. In a loop of {AT_ONCE} the next call begins when one is done; at a fixed rate calls \
             begin on time, whatever became of those before, and their set-up time counts from when they should have \
             begun. It ends when both have heard everything. The bare relays have nothing to join and nothing to leave; \
             PeerJS registers a name instead."
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let fixed = [
            Figure { key: CPU, title: "CPU seconds per 100,000 calls", decimals: 1, compared: true },
            Figure { key: RATE, title: "Calls set up per second", decimals: 0, compared: true },
            Figure { key: BUSY, title: "The server's use of its core, %", decimals: 0, compared: false },
        ];
        let latencies = LATENCIES.map(|(key, _, title)| Figure { key, title, decimals: 2, compared: false });
        fixed.into_iter().chain(latencies).collect()
    }

    fn cases(&self) -> Vec<String> {
        self.loads.iter().map(|load| case(*load)).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        match self.loads[case] {
            Load::Loop => Contender::ALL.to_vec(),
            Load::Rate(_) => vec![Switchboard, Tungstenite, Node],
        }
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let (place, mut rooms) = (server.place(), 0..);
        // So that a just-in-time compiler has compiled.
        schedule::in_a_loop(place, &mut rooms, AT_ONCE, self.loop_for / 2).await?;
        let meter = Meter::start(server)?;
        let took = match self.loads[case] {
            Load::Loop => schedule::in_a_loop(place, &mut rooms, AT_ONCE, self.loop_for).await?,
            Load::Rate(rate) => schedule::at_a_rate(place, &mut rooms, rate, self.rate_for).await?,
        };
        let mut figures = meter.stop(server, took.len() as f64)?.figures();
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
                bound: Bound::AtMost { case: case(Load::Rate(600)), figure: LATENCIES[1].0, most: 5.0 },
            },
        ]
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        let rates: Vec<_> = RATES.iter().map(|rate| (f64::from(*rate), case(Load::Rate(*rate)))).collect();
        let [_, (p99, ..), _] = LATENCIES;
        vec![Plot {
            name: "calls-latency",
            title: "How long 99 % of the calls take at most to be set up".to_owned(),
            x: Scale { title: "calls per second", logarithmic: false },
            y: Scale { title: "milliseconds", logarithmic: true },
            lines: plot::lines(section, &rates, p99),
        }]
    }
}

fn latencies(took: &Histogram<u64>) -> impl Iterator<Item = (String, f64)> {
    LATENCIES
        .into_iter()
        .map(|(key, quantile, _)| (key.to_owned(), took.value_at_quantile(quantile) as f64 / 1_000.0))
}

fn case(load: Load) -> String {
    match load {
        Load::Loop => format!("{AT_ONCE} at once"),
        Load::Rate(rate) => format!("{} a second", number(rate.into(), 0)),
    }
}
