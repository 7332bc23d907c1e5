//! Pairs on two nodes: the cost of carrying signals between nodes.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    load::{floor::Floor, took::Took, wire::Signal},
    model::{
        contender::Contender::{self, Node, Switchboard},
        figure::{BUSY, Bound, CPU, Figure, OWN_BUSY, RATE, REDIS_CPU, Target},
        results::Figures,
        size::Size,
        spread::number,
    },
    server::{Layout, Server},
    workloads::{
        meter::Meter,
        pairs::{disperse, gather},
        workload::Workload,
    },
};

/// Messages of a pair that are under way at once.
const WINDOWS: [u32; 2] = [1, 8];

/// Only Switchboard is asked to carry more messages a second than this.
const MOST_FOR_ALL: u32 = 5_000;

/// Latencies of messages in milliseconds: one in this many is longer.
const LATENCIES: [(&str, u32, &str); 3] = [
    ("p50_ms", 2, "Time under way: half of the messages take longer, ms"),
    (P99, 100, "Time under way: one message in 100 takes longer, ms"),
    ("p999_ms", 1_000, "Time under way: one message in 1,000 takes longer, ms"),
];
const P99: &str = "p99_ms";

/// The relay of candidates between nodes.
pub struct Nodes {
    /// The loads, as fast as possible and at fixed rates, with their numbers of pairs.
    loads: Vec<(u32, Pace)>,
    /// Durations of measurements: as fast as possible, and at a fixed rate.
    talk_for: Duration,
    rate_for: Duration,
}

#[derive(Clone, Copy)]
struct Case {
    pairs: u32,
    pace: Pace,
    /// Whether the two participants of a pair are on two nodes.
    apart: bool,
}

#[derive(Clone, Copy)]
enum Pace {
    /// This many messages of a pair are always under way.
    Window(u32),
    /// This many messages a second of all pairs together, whether or not earlier ones have arrived.
    Rate(u32),
}

impl Nodes {
    pub fn new(size: Size) -> Self {
        let (pairs, rates, talk_for, rate_for) = match size {
            Size::Full => (&[200, 1_000, 2_000][..], &[MOST_FOR_ALL, 20_000][..], 1_500, 4_000),
            Size::Quick => (&[200][..], &[2_000][..], 400, 1_000),
        };
        let windows = WINDOWS
            .into_iter()
            .flat_map(|window| pairs.iter().map(move |pairs| (*pairs, Pace::Window(window))));
        let rates =
            pairs.last().into_iter().flat_map(|most| rates.iter().map(|rate| (*most, Pace::Rate(*rate))));
        Self {
            loads: windows.chain(rates).collect(),
            talk_for: Duration::from_millis(talk_for),
            rate_for: Duration::from_millis(rate_for),
        }
    }

    /// Compared cases follow each other.
    fn all(&self) -> Vec<Case> {
        let loads = self.loads.iter();
        loads.flat_map(|&(pairs, pace)| [false, true].map(|apart| Case { pairs, pace, apart })).collect()
    }

    /// The cases with pairs on two nodes.
    fn apart(&self) -> impl Iterator<Item = Case> {
        self.all().into_iter().filter(|case| case.apart)
    }
}

impl Case {
    fn title(self) -> String {
        let pace = match self.pace {
            Pace::Window(window) => format!("{window} at once"),
            Pace::Rate(rate) => format!("{} a second", number(rate.into(), 0)),
        };
        let nodes = if self.apart { "two nodes" } else { "one node" };
        format!("{} pairs, {pace}, {nodes}", number(self.pairs.into(), 0))
    }
}

#[async_trait(?Send)]
impl Workload for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn heading(&self) -> &'static str {
        "Relay from node to node"
    }

    fn about(&self) -> String {
        format!(
            "Candidates of 200 bytes as above, but the two participants of every pair are on different \
             nodes, and each message goes through Redis. The table compares two Switchboard nodes with one \
             node without Redis and with two Node processes with socket.io's Redis adapter. All processes \
             of a contender share one core with Redis (Debian's, without persistence); the load generator \
             has the other. CPU time is that of all processes of the contender together; Redis's is counted \
             separately. So a rate is what one core carries, including Redis. At a fixed rate messages are \
             sent on time, whether or not earlier ones have arrived, and the latency of a message starts at \
             its intended time; Node is tried at {} a second at most. Every message is checked: it arrives \
             once, in order and unchanged.",
            number(MOST_FOR_ALL.into(), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        let costs = [
            figure(
                CPU,
                "CPU seconds of all nodes per 100,000 messages, Redis apart (less is better)",
                2,
                true,
            ),
            figure(REDIS_CPU, "CPU seconds of Redis per 100,000 messages", 2, false),
            figure(RATE, "Messages per second (more is better)", 0, false),
            figure(BUSY, "The nodes' use of the servers' core, %, Redis apart", 0, false),
            figure(OWN_BUSY, "The load generator's use of its core, %", 0, false),
        ];
        let latencies = LATENCIES.map(|(key, _, title)| figure(key, title, 2, false));
        costs.into_iter().chain(latencies).collect()
    }

    fn cases(&self) -> Vec<String> {
        self.all().into_iter().map(Case::title).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        match self.all()[case] {
            Case { apart: false, .. } => vec![Switchboard],
            Case { pace: Pace::Rate(rate), .. } if rate > MOST_FOR_ALL => vec![Switchboard],
            Case { .. } => vec![Switchboard, Node],
        }
    }

    fn layout(&self, case: usize) -> Layout {
        if self.all()[case].apart { Layout::Together(2) } else { Layout::Alone }
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let Case { pairs, pace, .. } = self.all()[case];
        let mut floor = Floor::enter(gather(server.place(), pairs, Signal::Candidate).await?).await?;
        let figures = match pace {
            Pace::Window(window) => {
                floor.talk(window, self.talk_for)?;
                let meter = Meter::start(server)?;
                let messages = floor.talk(window, self.talk_for)?;
                meter.stop(server, messages)?.figures()
            }
            Pace::Rate(rate) => {
                floor.talk_at_a_rate(rate, self.rate_for / 2)?;
                let meter = Meter::start(server)?;
                let took = floor.talk_at_a_rate(rate, self.rate_for)?;
                let mut figures = meter.stop(server, took.count())?.figures();
                // The load generator polls the clock instead of sleeping.
                figures.remove(OWN_BUSY);
                figures.extend(latencies(&took));
                figures
            }
        };
        disperse(floor.leave()?).await?;
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        self.apart()
            .flat_map(|case| match case.pace {
                Pace::Window(_) => vec![times_a_local_one(case, 2.5), times_node(case, 1.0 / 3.0)],
                Pace::Rate(_) => vec![in_time(case, 25.0)],
            })
            .collect()
    }
}

fn times_a_local_one(case: Case, most: f64) -> Target {
    let other = Case { apart: false, ..case }.title();
    Target {
        text: format!("{}: at most {most} times the CPU time of one node", case.title()),
        bound: Bound::TimesCaseAtMost { case: case.title(), other, figure: CPU, most },
    }
}

fn times_node(case: Case, most: f64) -> Target {
    Target {
        text: format!("{}: at most {} times Node's CPU time", case.title(), number(most, 2)),
        bound: Bound::MultipleAtMost { case: case.title(), figure: CPU, of: Node, most },
    }
}

fn in_time(case: Case, most: f64) -> Target {
    Target {
        text: format!("{}: 99 % within {most} ms", case.title()),
        bound: Bound::AtMost { case: case.title(), figure: P99, most },
    }
}

fn latencies(took: &Took) -> impl Iterator<Item = (String, f64)> {
    LATENCIES.into_iter().map(|(key, one_in, _)| (key.to_owned(), took.one_in(one_in)))
}
